"""How well a model listens to a long track: words it misses against words that nobody said."""

from dashboard.shared import picker
from dashboard.shared.widgets import begin_page, explained
from dashboard.views import false_alarms

begin_page(
    "False alarms",
    "Recordings of voices that training did not hear are laid out on a long track, with pauses, words that are no "
    "keywords, and background noise. The model listens to it as it listens to you, and what it reports is counted.",
)

run = picker.require_model("measure how well it listens")
with explained():
    false_alarms.panel(run)
