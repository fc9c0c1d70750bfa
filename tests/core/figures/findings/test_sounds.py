"""What is heard in a sound, and what is said of silence."""

import numpy as np
import pytest

from core.config import LABELS
from core.figures.findings import sounds as findings
from core.figures.style import NBSP
from core.records.answers import Detection, Prediction, WordsAlong


def plain(text):
    return text.replace(NBSP, " ")


def prediction(*ranking):
    return Prediction(0.0, 1.0, ranking, np.zeros((40, 101), np.float32))


def along(*detections, probabilities=None):
    n = 10
    table = np.zeros((n, len(LABELS)), np.float32) if probabilities is None else probabilities
    found = tuple(Detection(word, 0.9, start, start + 0.5, start + 0.7) for word, start in detections)
    return WordsAlong(LABELS, np.arange(1, n + 1) / 1.0, table, found, 10.0)


def test_a_waveform_is_loudest_where_its_largest_sample_lies():
    samples = np.zeros(16_000, np.float32)
    samples[8000] = -0.5
    assert plain(findings.waveform(samples, 16_000, 2.0)) == "Loudest at 2.50 s: −6.0 dB of full scale."
    samples[4000] = 1.0
    assert plain(findings.waveform(samples, 16_000, 0.0)).startswith("Overdriven: at 0.25 s")


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        (np.zeros(0, np.float32), "There is no sound to show."),
        (np.zeros(9, np.float32), "Digital silence: every sample is zero."),
        (np.float32([0.1, np.nan]), "The sound holds values that are not numbers."),
    ],
)
def test_no_sound_silence_and_broken_sound_are_said(samples, said):
    assert findings.waveform(samples, 16_000, 0.0) == said


def test_a_spectrogram_is_loudest_in_a_band_and_at_a_time():
    log_mel = np.zeros((3, 5), np.float32)
    log_mel[2, 4] = 1
    assert plain(findings.loudest(log_mel, 1.0, 0.01, np.array([100.0, 500, 2000]))) == (
        "Loudest in band 2 (about 2,000 Hz) at 1.04 s."
    )
    assert plain(findings.loudest(log_mel, 1.0, 0.01, None)) == "Loudest in band 2 at 1.04 s."
    assert "same everywhere" in findings.loudest(0 * log_mel, 1.0, 0.01, None)
    assert "nothing" in findings.loudest(np.nan * log_mel, 1.0, 0.01, None)


def test_the_band_that_changed_most_on_a_clip_is_told_in_decibels():
    initial = np.zeros((3, 5))
    learned = initial.copy()
    learned[1] -= np.log(10)
    assert plain(findings.two_spectrograms(initial, learned, None, trained=True)) == (
        "Band 1 changed most on this clip: −10.0 dB on average."
    )
    assert "as the initial ones do" in findings.two_spectrograms(initial, initial, None, trained=True)
    assert "Nothing of the spectrogram was trained" in findings.two_spectrograms(initial, initial, None, trained=False)


def test_the_loudest_and_the_quietest_gain_are_told_and_none_where_there_is_none():
    assert plain(findings.band_gains(np.array([0.0, 6.0, -2.0]), None)) == (
        "Band 1 gained most (+6.0 dB), band 2 lost most (−2.0 dB)."
    )
    assert plain(findings.band_gains(np.array([1.0, 6.0]), None)) == "Band 1 gained most (+6.0 dB)."
    assert "No band" in findings.band_gains(np.zeros(3), None)
    assert "Nothing differs" in findings.beyond_gain(np.zeros((3, 4)), None)
    assert plain(findings.beyond_gain(np.array([[0.0, 0.0], [-2.0, 2.0]]), None)) == (
        "Beyond its gain, band 1 differs most: by 2.0 dB on average."
    )


def test_an_answer_below_half_is_called_unsure():
    assert plain(findings.answer(prediction(("yes", 0.9), ("_unknown_", 0.05)))) == (
        "Heard “yes” (90.0 %), next “unknown” (5.0 %)."
    )
    assert plain(findings.answer(prediction(("yes", 0.4), ("no", 0.3)))).startswith("Unsure, at best “yes” (40.0 %)")


def test_an_answer_to_a_clip_is_right_or_wrong_and_told_for_the_initial_filters_too():
    labels = ("yes", "no")
    assert plain(findings.answers_to_clip(labels, [0.9, 0.1], None, "yes")) == "Right: “yes” (90.0 %)."
    assert plain(findings.answers_to_clip(labels, [0.9, 0.1], [0.2, 0.8], "no")) == (
        "Wrong: “yes” (90.0 %) instead of “no”; through the initial filters “no” (80.0 %)."
    )
    assert findings.answers_to_clip(labels, [0.9, 0.1], [0.9, 0.1], "yes").endswith(
        "the same through the initial filters."
    )
    assert plain(findings.answers_to_clip(labels, [0.9, 0.1], [0.7, 0.3], "")) == (
        "Heard “yes” (90.0 %); through the initial filters 70.0 %."
    )


def test_detected_words_are_named_and_many_are_counted():
    assert plain(findings.words_along(along(("yes", 1.0), ("no", 3.0)))) == (
        "2 words detected in 10.0 s: “yes” at 1.0 s, “no” at 3.0 s."
    )
    many = along(*(("yes", float(at)) for at in range(3)), ("no", 5.0), ("go", 6.0), ("up", 7.0))
    assert plain(findings.words_along(many)) == "6 words detected in 10.0 s: “yes” × 3, “no” × 1, “go” × 1 …."


def test_without_a_word_the_nearest_is_told():
    table = np.zeros((10, len(LABELS)), np.float32)
    table[:, LABELS.index("_silence_")] = 1
    assert "nor anything like one" in findings.words_along(along(probabilities=table))
    table[3, LABELS.index("go")] = 0.43
    assert plain(findings.words_along(along(probabilities=table))) == "No word was detected; nearest was “go” (43.0 %)."
