"""Choose, download or prepare a dataset; count it; play any clip; time the front end."""

import streamlit as st

from core import figures
from dashboard import cache, clip_player, dataset_choice, jobs, timings
from dashboard.widgets import begin_page, explained, job_panel, show_figure
from dashboard.wording import moment

begin_page("Data", "One-second clips of spoken words: what a keyword spotter learns from and is tested on.")

dataset_choice.choose()
pack = None
with explained():
    pack = dataset_choice.prepared()

if pack is not None:
    summary = cache.summary(pack, pack.key)
    st.header(summary.title)
    if summary.synthetic:
        st.info(
            "Synthetic voices: a computer spoke these words. They are for trying things out; scores on them say "
            "little about real people.",
            icon=":material/smart_toy:",
        )
    dataset_choice.show_counts(summary)
    show_figure(figures.class_counts(pack.words.tolist(), pack.splits.tolist()), "data.counts")
    st.caption("Rows are words, columns are splits; brighter cells hold more clips.")
    if summary.problems:
        with st.expander(f"{len(summary.problems)} problems found in the files", icon=":material/warning:"):
            st.dataframe([vars(problem) for problem in summary.problems], hide_index=True)

    st.header("Play a clip")
    clip_player.draw(pack)

st.header("Time the front end")
st.write(
    f"How long does it take to turn {timings.BATCH} clips into log-mel spectrograms on this computer? This program, "
    "nnAudio and librosa take turns, so that all meet the same conditions."
)
running = job_panel("timing")
if not running and st.button("Time it", key="data.time", icon=":material/timer:"):
    jobs.start("timing", "Timing the front end", timings.measure)
    st.rerun()
result = timings.measured()
if result is not None and not running:
    show_figure(figures.timings_bars(result.timings, result.clips), "data.timings")
    st.caption(
        f"Measured on this computer, {moment(result.moment)}. Shorter is faster. A bar is the median of the repeats; "
        "the whiskers hold the middle 80 % of them. Other programs running at the same time lengthen every bar."
    )
