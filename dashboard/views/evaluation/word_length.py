"""Accuracy on short and on long words."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core import figures
from core.runs import RunState
from dashboard.shared import cache, clip_source
from dashboard.shared.widgets import show_figure
from dashboard.shared.wording import plain


def draw(run: RunState, path: Path) -> None:  # noqa: ARG001  (every view gets the run)
    """What length does, in a sentence, and the quarters."""
    evaluation, _ = cache.evaluation(path)
    source = clip_source.find(evaluation)
    if source is None or len(source.found) < len(evaluation.truth):
        clip_source.say_what_is_missing(evaluation, "measure how long the words are")
        return
    found = cache.word_lengths(path, source.pack)
    st.write(plain(found.verdict))
    figure = figures.accuracy_by_range(
        [("words", found.quarters)],
        found.accuracy,
        axis="Length of the word (s)",
        unit="s",
        title="Accuracy by length of the word",
    )
    show_figure(figure, "evaluation.word_length")
    st.caption(
        "The clips with words, sorted by how long the word lasts and cut into quarters, the shortest on the left. A "
        "word lasts while it is at most 10 to 25 dB below its loudest 10 ms, the less the noisier the clip."
    )
