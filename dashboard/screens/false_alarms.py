"""How well a model listens to a long track: words it misses against words that nobody said."""

from dashboard.shared import picker
from dashboard.shared.widgets import begin_page, explained
from dashboard.views.live import one_sound, stream_test

begin_page("False alarms", "Words it misses against words that nobody said, on a long track of clips it never heard.")

run = picker.require_model("measure how well it listens")
with explained():
    stream_test.panel(run, one_sound.choose_device())
