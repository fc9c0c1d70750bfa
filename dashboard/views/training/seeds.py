"""A run to be repeated with several seeds: the form of the grid is filled in, and waits there for Start."""

from __future__ import annotations

import streamlit as st

from core.config import RunConfig, Vocabulary

VOCABULARY = "grid.vocabulary"
"""Session-state key: the labels of the run that is to be repeated."""

PLANNED = "grid.planned"
"""Session-state key: whether the form waits for Start."""


def is_planned() -> bool:
    """Whether the form was filled in on another page."""
    return bool(st.session_state.get(PLANNED))


def vocabulary() -> Vocabulary | None:
    """What the run that is to be repeated tells apart; None where no run waits for that."""
    return Vocabulary.of_labels(st.session_state[VOCABULARY]) if is_planned() else None


def plan_seeds(config: RunConfig) -> None:
    """Fill the form in: the training of a run three times, with a fixed spectrogram (and PCEN) beside it."""
    front_end = config.front_end
    basis = "random" if front_end.mel_start == "random" else front_end.mel_shape
    st.session_state["grid.models"] = [config.preset]
    st.session_state["grid.settings"] = sorted({"A", front_end.setting})
    st.session_state["grid.bases"] = ["mel" if basis == "free" else basis]
    st.session_state["grid.n_mels"] = [front_end.n_mels]
    st.session_state["grid.pcens"] = ["fixed", "learned"] if front_end.pcen == "learned" else [front_end.pcen]
    st.session_state["grid.seeds"] = 3
    st.session_state[f"grid.epochs.{config.preset}"] = config.training.epochs
    st.session_state[VOCABULARY] = config.vocabulary.labels
    st.session_state[PLANNED] = True
