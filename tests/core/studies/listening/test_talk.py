"""False alarms in a folder of talk: each detection in each readable recording, the hours, and an exact interval."""

import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from scipy.stats import poisson

from core.config import SAMPLE_RATE, ListeningConfig
from core.data import near_misses
from core.errors import AudioError, DataError
from core.inference.whole import words_along
from core.records.talk import TalkReport
from core.runs import keep
from core.sound.reading import read_audio
from core.sound.wav import as_recorded
from core.studies.listening.measure import THRESHOLDS
from core.studies.listening.talk import FILE, STUDY, files_of_talk, learn_from, recording, sounds_of, talk_test


def sentence(tap_pack, words, seed):
    """Some tones of a pack with pauses between them, in a hiss."""
    rng = np.random.default_rng(seed)
    rows = [rng.choice(np.flatnonzero((tap_pack.splits == "official") & (tap_pack.words == word))) for word in words]
    pause = np.zeros(SAMPLE_RATE // 2, np.float32)
    sound = np.concatenate([part for row in rows for part in (pause, tap_pack.clip(int(row)), pause)])
    return sound + 0.0005 * rng.standard_normal(len(sound)).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tap_pack, tmp_path_factory):
    """Two recordings with words in them, one of them in a folder below; silence; and what is no recording."""
    folder = tmp_path_factory.mktemp("talk")
    (folder / "deeper").mkdir()
    (folder / ".hidden").mkdir()
    soundfile.write(folder / "b.wav", sentence(tap_pack, ["yes", "go", "marvin"], 1), SAMPLE_RATE)
    soundfile.write(folder / "deeper" / "a.flac", sentence(tap_pack, ["stop", "yes"], 2), SAMPLE_RATE)
    soundfile.write(folder / "silence.wav", np.zeros(3 * SAMPLE_RATE, np.float32), SAMPLE_RATE)
    soundfile.write(folder / ".hidden" / "c.wav", np.zeros(SAMPLE_RATE, np.float32), SAMPLE_RATE)
    (folder / "broken.wav").write_bytes(b"RIFF no sound at all")
    (folder / "table.csv").write_text("file,seconds\n")
    return folder


@pytest.fixture(scope="module")
def report(tone_classifier, folder):
    return talk_test(tone_classifier, folder, ListeningConfig(), name="tones", checkpoint="abc")


def test_every_detection_of_every_recording_is_a_false_alarm(report, tone_classifier, folder):
    """The same that ``detect`` finds in each file."""
    expected = []
    for file in ("b.wav", "deeper/a.flac", "silence.wav"):
        along = words_along(tone_classifier, read_audio(folder / file).waveform, ListeningConfig())
        expected += [(file, one.word, one.score, one.start_s, one.end_s, one.heard_s) for one in along.detections]
    found = [(one.file, one.word, one.score, one.start_s, one.end_s, one.heard_s) for one in report.alarms]
    assert found == expected
    assert len(found) >= 3
    assert report.as_set.false_alarms == len(found) == sum(report.by_word.values())


def test_a_word_at_the_very_end_of_a_recording_is_heard(tone_classifier, tap_pack, tmp_path):
    clip = tap_pack.clip(int(np.flatnonzero((tap_pack.splits == "official") & (tap_pack.words == "yes"))[0]))
    last = np.flatnonzero(clip)[-1]
    soundfile.write(tmp_path / "cut.wav", np.concatenate([np.zeros(SAMPLE_RATE), clip[: last + 1]]), SAMPLE_RATE)
    report = talk_test(tone_classifier, tmp_path, ListeningConfig(), name="tones")
    assert list(report.by_word) == ["yes"]
    assert report.alarms[0].end_s <= report.hours * 3600


def test_hours_are_those_of_the_sound_and_the_interval_is_exact(report, folder):
    seconds = sum(soundfile.info(folder / file).duration for file in ("b.wav", "deeper/a.flac", "silence.wav"))
    assert report.hours == pytest.approx(seconds / 3600)
    assert report.n_files == 3
    n, (low, high) = report.as_set.false_alarms, report.as_set.per_hour_interval
    assert report.as_set.per_hour == pytest.approx(n / report.hours)
    # What makes an exact interval: with the rate at an end, so many or more (so few or fewer) have 2.5 %.
    assert poisson.sf(n - 1, low * report.hours) == pytest.approx(0.025)
    assert poisson.cdf(n, high * report.hours) == pytest.approx(0.025)


def test_what_cannot_be_read_is_named_and_the_rest_counts(report):
    ((file, why),) = report.left_out
    assert file == "broken.wav"
    assert "broken.wav" in why


def test_the_curve_goes_from_many_to_few_and_meets_the_settings(report):
    assert [one.threshold for one in report.scores] == list(THRESHOLDS)
    (same,) = (one for one in report.scores if one.threshold == report.listening.threshold)
    assert same == report.as_set
    assert report.scores[0].false_alarms >= report.scores[-1].false_alarms


def test_a_threshold_of_a_single_word_silences_it(tone_classifier, folder, report):
    word = next(iter(report.by_word))
    deaf = talk_test(tone_classifier, folder, ListeningConfig(word_thresholds=((word, 1.0),)), name="tones")
    assert word not in deaf.by_word
    assert deaf.scores == report.scores


def test_the_same_sound_has_the_same_key_whatever_the_folder_is_called(tone_classifier, folder, report, tmp_path):
    for file in ("b.wav", "silence.wav"):
        soundfile.write(tmp_path / file, *soundfile.read(folder / file))
    (tmp_path / "deeper").mkdir()
    soundfile.write(tmp_path / "deeper" / "a.flac", *soundfile.read(folder / "deeper" / "a.flac"))
    again = talk_test(tone_classifier, tmp_path, ListeningConfig(), name="tones", checkpoint="abc")
    assert replace(again, folder=report.folder, path=report.path, left_out=report.left_out) == report
    (tmp_path / "b.wav").rename(tmp_path / "c.wav")
    assert talk_test(tone_classifier, tmp_path, ListeningConfig(), name="tones").sound_key != report.sound_key


def test_progress_counts_files_and_can_cancel(tone_classifier, folder):
    told = []

    def stop(*values):
        told.append(values)
        if len(told) == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        talk_test(tone_classifier, folder, ListeningConfig(), name="tones", progress=stop)
    assert [(done, total) for done, total, _ in told] == [(0, 4), (1, 4)]


def test_json_holds_everything(report):
    values = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert values["alarms"][0]["file"] == report.alarms[0].file
    assert values["as_set"]["per_hour_interval"] == list(report.as_set.per_hour_interval)
    assert values["by_word"] == report.by_word
    assert isinstance(report, TalkReport)
    assert report.as_rows()[0]["word"] == report.alarms[0].word


def test_a_folder_with_endless_files_is_refused(folder, monkeypatch):
    monkeypatch.setattr("core.studies.listening.talk.MOST_FILES", 3)
    with pytest.raises(DataError, match="more than 3 files"):
        files_of_talk(folder)


def test_a_folder_without_recordings_is_refused(tone_classifier, tmp_path):
    with pytest.raises(DataError, match="no folder"):
        files_of_talk(tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(DataError, match="holds no recordings"):
        files_of_talk(tmp_path)
    (tmp_path / "noise.wav").write_bytes(b"nothing")
    with pytest.raises(DataError, match="can be read as sound"):
        talk_test(tone_classifier, tmp_path, ListeningConfig(), name="tones")


def test_a_report_comes_back_from_its_file(report, tone_run, monkeypatch, tmp_path):
    monkeypatch.setenv("KWS_RUNS", str(tmp_path))
    path = keep.save(STUDY, tone_run, FILE, report)
    assert keep.load(STUDY, path) == report
    assert "trained further" in keep.why_outdated(report, tone_run)
    assert keep.why_outdated(replace(report, checkpoint=keep.model_hash(tone_run)), tone_run) == ""
    path.unlink()


def kept_clips(folder):
    return {soundfile.read(path, dtype="int16")[0].tobytes() for path in (folder / "talk").glob("*.wav")}


def test_what_is_learned_is_what_the_model_decided_on(report, tone_classifier, folder, tmp_path):
    """The second itself: the model hears the same word in it."""
    labels = tone_classifier.checkpoint.labels
    expected = set()
    for alarm in report.alarms:
        decided, *beside = near_misses.cuts(read_audio(folder / alarm.file).waveform, alarm.heard_s)
        answer = tone_classifier.probabilities(tone_classifier.log_mel(np.float32(decided[None] / 32768)))[0]
        assert labels[int(answer.argmax())] == alarm.word
        expected |= {clip.tobytes() for clip in (decided, *beside)}
    told = []
    n_new, n = learn_from(report.alarms, folder, tmp_path / "more", progress=lambda *values: told.append(values[:2]))
    assert n_new == n == len(expected) > len(report.alarms)
    assert kept_clips(tmp_path / "more") == expected
    assert told == [(0, 2), (1, 2)]
    assert learn_from(report.alarms, folder, tmp_path / "more") == (0, n)


def test_only_the_chosen_ones_are_learned(report, folder, tmp_path):
    (one,) = report.alarms[:1]
    n_new, _ = learn_from([one], folder, tmp_path / "more")
    waveform = read_audio(folder / one.file).waveform
    assert n_new == len(kept_clips(tmp_path / "more")) == len(near_misses.cuts(waveform, one.heard_s))


def test_cuts_do_not_go_among_the_recordings_that_the_next_test_hears(report, folder):
    with pytest.raises(DataError, match="lies in the folder of talk"):
        learn_from(report.alarms, folder, folder / "deeper" / "cuts")
    assert not (folder / "deeper" / "cuts").exists()


def test_what_fired_can_be_played_and_a_lost_recording_is_told(report, folder, tmp_path):
    alarm = report.alarms[0]
    waveform = read_audio(folder / alarm.file).waveform
    (sound,) = sounds_of(recording(folder, alarm.file), [alarm.heard_s])
    np.testing.assert_array_equal(as_recorded(sound[8000:24_000]), near_misses.cuts(waveform, alarm.heard_s)[0])
    assert len(sound) == 2 * SAMPLE_RATE
    with pytest.raises(AudioError, match="There is no file"):
        learn_from(report.alarms, tmp_path / "elsewhere", tmp_path / "more")
    with pytest.raises(AudioError, match="cannot be used"):
        recording(folder, "a\0b")
