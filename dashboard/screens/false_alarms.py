"""How well a model listens: words it misses against words that nobody said, on a long track and in real talk."""

from dashboard.shared import picker
from dashboard.shared.widgets import begin_page, explained
from dashboard.views import false_alarms
from dashboard.views.real_talk import panel as real_talk

begin_page(
    "False alarms",
    "Recordings of voices that training did not hear are laid out on a long track, with pauses, words that are no "
    "keywords, and background noise. The model listens to it as to a microphone, and its detections are counted. "
    "Below, it listens to recordings of your own in which no keyword is said.",
)

run = picker.require_model("measure how well it listens")
with explained():
    false_alarms.panel(run)
with explained():
    real_talk.panel(run)
