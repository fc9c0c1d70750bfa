"""How models do on clips that are noisy, late, loud or quiet, fast or slow; and what those sound like."""

import streamlit as st

from core import figures
from dashboard.shared import picker
from dashboard.shared.widgets import begin_page, show_clickable_figure, show_figure
from dashboard.views import robustness

begin_page(
    "Noise",
    "Test clips are clean, near and well timed; kitchens and streets are not. Here the same clips are changed more and "
    "more, and all chosen models hear them.",
)

run = picker.require_model("see how it does in noise")
dataset, hand = robustness.require_data()
question = robustness.choose_question(run, hand)
pack = hand.of(question.protocol) or dataset
records = robustness.ask(question, pack)
if not records:
    st.stop()

number, step = robustness.chosen_point(records)
show_clickable_figure(
    figures.accuracy_when_changed(records, chosen=(number, step)), "robustness.curve", robustness.pick
)
robustness.explain(records)
number, step = robustness.choose_point(records, pack)
robustness.listen(records, number, step, pack, dataset)

noises, words = st.columns(2) if records[number].noises else (None, st.container())
if noises:
    with noises:
        show_figure(figures.accuracy_by_noise(records[number]), "robustness.noises")
        st.caption("Each line is one kind of noise. A low line is a noise that hides words from this model.")
with words:
    show_figure(figures.right_by_word(records[number]), "robustness.words")
    st.caption(
        "A row is a word: bright while it is still recognised. “unknown” or “silence” may stay bright because "
        "the model answers it to everything."
    )
robustness.numbers(records)
