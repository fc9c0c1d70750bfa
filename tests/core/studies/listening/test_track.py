"""The track holds what it says it holds: words where they are said to be, as loud as they are said to be."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from core.config import KEYWORDS, SAMPLE_RATE
from core.data.pack import open_data
from core.errors import ConfigError, DataError
from core.sound.levels import active_span
from core.studies.listening.track import GAP_S, PARTS, SPEECH_DB, TALK_GAP_S, build_track

RATE = SAMPLE_RATE


def level_db(sound):
    return 10 * np.log10(np.mean(np.square(sound, dtype=np.float64)))


def part(track, word):
    return track.waveform[round(word.start_s * RATE) : round(word.end_s * RATE)]


@pytest.fixture(scope="module")
def clean(tap_pack):
    return build_track(tap_pack, protocol="official", snr_db=None, seconds=240, seed=1)


def test_a_burst_in_silence_is_the_active_span():
    clip = np.zeros(RATE, np.float32)
    clip[4000:9000] = np.random.default_rng(0).normal(0, 0.1, 5000)
    start, end = active_span(clip)
    assert abs(start - 4000) <= 160
    assert abs(end - 9000) <= 160


def test_background_noise_in_the_clip_is_not_part_of_the_word():
    rng = np.random.default_rng(0)
    clip = rng.normal(0, 0.01, RATE).astype(np.float32)
    clip[6000:10_000] += rng.normal(0, 0.2, 4000)
    start, end = active_span(clip)
    assert abs(start - 6000) <= 160
    assert abs(end - 10_000) <= 160


def test_a_clip_that_is_loud_or_silent_all_along_is_active_all_along():
    assert active_span(np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)) == (0, RATE)
    assert active_span(np.zeros(RATE, np.float32)) == (0, RATE)


def test_the_track_is_as_long_as_asked_and_inside_the_range_of_samples(clean):
    assert clean.waveform.shape == (240 * RATE,)
    assert clean.waveform.dtype == np.float32
    assert np.abs(clean.waveform).max() <= 1


def test_words_stand_where_the_list_says_and_nowhere_else(clean):
    covered = np.zeros(len(clean.waveform), bool)
    for word in clean.placed:
        assert level_db(part(clean, word)) == pytest.approx(SPEECH_DB, abs=0.3)
        covered[round(word.start_s * RATE) : round(word.end_s * RATE)] = True
    assert not clean.waveform[~covered].any()


def test_the_sound_at_a_place_is_the_clip_that_is_named_there(clean, tap_pack):
    rows = {file: row for row, file in enumerate(tap_pack.files.tolist())}
    for word in clean.placed[::5]:
        clip = tap_pack.clip(rows[word.file])
        start, end = active_span(clip)
        assert tap_pack.words[rows[word.file]] == word.word
        assert tap_pack.splits[rows[word.file]] == "official"
        assert np.corrcoef(part(clean, word)[200:-200], clip[start + 200 : end - 200])[0, 1] > 0.9999


def test_pauses_are_random_within_their_range_and_longer_among_keywords(clean):
    last_keyword = max(number for number, word in enumerate(clean.placed) if word.word in KEYWORDS)
    words = clean.placed[: last_keyword + 1]
    talk = [word for word in clean.placed if word.start_s >= PARTS[0] * 240]
    for group, (shortest, longest) in ((words, GAP_S), (talk, TALK_GAP_S)):
        pauses = [after.start_s - before.end_s for before, after in pairwise(group)]
        assert min(pauses) >= shortest - 1e-3
        assert max(pauses) <= longest + 1e-3
        assert np.std(pauses) > (longest - shortest) / 8


def test_keywords_are_mixed_with_others_first_and_absent_later(clean):
    first = [word.word for word in clean.placed if word.end_s < PARTS[0] * 240]
    later = [word.word for word in clean.placed if word.start_s > PARTS[0] * 240]
    share = sum(word in KEYWORDS for word in first) / len(first)
    assert 0.5 < share < 0.85
    assert len(set(first) & set(KEYWORDS)) >= 8
    assert later
    assert not set(later) & set(KEYWORDS)


def test_no_clip_comes_again_before_all_of_its_kind_were_used(clean):
    keywords = [word.file for word in clean.placed if word.word in KEYWORDS]
    # Three clips of each of the ten keywords.
    assert len(set(keywords[:30])) == 30
    assert len(keywords) > 30


@pytest.mark.parametrize("snr_db", [20.0, 10.0, 0.0, -5.0])
def test_the_background_is_as_far_below_the_speech_as_stated(tap_pack, clean, snr_db):
    noisy = build_track(tap_pack, protocol="official", snr_db=snr_db, seconds=240, seed=1)
    # In the last part there is only noise, and the words before are those of the clean track.
    noise = noisy.waveform[round((PARTS[1] * 240 + 1) * RATE) :]
    assert level_db(noise) == pytest.approx(SPEECH_DB - snr_db, abs=0.1)
    assert noisy.noise == ("running_tap",)
    early = [word for word in clean.placed if word.start_s < PARTS[0] * 240]
    assert list(noisy.placed[: len(early)]) == early
    spoken = np.concatenate([part(noisy, word) - part(clean, word) for word in early])
    assert level_db(spoken) == pytest.approx(SPEECH_DB - snr_db, abs=0.3)


def test_the_clean_track_has_no_noise_and_talk_to_its_end(clean):
    assert clean.noise == ()
    assert clean.placed[-1].end_s > 240 - 6


def test_the_same_seed_gives_the_same_track_and_another_seed_another(tap_pack):
    def make(seed):
        return build_track(tap_pack, protocol="official", snr_db=10, seconds=60, seed=seed)

    first, again, other = make(1), make(1), make(2)
    assert first.placed == again.placed
    np.testing.assert_array_equal(first.waveform, again.waveform)
    assert first.placed != other.placed


def test_validation_and_test_tracks_share_no_clip(tap_pack):
    files = [
        {word.file for word in build_track(tap_pack, protocol=protocol, snr_db=None, seconds=120).placed}
        for protocol in ("validation", "official")
    ]
    assert files[0]
    assert not files[0] & files[1]


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"protocol": "best"}, "official, testing-list"),
        ({"snr_db": 100.0}, "between -20 and 60"),
        ({"snr_db": float("nan")}, "between -20 and 60"),
        ({"seconds": 5.0}, "0.5 to 120"),
        ({"seconds": 1e9}, "0.5 to 120"),
        ({"seconds": float("nan")}, "0.5 to 120"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_values_out_of_range_are_refused_by_name(tap_pack, change, names):
    with pytest.raises(ConfigError, match=names):
        build_track(tap_pack, **{"protocol": "official", "snr_db": 10.0, "seconds": 60.0, "seed": 0, **change})


def test_what_a_dataset_lacks_is_said(tap_pack, tone_pack):
    with pytest.raises(DataError, match="only a clean track"):
        build_track(tone_pack, protocol="official", snr_db=10.0, seconds=60)
    no_keywords = replace(tap_pack, words=np.where(np.isin(tap_pack.words, KEYWORDS), "bed", tap_pack.words))
    with pytest.raises(DataError, match="no keywords"):
        build_track(no_keywords, protocol="official", snr_db=None, seconds=60)
    no_others = replace(tap_pack, words=np.where(tap_pack.words == "marvin", "yes", tap_pack.words))
    with pytest.raises(DataError, match="no other words"):
        build_track(no_others, protocol="official", snr_db=None, seconds=60)


def test_words_end_inside_their_clip_and_keep_their_level(speech_commands_root):
    pack = open_data(speech_commands_root)
    track = build_track(pack, protocol="official", snr_db=None, seconds=300, seed=3)
    lengths = [word.end_s - word.start_s for word in track.placed]
    assert 0.3 < np.median(lengths) < 0.6
    levels = [level_db(part(track, word)) for word in track.placed]
    assert np.median(levels) == pytest.approx(SPEECH_DB, abs=0.3)
