"""The energy gate: silence, hiss and steady noise are nobody speaking; words are, in noise as loud as they are too."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import CLIP_SAMPLES, SAMPLE_RATE
from core.sound.levels import to_db
from core.sound.speech import Speech, utterances_along


def heard(samples):
    speech = Speech()
    speech.hear(samples)
    return speech


def opened(samples, hop=1_600):
    """For each hop of a stream, whether the gate is open at its end."""
    speech = Speech()
    answers = []
    for start in range(0, len(samples) - hop + 1, hop):
        speech.hear(samples[start : start + hop])
        answers.append(speech.speaking())
    return answers


def keywords(words, n):
    """Validation clips of keywords, and the mean power of each while it is spoken."""
    rows = np.flatnonzero((words.splits == "validation") & (words.labels < 10))[::7][:n]
    for row in rows:
        clip = words.clip(int(row))
        power = np.square(clip).reshape(100, -1).mean(axis=1)
        yield clip, float(power[power > power.max() / 1000].mean())


@pytest.mark.parametrize("level_db", [None, -90, -70, -62])
def test_silence_and_the_hiss_of_a_microphone_are_not_speech(hiss, level_db):
    sound = np.zeros(3 * SAMPLE_RATE, np.float32) if level_db is None else hiss(3, level_db)
    assert not any(opened(sound))
    assert heard(sound).utterances() == []


@pytest.mark.parametrize("level_db", [-55, -40, -27])
def test_steady_noise_is_not_speech_once_it_is_known(hiss, level_db):
    answers = opened(hiss(8, level_db))
    assert not any(answers[10:])


def test_a_fan_that_is_switched_on_is_the_room_after_five_seconds(hiss):
    answers = opened(np.concatenate([hiss(6, -65), hiss(12, -35)]))
    assert not any(answers[10:60])
    assert all(answers[60:100])
    assert not any(answers[120:])


def test_pink_noise_is_not_speech_although_its_rumble_is_loud_and_unsteady(hiss):
    spectrum = np.fft.rfft(hiss(20, -30))
    pink = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 20))).astype(np.float32)
    pink *= 0.03 / pink.std()
    assert not any(opened(pink)[20:])


def test_words_are_speech(words, hiss):
    answers = []
    for clip, _ in keywords(words, 60):
        stream = np.concatenate([hiss(2, -65), clip + hiss(1, -65, seed=1)])
        answers.append(heard(stream).speaking())
    assert np.mean(answers) >= 0.98


def test_words_as_loud_as_steady_noise_are_let_through(words, hiss):
    answers = []
    for clip, power in keywords(words, 60):
        noise = hiss(6, 10 * np.log10(power))
        noise[-CLIP_SAMPLES:] += clip
        answers.append(heard(np.clip(noise, -1, 1)).speaking())
    assert np.mean(answers) >= 0.95


def test_a_word_at_the_very_beginning_is_heard(words):
    clip, _ = next(keywords(words, 1))
    start = int(np.argmax(np.abs(clip) > 0.3 * np.abs(clip).max()))
    assert any(opened(clip[start:], hop=800)[:4])


def test_utterances_lie_where_the_sound_is_and_are_cut_at_pauses(hiss):
    stream = hiss(4, -70)
    spans = [(2.2, 2.5), (2.6, 2.8), (3.2, 3.6)]
    for start, end in spans:
        stream[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)] += hiss(end - start, -30)
    first, second = heard(stream).utterances()
    # A tenth of a second is a stop within a word.
    assert (first.start_s, first.end_s) == pytest.approx((2.2, 2.8), abs=0.02)
    assert (second.start_s, second.end_s) == pytest.approx((3.2, 3.6), abs=0.02)
    assert first.energy < second.energy


def test_an_echo_far_below_the_word_is_not_part_of_it(hiss):
    stream = hiss(3, -90)
    stream[2 * SAMPLE_RATE : 2 * SAMPLE_RATE + 8_000] += hiss(0.5, -10)
    stream[2 * SAMPLE_RATE + 8_000 :] += hiss(0.5, -45)
    (utterance,) = heard(stream).utterances()
    assert utterance.end_s == pytest.approx(2.5, abs=0.03)


@given(sizes=st.lists(st.integers(0, 5_000), min_size=1, max_size=12))
def test_chunks_do_not_matter(sizes):
    stream = (0.1 * np.random.default_rng(0).standard_normal(sum(sizes))).astype(np.float32)
    apart = Speech()
    for chunk in np.split(stream, np.cumsum(sizes)):
        apart.hear(chunk)
    together = heard(stream)
    assert apart.floor_db() == together.floor_db()
    assert apart.utterances() == together.utterances()


@pytest.mark.parametrize("hop", [100, 1_440, 1_600, 8_000, 7 * SAMPLE_RATE])
def test_a_whole_recording_is_heard_as_its_stream_is(words, hop):
    """Words with pauses and without, in quiet, in noise that sets in, and in noise that goes."""
    clips = [clip for clip, _ in keywords(words, 12)]
    sound = np.concatenate([*clips, *(clip[4_000:12_000] for clip in clips), np.zeros(SAMPLE_RATE, np.float32), *clips])
    noise = 0.03 * np.random.default_rng(0).standard_normal(8 * SAMPLE_RATE)
    sound[5 * SAMPLE_RATE : 13 * SAMPLE_RATE] += noise.astype(np.float32)
    sound = sound[: 25 * SAMPLE_RATE + 77]
    speech, expected = Speech(), []
    for start in range(0, len(sound) - hop + 1, hop):
        speech.hear(sound[start : start + hop])
        expected.append(tuple(speech.utterances()) if speech.speaking() else ())
    assert list(utterances_along(sound, hop)) == expected
    assert any(expected)


def test_levels_are_db_of_full_scale():
    assert to_db(np.array([1, 0.25, 1e-30])).tolist() == pytest.approx([0, -6.02, -100], abs=0.01)
