"""How answers become detections: the four knobs of each model, each with what it trades."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from core import operating_point
from core.config import KEYWORDS, ListeningConfig
from core.errors import ConfigError
from core.runs import RunState
from dashboard import listener
from dashboard.widgets import explained

KNOBS = {
    "threshold": "Threshold",
    "average_s": "Averaging (s)",
    "minimum_count": "Decisions in a row",
    "refractory_s": "Pause after a word (s)",
}

TRADES = {
    "threshold": "Probability from which a word counts. Higher: fewer false alarms. Lower: fewer missed words.",
    "average_s": "Probabilities are averaged over this long. Longer: steadier. Shorter: quicker.",
    "minimum_count": "Decisions, one every tenth of a second, that must agree. More: safer. Fewer: quicker.",
    "refractory_s": "Nothing is detected for this long after a word. Longer: no word counts twice. Shorter: words that "
    "follow each other fast are not missed.",
}


def draw(models: Sequence[RunState]) -> None:
    """The knobs of the models that listen; a change holds at once, without a pause in what is heard."""
    with st.expander("Settings of the detector", icon=":material/tune:"):
        boxes = st.tabs([run.name for run in models]) if len(models) > 1 else [st.container()]
        for box, run in zip(boxes, models, strict=True):
            with box:
                _draw_knobs(run)


def config_of(run: RunState) -> ListeningConfig:
    """The settings of a model as the knobs stand now."""
    base, _ = _kept(run)
    _follow(run, base)
    values = {name: st.session_state[_key(run, name)] for name in KNOBS}
    return replace(base, **values, word_thresholds=_word_thresholds(run, base))


def _key(run: RunState, name: str) -> str:
    return f"live.{name}.{run.name}"


def _kept(run: RunState) -> tuple[ListeningConfig, str]:
    """The settings kept with a model, and what is wrong with them if they cannot be used."""
    try:
        return operating_point.load(run.folder), ""
    except ConfigError as error:
        return ListeningConfig(), str(error)


def _follow(run: RunState, base: ListeningConfig) -> None:
    """Set the knobs to the settings kept with the model, if there are others since they were set."""
    if st.session_state.get(_key(run, "kept")) != repr(base):
        _set(run, base)
    for name in KNOBS:
        st.session_state.setdefault(_key(run, name), getattr(base, name))
    st.session_state.setdefault(_key(run, "by_word"), bool(base.word_thresholds))


def _set(run: RunState, base: ListeningConfig) -> None:
    st.session_state[_key(run, "kept")] = repr(base)
    st.session_state[_key(run, "by_word")] = bool(base.word_thresholds)
    # A new table forgets what was typed into the old one.
    st.session_state[_key(run, "table")] = st.session_state.get(_key(run, "table"), 0) + 1
    for name in KNOBS:
        st.session_state[_key(run, name)] = getattr(base, name)


def _draw_knobs(run: RunState) -> None:
    base, problem = _kept(run)
    if problem:
        st.warning(problem, icon=":material/warning:")
    _follow(run, base)
    left, right = st.columns(2, gap="large")
    ranges: dict[str, tuple[Any, Any, Any]] = {
        "threshold": (0.0, 1.0, 0.01),
        "average_s": (0.0, max(1.0, base.average_s), 0.05),
        "minimum_count": (1, max(10, base.minimum_count), 1),
        "refractory_s": (0.0, max(2.0, base.refractory_s), 0.05),
    }
    for column, name in zip((left, right, left, right), KNOBS, strict=True):
        low, high, step = ranges[name]
        column.slider(KNOBS[name], low, high, step=step, key=_key(run, name), persist_state="session")
        column.caption(TRADES[name])
    if st.toggle("Words with a threshold of their own", key=_key(run, "by_word"), persist_state="session"):
        _draw_words(run, base)
    row = st.container(horizontal=True)
    row.button("Reset", key=_key(run, "reset"), on_click=_set, args=(run, base), icon=":material/undo:")
    if row.button("Keep for this model", key=_key(run, "keep"), icon=":material/save:"):
        with explained():
            operating_point.save(run.folder, config_of(run))
            st.toast(f"{run.name} listens with these settings from now on.", icon=":material/check:")
    listener.mine().configure(run.name, config_of(run))


def _draw_words(run: RunState, base: ListeningConfig) -> None:
    own = dict(base.word_thresholds)
    st.data_editor(
        {"word": list(KEYWORDS), "threshold": [own.get(word) for word in KEYWORDS]},
        key=_table_key(run),
        hide_index=True,
        disabled=["word"],
        width="content",
        placeholder="as above",
        column_config={
            "word": "Word",
            "threshold": st.column_config.NumberColumn(
                "Threshold", min_value=0.0, max_value=1.0, step=0.01, help="Empty: the threshold above."
            ),
        },
    )


def _table_key(run: RunState) -> str:
    return f"{_key(run, 'words')}.{st.session_state.get(_key(run, 'table'), 0)}"


def _word_thresholds(run: RunState, base: ListeningConfig) -> tuple[tuple[str, float], ...]:
    """Thresholds of single words: the kept ones, and over them what was typed into the table."""
    if not st.session_state[_key(run, "by_word")]:
        return ()
    own: dict[str, float | None] = dict(base.word_thresholds)
    edits = st.session_state.get(_table_key(run), {}).get("edited_rows", {})
    own |= {KEYWORDS[int(row)]: cells["threshold"] for row, cells in edits.items() if "threshold" in cells}
    return tuple((word, float(threshold)) for word, threshold in own.items() if threshold is not None)
