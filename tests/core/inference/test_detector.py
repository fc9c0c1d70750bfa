"""Made-up answers and utterances: what counts as a word, and how often."""

import numpy as np
import pytest

from core.config import KEYWORDS, LABELS, ListeningConfig
from core.errors import ConfigError
from core.inference.detector import Detector
from core.sound.speech import Utterance

HOP_S = 0.1


def answer(word, probability):
    """``probability`` for a word, the rest shared by all others."""
    probabilities = np.full(len(LABELS), (1 - probability) / (len(LABELS) - 1), np.float32)
    probabilities[LABELS.index(word)] = probability
    return probabilities


def detected(said, seconds, *, config=None, spans=None):
    """Detections along a stream.

    Args:
        said: From the time in seconds to (word, probability); None where nobody speaks.
        seconds: How long it is.
        spans: Where there is sound; None takes every time at which somebody speaks for one sound.
    """
    detector = Detector(config or ListeningConfig())
    found, smoothed = [], []
    for step in range(1, round(seconds / HOP_S) + 1):
        end_s = step * HOP_S
        word = said(end_s)
        utterances = [
            Utterance(start, min(end, end_s), min(end, end_s) - max(start, end_s - 1))
            for start, end in (spans or [(0.0, seconds)])
            if start < end_s
        ]
        average, detection = detector.update(end_s, answer(*(word or ("_silence_", 1.0))), utterances if word else [])
        smoothed.append(average)
        if detection is not None:
            found.append(detection)
    return found, smoothed


def words_of(detections):
    return [detection.word for detection in detections]


def over(start_s, end_s, word="yes", probability=0.95):
    """``word`` while any of it is in the window of a second, silence else."""
    return lambda now: (word, probability) if start_s + 0.15 < now < end_s + 0.9 else None


def test_one_utterance_fires_once_where_it_is():
    (detection,), _ = detected(over(1.0, 1.5), 5, spans=[(1.0, 1.5)])
    assert detection.word == "yes"
    assert detection.score == pytest.approx(0.95)
    assert detection.start_s == 1.0
    assert detection.end_s == pytest.approx(min(1.5, detection.heard_s))
    assert detection.heard_s == pytest.approx(1.3)


@pytest.mark.parametrize("pause_s", [0.2, 0.4, 0.8, 1.5])
def test_the_same_word_twice_in_a_row_fires_twice(pause_s):
    second = 1.5 + pause_s
    spans = [(1.0, 1.5), (second, second + 0.5)]
    # The answer is "yes" without interruption from the first to the end of the second, as real models give it.
    found, _ = detected(over(1.0, second + 0.5), 5, spans=spans)
    assert words_of(found) == ["yes", "yes"]
    assert found[0].end_s <= 1.5
    assert found[1].start_s == pytest.approx(second)
    assert found[1].heard_s - 1 <= second + 0.5


def test_three_times_fires_three_times():
    spans = [(1.0, 1.4), (1.7, 2.1), (2.4, 2.8)]
    found, _ = detected(over(1.0, 2.8), 5, spans=spans)
    assert words_of(found) == ["yes"] * 3


def test_a_word_drawn_out_over_three_seconds_fires_once():
    found, _ = detected(over(1.0, 4.0), 7, spans=[(1.0, 4.0)])
    assert words_of(found) == ["yes"]


def test_a_probability_that_flickers_while_one_word_slides_through_the_window_fires_once():
    random = np.random.default_rng(0)

    def flickering(now):
        return ("yes", 0.95 if random.random() < 0.7 else 0.0) if 1.1 < now < 2.5 else None

    config = ListeningConfig(average_s=0, minimum_count=1, refractory_s=0)
    for _ in range(20):
        found, _ = detected(flickering, 4, spans=[(1.0, 1.6)], config=config)
        assert words_of(found) == ["yes"]


def test_a_click_after_a_word_does_not_fire_it_again():
    found, _ = detected(over(1.0, 1.5), 4, spans=[(1.0, 1.5), (1.9, 1.95)])
    assert words_of(found) == ["yes"]


def test_two_words_without_a_pause_fire_one_each():
    def left_right(now):
        return ("left", 0.9) if 1.1 < now < 1.75 else ("right", 0.9) if 1.75 <= now < 2.6 else None

    found, _ = detected(left_right, 4, spans=[(1.0, 2.0)])
    assert words_of(found) == ["left", "right"]
    assert found[1].start_s >= found[0].end_s


def test_the_end_of_a_word_that_was_known_early_fires_no_other_word():
    def on_then_off(now):
        return ("on", 0.95) if 1.1 < now < 1.6 else ("off", 0.95) if 1.6 <= now < 2.5 else None

    found, _ = detected(on_then_off, 4, spans=[(1.0, 1.5)])
    assert words_of(found) == ["on"]


def test_in_noise_that_never_pauses_a_word_fires_again_once_its_probability_has_fallen():
    def twice(now):
        return ("go", 0.95 if 1 < now < 1.8 or 3 < now < 3.8 else 0.1)

    found, _ = detected(twice, 6, spans=[(0.0, 6.0)])
    assert words_of(found) == ["go", "go"]
    for detection in found:
        assert detection.heard_s - 1 <= detection.start_s + 1e-9
        assert detection.start_s < detection.end_s <= detection.heard_s


@pytest.mark.parametrize("label", ["_silence_", "_unknown_"])
def test_silence_and_unknown_words_never_fire(label):
    found, _ = detected(over(1.0, 2.0, label, 1.0), 4, config=ListeningConfig(threshold=0))
    assert found == []


def test_after_a_detection_nothing_fires_for_the_refractory_time():
    def alternating(now):
        return (KEYWORDS[int(now / 0.45) % 10], 1.0)

    spans = [(0.45 * i + 0.02, 0.45 * i + 0.3) for i in range(22)]
    for refractory_s in (0.0, 0.7, 2.0):
        config = ListeningConfig(refractory_s=refractory_s, average_s=0, minimum_count=1)
        found, _ = detected(alternating, 10, spans=spans, config=config)
        gaps = np.diff([detection.heard_s for detection in found])
        assert gaps.min() >= refractory_s - 1e-6
        assert len(found) >= 10 / max(refractory_s + 0.5, 0.55)


@pytest.mark.parametrize("count", [1, 2, 4, 8])
def test_a_word_must_stay_above_its_threshold_for_the_minimum_count(count):
    config = ListeningConfig(minimum_count=count, average_s=0)
    (detection,), _ = detected(over(1.0, 1.5), 4, spans=[(1.0, 1.5)], config=config)
    assert detection.heard_s == pytest.approx(1.2 + HOP_S * (count - 1))
    interrupted = lambda now: ("yes", 0.95 if round(now / HOP_S) % count else 0.3)  # noqa: E731
    assert detected(interrupted, 4, config=config)[0] == []


def test_the_count_is_that_of_one_word():
    changing = lambda now: (KEYWORDS[round(now / HOP_S) % 2], 0.95)  # noqa: E731
    assert detected(changing, 4, config=ListeningConfig(average_s=0))[0] == []


def test_thresholds_hold_by_word():
    config = ListeningConfig(threshold=0.7, word_thresholds=(("yes", 0.96), ("no", 0.3)))
    assert detected(over(1, 1.5, "yes", 0.95), 4, config=config)[0] == []
    assert words_of(detected(over(1, 1.5, "no", 0.35), 4, config=config)[0]) == ["no"]
    assert detected(over(1, 1.5, "go", 0.65), 4, config=config)[0] == []


def test_the_best_label_fires_and_no_other():
    config = ListeningConfig(threshold=0.05)
    assert detected(over(1, 1.5, "_unknown_", 0.5), 4, config=config)[0] == []


def test_answers_are_averaged_over_the_time_asked_for_and_begin_anew_with_each_sound():
    step = lambda now: ("yes", 1.0 if now > 1.05 else 0.0)  # noqa: E731
    _, smoothed = detected(step, 2, config=ListeningConfig(average_s=0.4, threshold=1))
    yes = [average[LABELS.index("yes")] for average in smoothed[9:15]]
    assert yes == pytest.approx([0, 0.25, 0.5, 0.75, 1, 1])
    _, smoothed = detected(over(1.0, 1.5), 2, spans=[(1.0, 1.5)])
    first = smoothed[11]
    assert first[LABELS.index("yes")] == pytest.approx(0.95)


def test_while_nobody_speaks_all_is_silence():
    _, smoothed = detected(lambda _now: None, 1)
    for average in smoothed:
        assert average[LABELS.index("_silence_")] == 1
        assert average.sum() == 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"hop_s": 0}, "hop_s"),
        ({"hop_s": 3}, "hop_s"),
        ({"threshold": 1.2}, "threshold"),
        ({"threshold": float("nan")}, "threshold"),
        ({"average_s": -1}, "average_s"),
        ({"minimum_count": 0}, "minimum_count"),
        ({"refractory_s": float("inf")}, "refractory_s"),
        ({"word_thresholds": (("_unknown_", 0.5),)}, "_unknown_"),
        ({"word_thresholds": (("yes", 2.0),)}, "yes"),
        ({"word_thresholds": (("yes", 0.5), ("yes", 0.6))}, "twice"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings, words):
    with pytest.raises(ConfigError, match=words):
        ListeningConfig(**settings)
