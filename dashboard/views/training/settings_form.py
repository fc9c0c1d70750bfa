"""A form made from the settings themselves: one input for each field, with the field's own words as help."""

from __future__ import annotations

import ast
import dataclasses
import functools
import inspect
import itertools
import threading
import typing
from typing import Any

import streamlit as st

from core.config import (
    MEL_SHAPES,
    MEL_STARTS,
    PCENS,
    STFT_STARTS,
    AugmentConfig,
    FrontEndConfig,
    RunConfig,
    TrainingConfig,
    parse_span,
)

STEP_FIELDS = ("batch_size", "learning_rate", "mel_rate", "stft_rate", "pcen_rate", "weight_decay", "momentum")
NOISE_FIELDS = ("time_shift_ms", "noise_probability", "noise_amplitude")

GROUPS: dict[str, tuple[str, type, list[str]]] = {
    "training": (
        "How it learns",
        TrainingConfig,
        [*STEP_FIELDS, "schedule", "balance", "products", "cache_mb"],
    ),
    "front_end": (
        "Spectrogram",
        FrontEndConfig,
        ["n_mels", "n_fft", "hop_length", "fmin", "mel_start", "mel_shape", "stft_start", "pcen", "masked_bins"],
    ),
    "augment": (
        "Changes made to training clips",
        AugmentConfig,
        [*NOISE_FIELDS, "frequency_masks", "frequency_mask_bins", "time_masks", "time_mask_frames"],
    ),
}
"""What can be changed, by part of a ``RunConfig``: heading, class, fields. The rest is the preset's business."""

LABELS = {
    "n_mels": "Mel filters",
    "n_fft": "Frame (samples)",
    "hop_length": "Hop (samples)",
    "fmin": "Lowest frequency (Hz)",
    "mel_rate": "Step of the mel filters",
    "stft_rate": "Step of the STFT kernels",
    "batch_size": "Clips a step",
    "learning_rate": "Learning rate",
    "time_shift_ms": "Time shift (ms)",
    "balance": "Drawing of clips",
    "mel_start": "Mel filters before training",
    "mel_shape": "What of mel filters learns",
    "stft_start": "STFT kernels before training",
    "pcen": "What follows the mel filters",
    "pcen_rate": "Step of PCEN",
    "masked_bins": "Bins never heard (first-last)",
    "products": "Number format of products",
    "pull": "Pull back after an epoch",
    "cache_mb": "Memory for spectrograms (MB)",
}


MEANINGS = {"mel_start": MEL_STARTS, "stft_start": STFT_STARTS, "mel_shape": MEL_SHAPES, "pcen": PCENS}
"""Choices that are shown as what they mean."""


READING = threading.Lock()
"""Held while source is read: CPython before 3.11.8 and 3.12.2 mixes up syntax trees that two threads build at once, and
raises a SystemError (cpython gh-106905)."""


def field_notes(kind: type) -> dict[str, str]:
    """The sentence that stands below each field in the source of a config class.

    >>> field_notes(TrainingConfig)["batch_size"]
    'Clips a step.'
    """
    with READING:
        return _field_notes(kind)


@functools.cache
def _field_notes(kind: type) -> dict[str, str]:
    body = typing.cast(ast.ClassDef, ast.parse(inspect.getsource(kind)).body[0]).body
    notes = {}
    for field, note in itertools.pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(note, ast.Expr):
            notes[field.target.id] = str(ast.literal_eval(note.value))
    return notes


def draw(base: RunConfig, config: RunConfig, *, place: str = "") -> RunConfig:
    """Inputs for the finer settings; answers ``config`` with what differs from the usual ones in ``base``.

    A run that begins with a trained model keeps its spectrogram, and can be pulled back to it.

    Args:
        base: Usual settings of the preset, or of a run that begins with a model.
        config: What was chosen already.
        place: Tells the inputs of one base from those of another; empty for the preset's name.

    Raises:
        ConfigError: If a value cannot work.
    """
    for group, (heading, kind, names) in GROUPS.items():
        if base.start.name and group == "front_end":
            continue
        if base.start.name and group == "training":
            names = [*names, "pull"]
        st.markdown(f"**{heading}**")
        columns = st.columns(4)
        changes = {}
        for number, name in enumerate(names):
            usual = getattr(getattr(base, group), name)
            with columns[number % 4]:
                value = _input(kind, name, usual, key=f"training.{place or base.preset}.{group}.{name}")
            if value != usual:
                changes[name] = value
        if changes:
            # Only what was changed is replaced: the epochs scale some of the preset's own values.
            config = dataclasses.replace(config, **{group: dataclasses.replace(getattr(config, group), **changes)})
    return config


def _meaning(name: str, option: Any) -> str:
    return MEANINGS.get(name, {}).get(option, str(option))


def _input(kind: type, name: str, value: Any, key: str) -> Any:
    hint = typing.get_type_hints(kind)[name]
    label = LABELS.get(name, name.replace("_", " ").capitalize())
    note = field_notes(kind).get(name)
    if typing.get_origin(hint) is typing.Literal:
        options = list(typing.get_args(hint))
        return st.selectbox(
            label,
            options,
            options.index(value),
            key=key,
            persist_state="session",
            help=note,
            format_func=functools.partial(_meaning, name),
        )
    if name == "masked_bins":
        text = st.text_input(label, key=key, persist_state="session", help=note, placeholder="none; or 25-49")
        return parse_span(text, label) if text.strip() else None
    if hint is bool:
        return st.checkbox(label, value, key=key, persist_state="session", help=note)
    if hint is int:
        return st.number_input(label, value=value, step=1, key=key, persist_state="session", help=note)
    assert hint is float, f"no input for {name}: {hint}"
    return st.number_input(
        label, value=float(value), step=value / 10 or 0.1, format="%g", key=key, persist_state="session", help=note
    )
