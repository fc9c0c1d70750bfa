"""All mel filters, initial and learned, and what became of each of them."""

from dashboard.shared import cache, picker
from dashboard.shared.widgets import begin_page
from dashboard.views import filterbank, looked_at, tour

begin_page(
    "Filters",
    "A mel filter sums the power of neighbouring frequencies; the bank turns a fine spectrum into a short one.",
)

run = picker.require_model("see which tones its mel filters listen to")
filters, facts = cache.filters(run.folder), cache.filter_facts(run.folder)
if facts.most_changed is None:
    looked_at.offer_learned(run, "mel filters")
filterbank.draw(run, filters, facts)
tour.looked_at("filterbank", run)
