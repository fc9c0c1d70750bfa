"""Fit a model to the room it is used in: record a minute of its noise, and see before and after on the same sound."""

from dashboard.shared import picker
from dashboard.shared.widgets import begin_page, explained
from dashboard.views import room

begin_page(
    "Your room",
    "A fan, a tap, a street: in noise that training did not hear, a model loses words. Record a minute of yours while "
    "nobody speaks, and the model is fitted to it in seconds. The recording stays on this computer.",
)

run = picker.require_model("fit it to your room")
with explained():
    room.draw(run)
