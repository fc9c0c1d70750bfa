"""Two or more runs in one view: what differs between them, whether one is better, and what that costs."""

import streamlit as st

from core import figures, runs
from dashboard.shared.widgets import begin_page, show_figure
from dashboard.views.compare import choice, cost, side_by_side

begin_page(
    "Compare",
    "Is one model better than another, or was it luck? All runs here are judged on the very same clips, and a "
    "difference counts only if chance would hardly make it.",
)

chosen = choice.choose_runs()
looks = {run.name: number for number, run in enumerate(chosen)}
baseline = choice.choose_baseline(chosen)
clips = choice.choose_clips(chosen)

differences = side_by_side.differences(clips, chosen, baseline)
if clips.measured:
    st.header("Which is better?")
    side_by_side.say_outcome(differences)
    side_by_side.show_accuracies(clips, looks)
if differences:
    show_figure(figures.accuracy_gains(differences, looks), "compare.gains")
    st.caption("Right of the line: better than the baseline. Clip by clip, so that hard clips are hard for both.")
    with st.expander("As numbers", icon=":material/table:"):
        side_by_side.counts_table(differences)

    st.header("Word by word")
    one = side_by_side.choose_difference(differences)
    show_figure(figures.word_gains(one), "compare.words")
    st.caption("One row a word: how many more of its clips the run gets right than the baseline, with 95 % intervals.")
    shares = st.toggle("Show shares of each row instead of counts", value=True, key="compare.normalised")
    show_figure(figures.confusion_difference(one, normalised=shares), "compare.confusion")
    st.caption("Rows are the true words, columns the answers: which answers became more (orange) or fewer (blue).")
    side_by_side.show_clips(clips, chosen, one)

if clips.measured:
    st.header("What it costs")
    measure = cost.choose_measure()
    costs = cost.costs(clips.dataset, clips.protocol)
    figure = figures.accuracy_against_cost(
        costs, measure, clips.protocol, looks=looks, published=clips.protocol == "official"
    )
    show_figure(figure, f"compare.cost.{measure}")
    st.caption("Every run measured on these clips; a step to the right costs several times as much.")
    cost.time_button(chosen)
    cost.cost_table(costs, list(looks))

st.header("What differs in their settings")
side_by_side.settings(chosen)

st.header("How they learned")
on_training = st.toggle("Training clips instead of validation clips", key="compare.training")
reports = {run.name: runs.read_progress(run.folder) for run in chosen}
show_figure(figures.compared_curves(reports, on_training_clips=on_training), "compare.curves")
st.caption("Higher accuracy and lower loss are better. Runs trained on other data have other validation clips.")

st.header("What their filters became")
side_by_side.show_filters(chosen)
