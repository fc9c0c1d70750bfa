"""Listening: sound in at any rate and chunk size, a decision every tenth of a second, detected words out."""

from core.inference.engine import Engine
from core.inference.listening import Listening

__all__ = ["Engine", "Listening"]
