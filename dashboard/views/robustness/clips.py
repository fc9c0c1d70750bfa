"""The clips behind a point of the curve, as the models heard them, with all answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.data.pack import Pack
from core.figures.robustness import point_text
from core.records.robustness import Robustness, noise_title
from core.sound.wav import as_wav
from core.studies.robustness.changes import UNCHANGED
from dashboard.shared import cache, clip_choice
from dashboard.shared.widgets import choose
from dashboard.shared.wording import percent, plain, word
from dashboard.views.robustness.question import Question

PAGE_CLIPS = 3
"""Clips listed at once: each brings two sounds along."""

SHOWN = {"lost": "Lost by this change", "wrong": "All wrong", "right": "Right", "all": "All"}


def listen(question: Question, records: Sequence[Robustness], number: int, step: int) -> None:
    """Clips of one point."""
    if question.pack is None or question.noises is None:
        clip_choice.need_dataset(
            f"To hear these clips, the sound itself is needed, and {plain(question.dataset)} is not ready on this "
            "computer. Choose and prepare it under Train, Data.",
            icon=":material/volume_off:",
        )
        return
    pack = question.pack
    record = records[number]
    value = record.values[step]
    options = [name for name in SHOWN if name != "lost" or value != UNCHANGED[record.kind]]
    shown = choose("Clips", {one: SHOWN[one] for one in options}, f"robustness.shown.{len(options)}", stays=False)
    noise = None
    if record.noises:
        titles: dict[int | None, str] = {None: "any", **dict(enumerate(map(noise_title, record.noises)))}
        noise = st.selectbox("Noise", list(titles), format_func=titles.__getitem__, key="robustness.noise")
    numbers = _which(record, step, str(shown), noise)
    if not len(numbers):
        st.caption("There is no such clip at this point.")
        return
    n_pages = -(-len(numbers) // PAGE_CLIPS)
    page = st.pagination(n_pages, key=f"robustness.page.{shown}.{noise}") if n_pages > 1 else 1
    changer = cache.changer(pack, question.noises, record.protocol, record.kind, record.seed)
    for clip in numbers[(page - 1) * PAGE_CLIPS : page * PAGE_CLIPS]:
        changed, clean = changer.sounds(int(record.rows[clip]), (value, UNCHANGED[record.kind]))
        with st.container(border=True, gap="xsmall"):
            st.markdown(_about(records, int(clip), step, pack))
            heard, before = st.columns(2)
            heard.caption(f"As heard {point_text(record.kind, value)}")
            heard.audio(as_wav(changed))
            before.caption("Original")
            before.audio(as_wav(clean))
    st.caption(
        "✓ right, ✗ wrong, with the probability the model gave to its answer. The player plays the very samples that "
        "the models were given."
    )


def _which(record: Robustness, step: int, shown: str, noise: int | None) -> NDArray[np.int64]:
    """Numbers of the clips to list: those that the model was surest of first."""
    right = record.right
    wanted = {
        "lost": right[record.values.index(UNCHANGED[record.kind])] & ~right[step],
        "wrong": ~right[step],
        "right": right[step],
        "all": np.ones(record.n, bool),
    }[shown]
    if noise is not None:
        wanted = wanted & (record.noise == noise)
    numbers = np.flatnonzero(wanted)
    return numbers[np.argsort(-record.scores[step, numbers], kind="stable")]


def _about(records: Sequence[Robustness], clip: int, step: int, pack: Pack) -> str:
    """What is said in a clip, and what each model answered."""
    first = records[0]
    row = int(first.rows[clip])
    spoken = word(str(pack.words[row]))
    counted = " (counts as unknown)" if spoken != word(first.labels[int(first.truth[clip])]) else ""
    noise = f" in {plain(noise_title(first.noises[int(first.noise[clip])]))}" if first.noises else ""
    lines = [f"**{spoken}**{counted}{noise}"]
    for record in records:
        mark = ":green[✓]" if record.right[step, clip] else ":red[✗]"
        answer = word(record.labels[int(record.answers[step, clip])])
        lines.append(f"{mark} {plain(record.run)}: {answer}, {percent(float(record.scores[step, clip]))}")
    return "  \n".join(lines)
