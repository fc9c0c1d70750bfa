"""The few errors a user can meet. Each message says what was wrong, what was given, what is allowed, what to do."""

from __future__ import annotations


class KeywordSpottingError(Exception):
    """Base of every error meant for a person; pages and the command line show its text."""


class ConfigError(KeywordSpottingError, ValueError):
    """A setting has a value that cannot work."""


class DataError(KeywordSpottingError):
    """A dataset, a download or a pack is missing, incomplete or damaged."""


class AudioError(KeywordSpottingError):
    """A sound file or recording cannot be read or used."""


class MicrophoneError(KeywordSpottingError):
    """The computer's sound card cannot be used, or no longer."""


class CheckpointError(KeywordSpottingError):
    """A file of trained weights is missing, damaged or not one of ours."""


class RunError(KeywordSpottingError):
    """A training run cannot be started, found, stopped or resumed."""


class BenchmarkError(KeywordSpottingError):
    """A measurement could not be finished."""
