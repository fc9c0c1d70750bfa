"""Two or more models in one view: whether one is better, word by word, and on request what that costs and why."""

import streamlit as st

from dashboard.shared import cache
from dashboard.shared.folds import fold
from dashboard.shared.widgets import begin_page
from dashboard.views.compare import choice, cost, side_by_side
from dashboard.views.evaluation.choice import heading

begin_page(
    "Compare",
    "Is one model better than another, or is it chance? All answer the same clips, and a difference counts only where "
    "it is more than chance makes.",
)

left, middle, right = st.columns([6, 3, 1], vertical_alignment="bottom")
chosen = choice.choose_runs(left)
looks = {name: number for number, name in enumerate(chosen)}
baseline = choice.choose_baseline(chosen, middle)
clips = choice.choose_clips(chosen, right)

if clips.measured:
    st.header(heading(cache.evaluation(clips.measured[0][1])[0]), anchor=False)
    differences = side_by_side.differences(clips, chosen, baseline)
    side_by_side.say_outcome(differences)
    left, right = st.columns([3, 2], gap="medium")
    with right:
        side_by_side.show_accuracies(clips, looks)
    if differences:
        with left:
            one = side_by_side.choose_difference(differences)
            side_by_side.word_by_word(one)
        fold("Which answers instead", "compare.answers", lambda: side_by_side.answers_instead(one), icon="grid_on")
        hear = "Hear the clips that only one of them got right"
        fold(hear, "compare.hear", lambda: side_by_side.hear_clips(clips, chosen, one), icon="hearing")
        fold("As numbers", "compare.numbers", lambda: side_by_side.numbers(differences, looks))
    fold("What it costs", "compare.costs", lambda: cost.draw(chosen, clips, looks), icon="savings")
fold("What differs in their settings", "compare.settings", lambda: side_by_side.settings(chosen), icon="settings")
fold("How they learned", "compare.learned", lambda: side_by_side.show_curves(chosen), icon="show_chart")
fold("What their filters became", "compare.filters", lambda: side_by_side.show_filters(chosen, looks), icon="equalizer")
