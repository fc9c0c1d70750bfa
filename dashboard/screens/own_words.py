"""Teach a model words of your own: record each a few times, and a model that listens for them is there in seconds."""

from dashboard.shared.widgets import begin_page, explained
from dashboard.views.own_words import learning, takes

begin_page(
    "Own words",
    "Record two or three words of your own, five times or more each, and learn them: seconds later a model listens for "
    "them. The recordings stay on this computer.",
)

with explained():
    words = takes.draw()
    learning.draw(words)
