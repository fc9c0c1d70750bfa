"""What an evaluation is worth in detail: words, mix-ups, calibration, thresholds, speakers, level and noise.

Records of finished numbers and the functions that compute them from an ``Evaluation``, whose answers are kept: no model
and, except for level and noise, no sound is needed. Nothing here imports torch, so figures can take the records.
"""

from core.metrics.calibration import Binning, Reliability, reliability
from core.metrics.confusion import (
    WordAnswers,
    cell_clips,
    clip_losses,
    common_cells,
    confusion_order,
    unknown_words,
    worst_clips,
)
from core.metrics.detection import DetectionCurve, ThresholdCosts, detection_curves, threshold_costs
from core.metrics.groups import chance_of_differences, file_speakers, group_scores, quartile_scores
from core.metrics.levels import ClipLevels, clip_levels
from core.metrics.words import WordScores, word_scores

__all__ = [
    "Binning",
    "ClipLevels",
    "DetectionCurve",
    "Reliability",
    "ThresholdCosts",
    "WordAnswers",
    "WordScores",
    "cell_clips",
    "chance_of_differences",
    "clip_levels",
    "clip_losses",
    "common_cells",
    "confusion_order",
    "detection_curves",
    "file_speakers",
    "group_scores",
    "quartile_scores",
    "reliability",
    "threshold_costs",
    "unknown_words",
    "word_scores",
    "worst_clips",
]
