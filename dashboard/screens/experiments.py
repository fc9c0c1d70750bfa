"""What the learned basis is worth: it is changed, the network stays, and the same clips are asked again."""

from dashboard.shared import cache, picker
from dashboard.shared.widgets import begin_page
from dashboard.views import looked_at
from dashboard.views.experiments import each

begin_page(
    "Does it matter?",
    "Filters that look different need not work differently. Here they are put back, split into gain and shape, or "
    "silenced, and the same model answers the same clips again.",
)

run = picker.require_model("find out what its filters are worth")
filters = cache.filters(run.folder)
if filters.setting == "A":
    looked_at.offer_learned(run, "filters")
each.draw(run, filters)
