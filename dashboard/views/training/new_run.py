"""The form of a new run: the data, what of the spectrogram learns, and what it begins with; then Start."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from core import runs
from core.config import TWELVE, RunConfig, Setting, Vocabulary
from core.runs import RunState
from core.training.presets import FINE_TUNING, PRESETS, preset_config
from dashboard.shared import cache, clip_choice, dataset_choice, places, run_names, state
from dashboard.shared.device_choice import choose_device
from dashboard.shared.widgets import choose, explained
from dashboard.shared.wording import percent, plain
from dashboard.views.training import near_misses, setting_cards, settings_form, words
from dashboard.views.training.duration import estimate

STARTED = "training.started"
"""Session-state key: whether a run was just started with what the form says."""

EPOCHS = "training.epochs"

BEGIN, MODEL, SCRATCH = "training.begin", "model", "scratch"
"""Session-state key of what a run begins with, and what that can be."""

BEGINNINGS = {MODEL: "A trained model", SCRATCH: "From scratch"}

FIRST = "bcresnet-1"
"""The network that a newcomer trains on: small enough for a minute, and it hears real voices."""


def draw(found: Sequence[RunState], *, n_alive: int) -> None:
    """The form.

    Raises:
        ConfigError: If a setting cannot work.
        RunError: If the run cannot be started.
    """
    if st.session_state.pop(STARTED, False):
        # The name is taken now; the next run would fail with it.
        st.session_state["training.name"] = ""
    data, learns, begins = st.columns([1, 1.5, 1.1], gap="medium")
    usable = False
    further: Path | None = None
    with data:
        st.subheader("Data", anchor=False)
        with explained():
            dataset_choice.choose()
        with explained():
            usable = dataset_choice.is_usable()
        told_apart = st.container()
        with explained():
            further = near_misses.choose()
        places.link("data", "Look at the clips")
    with learns:
        st.subheader("What learns", anchor=False)
        setting = setting_cards.choose()
    with begins:
        st.subheader("Begin with", anchor=False)
        start, preset = _choose_start(found)
        form = st.container()
    vocabulary = None
    with told_apart, explained():
        vocabulary = words.choose(start)
    more = st.expander("More settings", icon=":material/tune:")
    with more:
        usual = TWELVE if start is None else clip_choice.vocabulary_of(start)
        config, name, device = _more(start, preset, setting, vocabulary or usual)
    with form:
        _start(config, start, name, device, found, further, n_alive=n_alive, usable=usable and vocabulary is not None)


def _choose_start(found: Sequence[RunState]) -> tuple[RunState | None, str]:
    """The model to begin with, or None; and the preset that says how it is trained."""
    models = {run.name: run for run in found if run.has_checkpoint and run.config}
    begin = SCRATCH
    if models:
        begin = choose("Begin with", BEGINNINGS, BEGIN, label_visibility="collapsed")
    if begin == SCRATCH:
        preset = st.selectbox(
            "Preset",
            list(PRESETS),
            format_func={name: preset.title for name, preset in PRESETS.items()}.__getitem__,
            key="training.preset",
            persist_state="session",
            on_change=_take_preset_epochs,
        )
        st.caption(PRESETS[preset].summary)
        return None, preset
    names = sorted(models, key=lambda name: _is_late(models[name]))
    if st.session_state.get("training.from") not in names:
        st.session_state["training.from"] = names[0]
    name = st.selectbox(
        "Model",
        names,
        format_func={name: run_names.in_full(run) for name, run in models.items()}.__getitem__,
        key="training.from",
        persist_state="session",
        help="Its network and its spectrogram stay; what learns is chosen beside.",
    )
    run = models[name]
    score = f", {percent(run.best_accuracy)} on its validation clips" if run.best_accuracy is not None else ""
    st.caption(
        f"Learned from {plain(run.dataset)}{score}. Trained further with small steps, so that it forgets little; for "
        "other words with larger ones."
    )
    return run, FINE_TUNING


def _is_late(run: RunState) -> tuple[bool, bool]:
    """The small shipped network with the textbook's spectrogram comes first, best one that learned in noise.

    What moves begins there.
    """
    config = run.config
    first = run.shipped and config and config.model.name == FIRST and config.front_end.setting == "A"
    return not first, config is None or config.augment.noise_snr_db is None


def _take_preset_epochs() -> None:
    st.session_state[EPOCHS] = PRESETS[st.session_state["training.preset"]].config.training.epochs


def _more(
    start: RunState | None, preset: str, setting: Setting, vocabulary: Vocabulary
) -> tuple[RunConfig, str | None, str]:
    """Settings that a newcomer leaves alone: the whole config, the name, the device."""
    if start is None:
        usual = preset_config(preset, setting=setting)
    else:
        usual = cache.config_from(start.folder, setting, vocabulary=vocabulary)
    left, middle, right, last = st.columns([1, 1, 2, 1], vertical_alignment="bottom")
    key = EPOCHS
    if start is not None:
        # Other words take more epochs; what was typed for one is not meant for the other.
        other_words = vocabulary != clip_choice.vocabulary_of(start)
        key = f"training.{FINE_TUNING}.{'other_words' if other_words else 'same_words'}.epochs"
    st.session_state.setdefault(key, usual.training.epochs)
    epochs = left.number_input(
        "Epochs",
        min_value=1,
        max_value=10_000,
        step=1,
        key=key,
        persist_state="session",
        help="One epoch shows the model as many clips as the training split has.",
    )
    seed = middle.number_input(
        "Seed",
        min_value=0,
        max_value=2**31 - 1,
        step=1,
        key="training.seed",
        persist_state="session",
        help="Starts all random numbers: the same seed gives the same run.",
    )
    name = right.text_input(
        "Name (may stay empty)", key="training.name", placeholder="made from the preset, the setting and the time"
    )
    with last:
        device = choose_device("training.device")
    if start is None:
        config = preset_config(preset, setting=setting, epochs=epochs, seed=seed, vocabulary=vocabulary)
        config = settings_form.draw(PRESETS[preset].config, config)
    else:
        config = cache.config_from(start.folder, setting, epochs, seed, vocabulary)
        config = settings_form.draw(usual, config, place=f"{FINE_TUNING}.{start.name}")
    return config, name.strip() or None, device


def _start(
    config: RunConfig,
    start: RunState | None,
    name: str | None,
    device: str,
    found: Sequence[RunState],
    further: Path | None,
    *,
    n_alive: int,
    usable: bool,
) -> None:
    if n_alive:
        st.warning(
            f"{n_alive} run{'s are' if n_alive > 1 else ' is'} training already; runs at the same time slow each other "
            "down.",
            icon=":material/speed:",
        )
    if not usable:
        st.warning("Choose a dataset, and what to tell apart, first.", icon=":material/warning:")
    pressed = st.button("Start training", key="training.start", type="primary", disabled=not usable, width="stretch")
    st.caption(
        estimate(config, dataset_choice.chosen_title(), found)
        or "How long it takes is known after a first run of this kind."
    )
    if pressed:
        weights: Path | None = None if start is None else start.folder
        folder = runs.start_run(config, state.data_root(), name=name, device=device, start=weights, more=further)
        state.open_run(folder.name)
        st.session_state[STARTED] = True
        st.rerun()
