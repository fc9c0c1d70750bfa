"""How well a model does on clips it has never met, beside what a trivial answer scores."""

import streamlit as st

from core import figures
from dashboard import cache, evaluation_choice, picker, score_view
from dashboard.widgets import begin_page, show_figure

begin_page(
    "Evaluation", "A model is tested on clips it has never met. What a score means depends on which clips those were."
)

run = picker.require_model("measure how well it does")
path = evaluation_choice.choose(run)
if path is None:
    st.stop()
evaluation, scores = cache.evaluation(path)

st.header(score_view.heading(evaluation))
score_view.headline(evaluation, scores, run.dataset)

st.subheader("By class")
show_figure(figures.class_scores_bars(scores), "evaluation.bars")
st.caption(
    "Precision: of the clips it called this word, how many were. Recall: of the clips of this word, how many it found. "
    "F1 is high only if both are."
)
score_view.tables(scores)

st.subheader("Confusion matrix")
normalised = st.toggle("Show shares of each row instead of counts", value=True, key="evaluation.normalised")
show_figure(figures.confusion_matrix(evaluation, normalised=normalised), "evaluation.confusion")
st.caption("Rows are the true words, columns the answers: the diagonal is right, everything beside it is a mix-up.")
