"""Listening: sound in at any rate and chunk size, a decision every tenth of a second, detected words out."""

from core.streaming.engine import Engine
from core.streaming.listening import Listening

__all__ = ["Engine", "Listening"]
