"""Several models on one stream: one memory of it, bounded, and readable while it grows."""

import threading

import numpy as np
import pytest

from core.config import CLIP_SAMPLES, SAMPLE_RATE, ListeningConfig
from core.errors import AudioError, ConfigError
from core.inference import Engine, Listening
from tests.browser.sounds import spoken, with_pauses


@pytest.fixture(scope="module")
def words_in_a_row(speech_commands_root):
    """Six keywords with pauses, about ten seconds."""
    return with_pauses(
        [spoken(speech_commands_root, word, 1) for word in ("yes", "no", "stop", "go", "up", "left")], 0.6
    )


@pytest.fixture
def both(shipped):
    return {"learned": shipped("bcresnet-1-D"), "fixed": shipped("bcresnet-1-A")}


def test_each_model_decides_as_if_alone(both, words_in_a_row):
    listening = Listening(both, {"fixed": ListeningConfig(hop_s=0.2)})
    for chunk in np.array_split(words_in_a_row, 37):
        listening.feed(chunk)
    for name, config in (("learned", ListeningConfig()), ("fixed", ListeningConfig(hop_s=0.2))):
        alone = Engine(both[name], config).feed(words_in_a_row)
        together = listening.decisions(name)
        assert [decision.end_s for decision in together] == [decision.end_s for decision in alone]
        assert [decision.detection for decision in together] == [decision.detection for decision in alone]
        for one, other in zip(together, alone, strict=True):
            np.testing.assert_array_equal(one.probabilities, other.probabilities)


def test_detections_are_numbered_in_the_order_of_time_whatever_the_chunks(both, words_in_a_row):
    lists = []
    for n_chunks in (1, 50):
        listening = Listening(both)
        for chunk in np.array_split(words_in_a_row, n_chunks):
            listening.feed(chunk)
        lists.append(listening.detections())
    assert lists[0] == lists[1]
    assert [number for number, _, _ in lists[0]] == list(range(1, len(lists[0]) + 1))
    times = [detection.heard_s for _, _, detection in lists[0]]
    assert times == sorted(times)
    assert {name for _, name, _ in lists[0]} == {"learned", "fixed"}


def test_a_detection_keeps_the_second_that_decided(both, words_in_a_row):
    listening = Listening(both, keep_audio_s=1.0)
    listening.feed(words_in_a_row)
    padded = np.concatenate([np.zeros(CLIP_SAMPLES, np.float32), words_in_a_row])
    assert listening.detections()
    for number, name, detection in listening.detections():
        clip = listening.clip_of(number)
        end = round(detection.heard_s * SAMPLE_RATE)
        np.testing.assert_array_equal(clip, padded[end : end + CLIP_SAMPLES])
        assert both[name].classify(clip).label == detection.word


def test_memory_is_bounded_and_numbers_go_on(both, words_in_a_row):
    listening = Listening(both, keep_audio_s=3.0, keep_decisions_s=2.0, keep_detections=3)
    for _ in range(3):
        listening.feed(words_in_a_row)
    n = round(3 * len(words_in_a_row) / SAMPLE_RATE, 6)
    assert listening.seconds == pytest.approx(n)
    decisions = listening.decisions("learned")
    assert len(decisions) == pytest.approx(20, abs=1)
    assert decisions[0].end_s >= n - 2.001
    kept = listening.detections()
    assert len(kept) == 3
    first = kept[0][0]
    assert first > 6
    with pytest.raises(AudioError, match="no longer kept"):
        listening.clip_of(first - 1)
    with pytest.raises(AudioError, match="no longer kept"):
        listening.sound(0, 1)
    whole = np.concatenate([words_in_a_row] * 3)
    np.testing.assert_array_equal(listening.sound(n - 3, n + 5), whole[-3 * SAMPLE_RATE :])
    listening.reset()
    assert (listening.seconds, listening.detections(), listening.decisions("fixed")) == (0, [], [])
    listening.feed(words_in_a_row)
    assert listening.detections()[0][0] > kept[-1][0]


def test_sound_is_found_by_its_time_and_cut_to_what_exists(both, words_in_a_row):
    listening = Listening(both)
    listening.feed(words_in_a_row[: 2 * SAMPLE_RATE])
    np.testing.assert_array_equal(listening.sound(0.5, 1.25), words_in_a_row[8_000:20_000])
    np.testing.assert_array_equal(listening.sound(-3, 9), words_in_a_row[: 2 * SAMPLE_RATE])
    assert len(listening.sound(5, 9)) == len(listening.sound(1, 0.5)) == 0


def test_decisions_after_a_time_are_the_new_ones(both, words_in_a_row):
    listening = Listening(both)
    listening.feed(words_in_a_row[:32_000])
    seen = listening.decisions("learned")
    listening.feed(words_in_a_row[32_000:64_000])
    new = listening.decisions("learned", seen[-1].end_s)
    assert [decision.end_s for decision in new] == pytest.approx(np.arange(2.1, 4.05, 0.1))


@pytest.mark.parametrize("run", ["linear-A", "linear-B", "linear-D", "bcresnet-3-D"])
def test_the_initial_basis_shows_the_same_sound_through_the_filters_before_training(shipped, words_in_a_row, run):
    classifier = shipped(run)
    listening = Listening({"model": classifier, "put back": classifier.put_back()})
    listening.feed(words_in_a_row[:40_000])
    for name in ("model", "put back"):
        listening.configure(name, ListeningConfig(hop_s=0.05))
    listening.feed(words_in_a_row[40_000:60_000])
    learned, initial = ([one.log_mel for one in listening.decisions(name, 0.75)] for name in ("model", "put back"))
    assert [columns.shape for columns in initial] == [columns.shape for columns in learned]
    front_end = classifier.checkpoint.initial_front_end()
    padded = np.concatenate([np.zeros(CLIP_SAMPLES, np.float32), words_in_a_row])
    for decision, columns in zip(listening.decisions("model", 0.75), initial, strict=True):
        end = round(decision.end_s * SAMPLE_RATE)
        expected = classifier.initial_log_mel(padded[None, end : end + CLIP_SAMPLES])[0].numpy()
        width = columns.shape[1]
        np.testing.assert_allclose(columns, expected[:, 99 - width : 99], atol=1e-4)
    if classifier.checkpoint.config.front_end.setting == "A":
        np.testing.assert_allclose(np.hstack(initial), np.hstack(learned), atol=1e-4)
    else:
        assert np.abs(np.hstack(initial) - np.hstack(learned)).max() > 0.05
        start = classifier.checkpoint.filters().initial.mel_basis
        np.testing.assert_allclose(front_end.layer.mel_basis.numpy(), start, atol=1e-7)


def test_a_page_may_read_while_the_stream_is_fed(both, words_in_a_row):
    listening = Listening(both, keep_audio_s=5)
    ended = threading.Event()
    wrong = []

    def read():
        seen = -1.0
        while not ended.is_set():
            try:
                new = listening.decisions("learned", seen)
                times = [decision.end_s for decision in new]
                assert times == sorted(times)
                seen = times[-1] if times else seen
                assert seen <= listening.seconds + 1e-9
                for number, _, detection in listening.detections():
                    assert len(listening.clip_of(number)) == CLIP_SAMPLES
                    assert detection.heard_s <= listening.seconds + 1e-9
            except Exception as error:  # noqa: BLE001 (whatever it is, the test has to see it)
                wrong.append(error)
                return

    reader = threading.Thread(target=read)
    reader.start()
    for chunk in np.array_split(words_in_a_row, 60):
        listening.feed(chunk)
    ended.set()
    reader.join()
    assert wrong == []


def test_what_cannot_work_is_refused(both):
    listening = Listening(both)
    with pytest.raises(ConfigError, match="learned, fixed"):
        listening.decisions("other")
    with pytest.raises(ConfigError, match="learned, fixed"):
        listening.configure("other", ListeningConfig())
    with pytest.raises(ConfigError, match="settings for"):
        Listening(both, {"other": ListeningConfig()})
    with pytest.raises(ConfigError):
        Listening({})
    with pytest.raises(ConfigError, match="keep_audio_s"):
        Listening(both, keep_audio_s=1e9)
    with pytest.raises(AudioError):
        listening.feed(np.array([np.nan]))
    assert listening.seconds == 0
