"""Talk made of training clips: no whole keyword, no other split, level and length as said, the same for a seed."""

import numpy as np
import pytest

from core.config import KEYWORDS, SAMPLE_RATE
from core.data.packed import Pack
from core.data.talk import EDGE, KEPT, LEVELS_DB, MADE_S, N_MADE, piece, talk
from core.sound.levels import active_span, rms


def chirp(low_hz, high_hz, seconds=0.5):
    """A second in which a tone rises, with silence around it."""
    time_s = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    sound = np.zeros(SAMPLE_RATE, np.float32)
    sound[4_000 : 4_000 + len(time_s)] = 0.3 * np.sin(
        2 * np.pi * (low_hz + (high_hz - low_hz) * time_s / seconds / 2) * time_s
    )
    return sound


@pytest.fixture(scope="module")
def chirps(tone_pack):
    """Keywords rise from 500 Hz to 2 kHz, other training words are a tone of 4 kHz, all other splits one of 6 kHz."""
    is_keyword, train = np.isin(tone_pack.words, KEYWORDS), tone_pack.splits == "train"
    clips = np.where(is_keyword[:, None], chirp(500, 2_000), chirp(4_000, 4_000))
    clips = np.where(train[:, None], clips, chirp(6_000, 6_000))
    return Pack(**{**vars(tone_pack), "clips": np.int16(clips * 32767)})


def test_of_a_keyword_the_beginning_or_the_end_is_left_and_of_another_word_all():
    clip = chirp(500, 2_000)
    start, end = active_span(clip)
    rng = np.random.default_rng(0)
    pieces = [piece(clip, rng, whole=False) for _ in range(200)]
    lengths = np.array([len(one) for one in pieces]) / (end - start)
    assert KEPT[0] - 0.01 <= lengths.min() < KEPT[0] + 0.05
    assert KEPT[1] - 0.05 < lengths.max() <= KEPT[1]
    # Behind its soft edge a piece is the clip's own sound, from one end or the other.
    first = sum(np.array_equal(one[EDGE:-EDGE], clip[start + EDGE : start + len(one) - EDGE]) for one in pieces)
    last = sum(np.array_equal(one[EDGE:-EDGE], clip[end - len(one) + EDGE : end - EDGE]) for one in pieces)
    assert first + last == 200
    assert first == pytest.approx(100, abs=30)
    whole = piece(clip, rng, whole=True)
    assert len(whole) == end - start
    assert whole[0] == whole[-1] == 0


def test_talk_is_made_of_training_clips_alone_and_of_keywords_only_in_pieces(chirps, monkeypatch):
    is_whole = {}

    def watched(clip, rng, *, whole):
        is_whole.setdefault(float(np.abs(np.fft.rfft(clip))[3_900:4_100].max()) > 100, set()).add(whole)
        return piece(clip, rng, whole=whole)

    monkeypatch.setattr("core.data.talk.piece", watched)
    seconds = np.concatenate([one.reshape(-1, SAMPLE_RATE) for one in talk(chirps, 0).values()]).astype(np.float64)
    assert is_whole == {True: {True}, False: {False}}
    power = np.square(np.abs(np.fft.rfft(seconds[:200]))).sum(axis=0)
    hz = np.fft.rfftfreq(SAMPLE_RATE, 1 / SAMPLE_RATE)
    assert power[hz > 5_500].sum() < 1e-3 * power.sum()
    assert power[(hz > 3_900) & (hz < 4_100)].sum() > 0.02 * power.sum()
    assert power[(hz > 500) & (hz < 2_000)].sum() > 0.3 * power.sum()


def test_talk_has_its_length_and_level_and_follows_the_seed(words):
    first, again, other = (talk(words, seed) for seed in (1, 1, 2))
    assert len(first) == N_MADE
    levels_db = []
    for name, samples in first.items():
        assert len(samples) == MADE_S * SAMPLE_RATE
        assert np.array_equal(samples, again[name])
        assert not np.array_equal(samples, other[name])
        levels_db.append(20 * np.log10(rms(samples.astype(np.float32) / 32768)))
    assert LEVELS_DB[0] < np.mean(levels_db) < LEVELS_DB[1]
