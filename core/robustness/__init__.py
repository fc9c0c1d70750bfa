"""How well models do on clips that are noisy, late, loud, quiet, fast or slow."""

from core.robustness.clips import Changer, checkpoint_hash
from core.robustness.kept import as_csv, kept_path, load, save
from core.robustness.measure import N_CLIPS, measure
from core.robustness.noises import Background, background

__all__ = [
    "N_CLIPS", "Background", "Changer", "as_csv", "background", "checkpoint_hash", "kept_path", "load", "measure",
    "save",
]  # fmt: skip
