"""The trainable front end: waveform in, log-mel spectrogram out."""

from core.frontend.mel import TrainableMel

__all__ = ["TrainableMel"]
