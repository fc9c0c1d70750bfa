"""How models do on clips that are noisy, late, loud or quiet, fast or slow; and what those sound like."""

import streamlit as st

from core import figures
from dashboard.shared import picker, places
from dashboard.shared.folds import fold
from dashboard.shared.widgets import begin_page, show_clickable_figure
from dashboard.views.robustness import answers, clips, numbers, point, question

begin_page(
    "Noise",
    "Test clips are clean, near and well timed. Here they are changed step by step, and all chosen models answer the "
    "same ones.",
)

run = picker.require_model("see how it does in noise")
asked = question.choose_question(run)
records = answers.ask(asked)
if not records:
    st.stop()
st.header(answers.heading(records[0]), anchor=False)


@st.fragment
def explore() -> None:
    """The curve, and beside it one of its points and the clips there."""
    curve, beside = st.columns([3, 2], gap="medium")
    with beside:
        number, step = point.choose_point(records)
        point.say_counts(records[number], step)
        clips.listen(asked, records, number, step)
    with curve:
        show_clickable_figure(
            figures.accuracy_when_changed(records, chosen=(number, step)), "robustness.curve", point.pick
        )
        point.explain(records[0])
        point.say_beside(records, number, step, asked.pack)
    by = "By noise and by word" if records[0].noises else "By word"
    fold(by, "robustness.apart", lambda: numbers.apart(records[number]), icon="grid_on")


explore()
places.link("room", "Fit a model to the noise of your room")
fold("As numbers", "robustness.numbers", lambda: numbers.table(records))
