"""Earshot's engine: data, trainable front end, models, training, evaluation. No user interface."""

__version__ = "0.1.0"
