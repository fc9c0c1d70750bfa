"""Choose, download or prepare a dataset; count it; compare it with AudioLoader's reading; play any clip."""

import streamlit as st

from core import figures
from dashboard.shared import cache, clip_player, dataset_choice
from dashboard.shared.widgets import begin_page, explained, show_figure
from dashboard.shared.wording import plain
from dashboard.views import verify

begin_page("Data", "One-second clips of spoken words: what a keyword spotter learns from and is tested on.")

dataset_choice.choose()
pack = None
with explained():
    pack = dataset_choice.prepared()

if pack is not None:
    summary = cache.summary(pack)
    st.header(plain(summary.title))
    if summary.synthetic:
        st.info(
            "Synthetic voices: a computer spoke these words. They are for trying things out; scores on them say "
            "little about real people.",
            icon=":material/smart_toy:",
        )
    with explained():
        summary.require_trainable()
    dataset_choice.show_counts(summary)
    show_figure(figures.class_counts(pack.words.tolist(), pack.splits.tolist()), "data.counts")
    st.caption("Rows are words, columns are splits; brighter cells hold more clips.")
    if summary.problems:
        with st.expander(f"{len(summary.problems)} problems found in the files", icon=":material/warning:"):
            st.dataframe([vars(problem) for problem in summary.problems], hide_index=True)

    verify.draw(pack)

    st.header("Play a clip")
    clip_player.draw(pack)
