"""Two or more models in one view: whether one is better, word by word, and on request what that costs and why."""

import streamlit as st

from core import figures
from dashboard.shared import cache
from dashboard.shared.folds import fold
from dashboard.shared.widgets import begin_page, show_figure
from dashboard.views.compare import choice, cost, side_by_side
from dashboard.views.evaluation.choice import heading

begin_page(
    "Compare",
    "Is one model better than another, or was it luck? All are judged on the very same clips, and a difference counts "
    "only if chance would hardly make it.",
)

chosen = choice.choose_runs()
looks = {name: number for number, name in enumerate(chosen)}
with st.container(horizontal=True, vertical_alignment="bottom"):
    baseline = choice.choose_baseline(chosen)
    button = st.container(width="content")
clips = choice.choose_clips(chosen, button)

if clips.measured:
    st.header(heading(cache.evaluation(clips.measured[0][1])[0]), anchor=False)
    differences = side_by_side.differences(clips, chosen, baseline)
    side_by_side.say_outcome(differences)
    left, right = st.columns(2, gap="medium") if differences else (st.container(), None)
    with left:
        side_by_side.show_accuracies(clips, looks)
    if right:
        with right:
            show_figure(figures.accuracy_gains(differences, looks), "compare.gains")
            st.caption("Right of the line: better than the baseline. Clip by clip: hard clips are hard for both.")
        st.subheader("Word by word", anchor=False)
        side_by_side.word_by_word(clips, chosen, differences)
        fold("As numbers", "compare.numbers", lambda: side_by_side.counts_table(differences))
    fold("What it costs", "compare.costs", lambda: cost.draw(chosen, clips, looks), icon="savings")
fold("What differs in their settings", "compare.settings", lambda: side_by_side.settings(chosen), icon="settings")
fold("How they learned", "compare.learned", lambda: side_by_side.show_curves(chosen), icon="show_chart")
fold("What their filters became", "compare.filters", lambda: side_by_side.show_filters(chosen, looks), icon="equalizer")
