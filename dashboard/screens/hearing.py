"""What the filters hear of any sound, initial and learned: as pictures, and as sound again."""

from dashboard.shared import cache, picker
from dashboard.shared.widgets import begin_page
from dashboard.views import hearing, looked_at

begin_page(
    "Listen",
    "The same second of sound through the filters before and after training, as pictures and as sound.",
)

run = picker.require_model("hear what its filters hear")
filters, facts = cache.filters(run.folder), cache.filter_facts(run.folder)
learned = facts.most_changed is not None or cache.kernel_facts(run.folder).most_changed is not None
if not learned:
    looked_at.offer_learned(run, "filters")
hearing.draw(run, filters, facts, learned=learned)
