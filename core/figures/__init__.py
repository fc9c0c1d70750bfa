"""Figures: finished records in, plotly figures out. They read no files, change no input and show nothing."""

from core.figures.answers import ranked_words, word_timeline
from core.figures.calibration import reliability_diagram
from core.figures.clip import answer_bars, log_mel_pair
from core.figures.compared_filters import compared_change, compared_filter, compared_mel_filters
from core.figures.comparison import (
    accuracy_gains,
    compared_curves,
    confusion_difference,
    run_accuracies,
    word_gains,
)
from core.figures.confusion import class_scores_bars, confusion_matrix, unknown_matrix
from core.figures.cost import accuracy_against_cost
from core.figures.counts import class_counts
from core.figures.curves import filter_movement, training_curves
from core.figures.detection_curves import det_curves, roc_curves, threshold_cost_curves
from core.figures.evolution import kernel_evolution, mel_evolution
from core.figures.filter_measures import band_sensitivity, filter_spans, filter_widths, gain_by_filter
from core.figures.filterbank import mel_change, mel_filters, mel_heatmaps, one_mel_filter, overlaid_mel_filters
from core.figures.gain_map import gain_map
from core.figures.grid import grid_accuracy, grid_gains
from core.figures.groups import accuracy_by_group, accuracy_by_range
from core.figures.hearing import filter_response, heard_gain, heard_log_mel, heard_rest
from core.figures.kernels import kernel_changes, kernel_heatmaps, kernel_spectrum, kernel_time
from core.figures.overview import overview_picture
from core.figures.pcen import pcen_bands
from core.figures.robustness import accuracy_by_noise, accuracy_when_changed, right_by_word
from core.figures.room import before_and_after
from core.figures.sound import log_mel_image, waveform
from core.figures.speed import speed_bars, speed_parts
from core.figures.speed_over_time import speed_history
from core.figures.stream import misses_against_false_alarms

__all__ = [
    "accuracy_against_cost",
    "accuracy_by_group",
    "accuracy_by_noise",
    "accuracy_by_range",
    "accuracy_gains",
    "accuracy_when_changed",
    "answer_bars",
    "band_sensitivity",
    "before_and_after",
    "class_counts",
    "class_scores_bars",
    "compared_change",
    "compared_curves",
    "compared_filter",
    "compared_mel_filters",
    "confusion_difference",
    "confusion_matrix",
    "det_curves",
    "filter_movement",
    "filter_response",
    "filter_spans",
    "filter_widths",
    "gain_by_filter",
    "gain_map",
    "grid_accuracy",
    "grid_gains",
    "heard_gain",
    "heard_log_mel",
    "heard_rest",
    "kernel_changes",
    "kernel_evolution",
    "kernel_heatmaps",
    "kernel_spectrum",
    "kernel_time",
    "log_mel_image",
    "log_mel_pair",
    "mel_change",
    "mel_evolution",
    "mel_filters",
    "mel_heatmaps",
    "misses_against_false_alarms",
    "one_mel_filter",
    "overlaid_mel_filters",
    "overview_picture",
    "pcen_bands",
    "ranked_words",
    "reliability_diagram",
    "right_by_word",
    "roc_curves",
    "run_accuracies",
    "speed_bars",
    "speed_history",
    "speed_parts",
    "threshold_cost_curves",
    "training_curves",
    "unknown_matrix",
    "waveform",
    "word_gains",
    "word_timeline",
]
