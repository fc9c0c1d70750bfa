"""How models do on clips that are noisy, late, loud or quiet, fast or slow; and what those sound like."""

import streamlit as st

from core import figures
from dashboard import picker, robustness_view
from dashboard.widgets import begin_page, show_clickable_figure, show_figure

begin_page(
    "Robustness",
    "Test clips are clean, near and well timed; kitchens and streets are not. Here the same clips are changed more and "
    "more, and all chosen models hear them.",
)

run = picker.require_model("see how it does in noise")
dataset = robustness_view.require_data()
question = robustness_view.choose(run, dataset)
pack = robustness_view.clips_of(question, dataset)
robustness_view.offer(question, pack)
records = robustness_view.kept(question, pack)
if not records:
    st.stop()

number, step = robustness_view.chosen_point(records)
show_clickable_figure(
    figures.accuracy_when_changed(records, chosen=(number, step)), "robustness.curve", robustness_view.pick
)
robustness_view.explain(records)
number, step = robustness_view.choose_point(records, pack)
robustness_view.listen(records, number, step, pack, dataset)

noises, words = st.columns(2) if records[number].noises else (None, st.container())
if noises:
    with noises:
        show_figure(figures.accuracy_by_noise(records[number]), "robustness.noises")
        st.caption("Each line is one kind of noise. A low line is a noise that hides words from this model.")
with words:
    show_figure(figures.right_by_word(records[number]), "robustness.words")
    st.caption("A row is a word: bright while it is still recognised. “unknown” or “silence” may stay bright because "
               "the model answers it to everything.")  # fmt: skip
robustness_view.numbers(records)
