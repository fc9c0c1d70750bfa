"""How answers become detections: the four knobs of each model, each with what it trades."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from core.config import ListeningConfig
from core.errors import ConfigError
from core.runs import RunState
from core.studies.listening import operating_point
from dashboard.shared import clip_choice
from dashboard.shared.widgets import explained
from dashboard.shared.wording import plain
from dashboard.views.live import listener

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


@dataclass(frozen=True)
class Settings:
    """What a model's knobs begin with."""

    run: RunState
    kept: ListeningConfig
    problem: str
    """What is wrong with the settings kept for the model, if they cannot be used."""


def of(run: RunState) -> Settings:
    """The settings kept with a model; the knobs follow them when they have changed. To be called before ``draw``."""
    try:
        settings = Settings(run, operating_point.load(run.folder), "")
    except ConfigError as error:
        settings = Settings(run, ListeningConfig(), f"{plain(error)} The defaults are used.")
    if st.session_state.get(_key(run, "kept")) != repr(settings.kept):
        _reset(settings)
    for name in KNOBS:
        st.session_state.setdefault(_key(run, name), getattr(settings.kept, name))
    st.session_state.setdefault(_key(run, "by_word"), bool(settings.kept.word_thresholds))
    return settings


def chosen(settings: Settings) -> ListeningConfig:
    """The settings of a model as its knobs stand now."""
    values = {name: st.session_state[_key(settings.run, name)] for name in KNOBS}
    return replace(settings.kept, **values, word_thresholds=_word_thresholds(settings))


def draw(models: Sequence[Settings]) -> None:
    """The knobs of the models that listen; a change holds at once, without a pause in what is heard."""
    st.markdown("**When an answer counts as a word**")
    boxes = st.tabs([one.run.name for one in models]) if len(models) > 1 else [st.container()]
    for box, settings in zip(boxes, models, strict=True):
        with box:
            _draw_knobs(settings)


def _key(run: RunState, name: str) -> str:
    return f"live.{name}.{run.name}"


def _reset(settings: Settings) -> None:
    """Set the knobs to the settings kept with the model."""
    run, kept = settings.run, settings.kept
    st.session_state[_key(run, "kept")] = repr(kept)
    st.session_state[_key(run, "by_word")] = bool(kept.word_thresholds)
    # A new table forgets what was typed into the old one.
    st.session_state[_key(run, "table")] = st.session_state.get(_key(run, "table"), 0) + 1
    for name in KNOBS:
        st.session_state[_key(run, name)] = getattr(kept, name)


def _draw_knobs(settings: Settings) -> None:
    run, kept = settings.run, settings.kept
    if settings.problem:
        st.warning(settings.problem, icon=":material/warning:")
    ranges: dict[str, tuple[Any, Any, Any]] = {
        "threshold": (0.0, 1.0, 0.01),
        "average_s": (0.0, max(1.0, kept.average_s), 0.05),
        "minimum_count": (1, max(10, kept.minimum_count), 1),
        "refractory_s": (0.0, max(2.0, kept.refractory_s), 0.05),
    }
    for name, label in KNOBS.items():
        low, high, step = ranges[name]
        key = _key(run, name)
        st.slider(label, low, high, step=step, key=key, persist_state="session", help=TRADES[name])
    if st.toggle("Words with a threshold of their own", key=_key(run, "by_word"), persist_state="session"):
        _draw_words(settings)
    row = st.container(horizontal=True)
    row.button("Reset", key=_key(run, "reset"), on_click=_reset, args=(settings,), icon=":material/undo:")
    if row.button("Keep for this model", key=_key(run, "keep"), icon=":material/save:"):
        with explained():
            operating_point.save(run.folder, chosen(settings))
            st.toast(f"{run.name} listens with these settings from now on.", icon=":material/check:")
            st.rerun()
    listener.mine().configure(run.name, chosen(settings))


def _draw_words(settings: Settings) -> None:
    own, words = dict(settings.kept.word_thresholds), clip_choice.vocabulary_of(settings.run).words
    st.data_editor(
        {"word": list(words), "threshold": [own.get(word) for word in words]},
        key=_table_key(settings.run),
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


def _word_thresholds(settings: Settings) -> tuple[tuple[str, float], ...]:
    """Thresholds of single words: the kept ones, and over them what was typed into the table."""
    if not st.session_state[_key(settings.run, "by_word")]:
        return ()
    own: dict[str, float | None] = dict(settings.kept.word_thresholds)
    edits = st.session_state.get(_table_key(settings.run), {}).get("edited_rows", {})
    words = clip_choice.vocabulary_of(settings.run).words
    own |= {words[int(row)]: cells["threshold"] for row, cells in edits.items() if "threshold" in cells}
    return tuple((word, float(threshold)) for word, threshold in own.items() if threshold is not None)
