"""An engine on real words: chunks do not matter, words are detected once each, and the same word twice twice."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.config import CLIP_SAMPLES, KEYWORDS, LABELS, SAMPLE_RATE, ListeningConfig
from core.errors import AudioError
from core.inference import Engine
from core.inference.classifier import Classifier
from tests.browser.sounds import spoken, with_pauses
from tests.core.conftest import CHECKPOINTS


def detections(engine, samples, rate=SAMPLE_RATE):
    engine.reset()
    decisions = engine.feed(samples, rate) + engine.finish()
    return [decision.detection for decision in decisions if decision.detection is not None]


def assert_equal(decisions, others):
    assert len(decisions) == len(others)
    for one, other in zip(decisions, others, strict=True):
        assert one.end_s == other.end_s
        assert one.detection == other.detection
        assert (one.speaking, one.level_db) == (other.speaking, other.level_db)
        for name in ("probabilities", "smoothed", "log_mel"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.fixture(scope="module")
def track(speech_commands_root):
    """Twenty keywords, each a second, with 0.6 s of silence between them."""
    said = [(word, number) for number in (1, 2) for word in KEYWORDS]
    clips = [spoken(speech_commands_root, word, number) for word, number in said]
    return [word for word, _ in said], with_pauses(clips, 0.6)


@settings(max_examples=15)
@given(
    rate=st.sampled_from([8_000, 16_000, 22_050, 44_100, 48_000]),
    n_channels=st.integers(1, 2),
    dtype=st.sampled_from(["int16", "float32"]),
    sizes=st.lists(st.integers(0, 6_000), min_size=1, max_size=20),
)
def test_the_same_sound_gives_the_same_decisions_whatever_the_chunks(shipped, track, rate, n_channels, dtype, sizes):
    # Read at another rate a word is lower or higher, and a sound like any other.
    samples = np.stack([track[1][: 2 * rate]] * n_channels, axis=1)
    samples[:, -1] *= 0.5
    samples = np.round(samples * 32767).astype(np.int16) if dtype == "int16" else samples
    samples = samples[:, 0] if n_channels == 1 else samples
    engine = Engine(shipped("linear-A"))
    together = engine.feed(samples, rate) + engine.finish()
    engine.reset()
    chunks = np.split(samples, np.minimum(np.cumsum(sizes), len(samples)))
    apart = [decision for chunk in chunks for decision in engine.feed(chunk, rate)] + engine.finish()
    assert_equal(apart, together)
    assert len(together) >= 20


@pytest.mark.parametrize("run", ["bcresnet-3-D", "bcresnet-1-A", "linear-B", "linear-C"])
def test_decisions_are_the_models_answers_to_whole_seconds(shipped, track, run):
    classifier = shipped(run)
    samples = track[1][: 4 * SAMPLE_RATE]
    decisions = Engine(classifier).feed(samples)
    assert [decision.end_s for decision in decisions] == pytest.approx([0.1 * n for n in range(1, 41)])
    padded = np.concatenate([np.zeros(CLIP_SAMPLES, np.float32), samples])
    for number, decision in enumerate(decisions, 1):
        prediction = classifier.classify(padded[number * 1_600 : number * 1_600 + CLIP_SAMPLES])
        expected = [dict(prediction.ranking)[label] for label in LABELS]
        np.testing.assert_allclose(decision.probabilities, expected, atol=1e-4)
        np.testing.assert_allclose(decision.log_mel, prediction.log_mel[:, 89:99], atol=1e-4)
        newest = padded[(number - 1) * 1_600 + CLIP_SAMPLES :][:1_600].astype(float)
        assert decision.level_db == pytest.approx(10 * np.log10(max(np.mean(newest**2), 1e-10)), abs=1e-6)


def test_twenty_keywords_are_detected_once_each(shipped, track, speech_commands_root):
    said, samples = track
    found = detections(Engine(shipped("bcresnet-3-D")), samples)
    by_place = [[] for _ in said]
    for detection in found:
        number = int((detection.start_s - 0.3) / 1.6)
        by_place[number].append(detection.word)
        assert 0.5 + 1.6 * number <= detection.start_s < detection.end_s <= 1.7 + 1.6 * number
        assert detection.end_s - 0.011 <= detection.heard_s <= detection.end_s + 1
    assert max(map(len, by_place)) == 1
    right = sum(words == [word] for word, words in zip(said, by_place, strict=True))
    # 17 of the real recordings, 15 of the demo words, whose synthetic voices are strangers to the model.
    assert right >= (14 if speech_commands_root is None else 16)


@pytest.mark.parametrize("word", ["yes", "left", "right", "go"])
def test_the_same_word_twice_in_a_row_is_detected_twice(shipped, speech_commands_root, word):
    engine = Engine(shipped("bcresnet-3-D"))
    clip = next(
        clip
        for clip in (spoken(speech_commands_root, word, number) for number in range(12))
        if [found.word for found in detections(engine, with_pauses([clip], 0.4))] == [word]
    )
    loud = np.flatnonzero(np.abs(clip) > 0.05 * np.abs(clip).max())
    close = clip[max(0, loud[0] - 400) : loud[-1] + 400]
    for pair in (with_pauses([clip, clip], 0.4), with_pauses([close, close], 0.4)):
        assert [found.word for found in detections(engine, pair)] == [word, word]


def test_a_word_at_the_very_beginning_and_one_at_the_very_end_are_detected(shipped, speech_commands_root):
    engine = Engine(shipped("bcresnet-3-D"))
    clips = [spoken(speech_commands_root, word) for word in ("yes", "left")]
    close = [clip[: np.flatnonzero(np.abs(clip) > 0.03).max() + 1] for clip in clips]
    close[0] = close[0][np.flatnonzero(np.abs(close[0]) > 0.03).min() :]
    samples = with_pauses(close, 1.0)[SAMPLE_RATE:-SAMPLE_RATE]
    found = detections(engine, samples)
    assert [detection.word for detection in found] == ["yes", "left"]
    assert found[0].start_s == 0
    assert found[1].end_s <= engine.seconds == len(samples) / SAMPLE_RATE


def test_silence_and_hiss_and_steady_noise_give_no_word(shipped, hiss):
    engine = Engine(shipped("bcresnet-3-D"))
    for level_db in (-100, -70, -50, -30, -15):
        assert detections(engine, hiss(12, level_db)) == []
    for decision in (engine.reset(), engine.feed(hiss(3, -75)))[1]:
        assert not decision.speaking
        assert decision.smoothed[LABELS.index("_silence_")] == 1


def held(clip, seconds):
    """A word whose loudest tenth of a second goes on and on, each time faded into the next."""
    loudest = int(np.argmax(np.convolve(clip**2, np.ones(1_600), "valid")))
    part, fade = clip[loudest : loudest + 1_600], np.linspace(0, 1, 320)
    loop = part[320:].copy()
    loop[-320:] = loop[-320:] * fade[::-1] + part[:320] * fade
    return np.concatenate([clip[: loudest + 320], np.tile(loop, round(seconds * SAMPLE_RATE / len(loop)))])


@pytest.mark.parametrize("run", ["bcresnet-3-A", "bcresnet-1-D", "linear-D"])
@pytest.mark.parametrize("hz", [440, 1000, 2000])
def test_a_tone_that_is_held_is_one_word_at_most(shipped, hiss, run, hz):
    tone = 0.3 * np.sin(2 * np.pi * hz * np.arange(10 * SAMPLE_RATE) / SAMPLE_RATE)
    sound = np.concatenate([np.zeros(SAMPLE_RATE), tone, np.zeros(SAMPLE_RATE)]) + hiss(12, -65)
    assert len(detections(Engine(shipped(run)), sound.astype(np.float32))) <= 1


@pytest.mark.parametrize("run", ["bcresnet-3-A", "bcresnet-1-A"])
@pytest.mark.parametrize("word", ["off", "no", "go", "left"])
def test_a_word_that_is_held_counts_once_and_the_next_one_too(shipped, hiss, speech_commands_root, run, word):
    clips = [held(spoken(speech_commands_root, word, 1), 6), spoken(speech_commands_root, "yes", 1)]
    sound, end_s = with_pauses(clips, 0.8), 0.8 + len(clips[0]) / SAMPLE_RATE
    found = detections(Engine(shipped(run)), (sound + hiss(len(sound) / SAMPLE_RATE, -65)).astype(np.float32))
    assert len([one for one in found if one.start_s < end_s]) <= 1
    assert [one.word for one in found if one.start_s >= end_s] == ["yes"]


def test_knobs_are_changed_at_once_and_nothing_is_forgotten(shipped, track):
    classifier, samples = shipped("linear-A"), track[1][: 3 * SAMPLE_RATE]
    engine = Engine(classifier)
    engine.feed(samples[:20_800])
    engine.configure(ListeningConfig(hop_s=0.05, threshold=0))
    decisions = engine.feed(samples[20_800:])
    assert [decision.end_s for decision in decisions[:3]] == pytest.approx([1.35, 1.4, 1.45])
    for decision in decisions[::7]:
        end = round(decision.end_s * SAMPLE_RATE)
        window = samples[end - CLIP_SAMPLES : end]
        expected = dict(classifier.classify(window).ranking)
        np.testing.assert_allclose(decision.probabilities, [expected[label] for label in LABELS], atol=1e-4)
    assert decisions[-1].log_mel.shape == (40, 5)


def test_a_hop_that_is_no_whole_number_of_frames_is_rounded(shipped, track):
    decisions = Engine(shipped("linear-A"), ListeningConfig(hop_s=0.123)).feed(track[1][:SAMPLE_RATE])
    assert decisions[0].end_s == pytest.approx(0.12)


def test_nothing_is_heard_of_what_is_refused(shipped, track):
    engine, spared = Engine(shipped("linear-A")), Engine(shipped("linear-A"))
    samples = track[1][:24_000]
    engine.feed(samples[:8_000])
    for wrong, rate in ((np.array([np.nan]), 16_000), (samples, 44_100), (np.zeros((2, 2, 2)), 16_000)):
        with pytest.raises(AudioError):
            engine.feed(wrong, rate)
    assert engine.seconds == 0.5
    assert_equal(engine.feed(samples[8_000:]), spared.feed(samples)[5:])


def test_after_its_end_a_stream_takes_no_more_until_it_is_reset(shipped):
    engine = Engine(shipped("linear-A"))
    engine.feed(np.zeros(900, np.int16))
    assert len(engine.finish()) >= 10
    assert engine.finish() == []
    with pytest.raises(AudioError, match="reset"):
        engine.feed(np.zeros(9, np.int16))
    engine.reset()
    assert engine.seconds == 0
    engine.feed(np.zeros(9, np.int16), 44_100)


def test_decisions_hold_no_more_memory_than_they_show(shipped, hiss):
    for decision in Engine(shipped("bcresnet-1-D")).feed(hiss(0.3, -40)):
        for array in (decision.probabilities, decision.smoothed, decision.log_mel):
            assert array.base is None or array.base.nbytes <= array.nbytes


def test_a_decision_takes_one_thread_and_leaves_the_others_theirs(shipped):
    before = torch.get_num_threads()
    seen = []

    class Watched:
        checkpoint = shipped("linear-A").checkpoint
        vocabulary = shipped("linear-A").vocabulary
        probabilities = shipped("linear-A").probabilities
        stream = shipped("linear-A").stream

        def log_mel(self, clips):
            with ThreadPoolExecutor(1) as other:
                seen.append((torch.get_num_threads(), other.submit(torch.get_num_threads).result()))
            return shipped("linear-A").log_mel(clips)

    Engine(Watched()).feed(np.zeros(3_200, np.int16))
    assert seen == [(1, before), (1, before)]
    assert torch.get_num_threads() == before


@pytest.mark.cuda
def test_a_gpu_hears_the_same(shipped, track):
    samples = track[1]
    on_gpu = Engine(Classifier(CHECKPOINTS / "shipped-bcresnet-3-D", "cuda"))
    on_cpu = Engine(shipped("bcresnet-3-D"))
    decisions, expected = on_gpu.feed(samples), on_cpu.feed(samples)
    for one, other in zip(decisions, expected, strict=True):
        np.testing.assert_allclose(one.probabilities, other.probabilities, atol=5e-3)
        np.testing.assert_allclose(one.log_mel, other.log_mel, atol=1e-2)
    assert [d.detection.word for d in decisions if d.detection] == [d.detection.word for d in expected if d.detection]
