"""The form of a new run: what to train, what learns, for how long; then Start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import streamlit as st

from core import runs
from core.config import RunConfig, Setting
from core.runs import RunState
from core.training.presets import PRESETS, preset_config
from dashboard.shared import dataset_choice, state
from dashboard.shared.device_choice import choose_device
from dashboard.shared.widgets import explained
from dashboard.views.training import run_panel, settings_form

SETTING_NOTES = {
    "A": ("A · nothing of the spectrogram", "The textbook spectrogram stays as it is: the comparison for the others."),
    "B": ("B · the mel filters", "Training moves and reshapes the bands of tones that are summed up."),
    "C": ("C · the STFT kernels", "Training reshapes the waves that the sound is compared with."),
    "D": ("D · both", "The whole spectrogram is trained together with the network."),
}
"""Title and caption of each setting."""

SETTING_TITLES = {name: title for name, (title, _) in SETTING_NOTES.items()}

STARTED = "training.started"
"""Session-state key: whether a run was just started with what the form says."""


def draw(found: Sequence[RunState], *, n_alive: int) -> None:
    """The form.

    Raises:
        ConfigError: If a setting cannot work.
        RunError: If the run cannot be started.
    """
    if st.session_state.pop(STARTED, False):
        # The name is taken now; the next run would fail with it.
        st.session_state["training.name"] = ""
    left, right = st.columns(2, gap="large")
    with left:
        preset = st.selectbox(
            "Preset",
            list(PRESETS),
            format_func={name: preset.title for name, preset in PRESETS.items()}.__getitem__,
            key="training.preset",
            persist_state="session",
            on_change=_take_preset_epochs,
        )
        st.caption(PRESETS[preset].summary)
        device = choose_device("training.device")
        epochs_column, seed_column = st.columns(2)
        st.session_state.setdefault("training.epochs", PRESETS[preset].config.training.epochs)
        epochs = epochs_column.number_input(
            "Epochs",
            min_value=1,
            max_value=10_000,
            step=1,
            key="training.epochs",
            persist_state="session",
            help="One epoch shows the model as many clips as the training split has.",
        )
        seed = seed_column.number_input(
            "Seed",
            min_value=0,
            max_value=2**31 - 1,
            step=1,
            key="training.seed",
            persist_state="session",
            help="Starts all random numbers: the same seed gives the same run.",
        )
    with right:
        setting = st.radio(
            "What of the spectrogram is trained?",
            list(SETTING_TITLES),
            index=3,
            format_func=SETTING_TITLES.__getitem__,
            captions=[note for _, note in SETTING_NOTES.values()],
            key="training.setting",
            persist_state="session",
        )
    name = st.text_input(
        "Name (may stay empty)", key="training.name", placeholder="made from the preset, the setting and the time"
    )
    config = preset_config(preset, setting=cast(Setting, setting), epochs=epochs, seed=seed)
    with st.expander("Finer settings", icon=":material/tune:"):
        config = settings_form.draw(PRESETS[preset].config, config)
    _start(config, name.strip() or None, device, found, n_alive)


def _take_preset_epochs() -> None:
    st.session_state["training.epochs"] = PRESETS[st.session_state["training.preset"]].config.training.epochs


def _start(config: RunConfig, name: str | None, device: str, found: Sequence[RunState], n_alive: int) -> None:
    usable = False
    with explained():
        usable = dataset_choice.is_usable()
    if n_alive:
        st.warning(
            f"{n_alive} run{'s are' if n_alive > 1 else ' is'} training already; runs at the same time slow each other "
            "down.",
            icon=":material/speed:",
        )
    if not usable:
        st.warning("Choose a dataset on the Data page first.", icon=":material/warning:")
    row = st.container(horizontal=True, vertical_alignment="center")
    pressed = row.button("Start training", key="training.start", type="primary", disabled=not usable)
    row.caption(
        run_panel.estimate(config, dataset_choice.chosen_title(), found)
        or "How long it takes is known after a first run of this kind."
    )
    if pressed:
        folder = runs.start_run(config, state.data_root(), name=name, device=device)
        st.session_state[state.RUN] = folder.name
        st.session_state[STARTED] = True
        st.rerun()
