"""Real talk on the False alarms page: listened to, kept, heard, and what fired given to the next training."""

import numpy as np
import pytest
import soundfile

from core import runs
from core.config import SAMPLE_RATE, ListeningConfig
from core.data import near_misses
from core.data.near_misses import near_misses_folder
from core.records.talk import FalseAlarm, TalkReport, TalkScores
from core.runs import keep
from core.studies.listening import operating_point
from core.studies.listening.talk import FILE, STUDY
from dashboard.shared import jobs
from dashboard.views.real_talk import fired
from tests.dashboard.conftest import GOOD, assert_calm, texts, tone, train_further, wait_until, wav

JOB = f"talk {GOOD}"


@pytest.fixture
def panel(open_page):
    """Opens the page."""
    return lambda: open_page("false_alarms")


@pytest.fixture
def talk(tmp_path):
    """Two recordings, of twelve and of four seconds."""
    folder = tmp_path / "talk"
    (folder / "deep").mkdir(parents=True)
    soundfile.write(folder / "long.wav", tone(440, 12), SAMPLE_RATE)
    soundfile.write(folder / "deep" / "short.flac", tone(600, 4), SAMPLE_RATE)
    return folder


def alarms(n):
    """So many in the longer recording, one a second, and one in the other."""
    said = [("yes", "go")[number % 2] for number in range(n)]
    there = [FalseAlarm("long.wav", word, 0.9, 0.4 + at, 0.8 + at, 1.0 + at) for at, word in enumerate(said)]
    return (FalseAlarm("deep/short.flac", "no", 0.8, 1.0, 1.5, 2.0), *there)


def report(run, talk, n=3, **changes):
    scores = TalkScores(0.7, n + 1, 40.0, (20.0, 70.0))
    values = {
        "run": GOOD,
        "folder": "talk",
        "n_files": 2,
        "hours": 0.25,
        "left_out": (("notes.doc", "it is no sound"),),
        "listening": ListeningConfig(),
        "as_set": scores,
        "alarms": alarms(n),
        "scores": (scores,),
        "checkpoint": keep.model_hash(run),
        "sound_key": "0" * 64,
        "path": str(talk),
    }
    return TalkReport(**{**values, **changes})


@pytest.fixture
def measured(own_run, talk):
    """The run with a test on talk kept beside it, by so many false alarms in the longer recording."""

    def keep_it(n=3, **changes):
        one = report(own_run, talk, n, **changes)
        keep.save(STUDY, own_run, FILE, one)
        return one

    return keep_it


def type_folder(app, text):
    app.text_input("talk.folder").set_value(str(text)).run()
    return app


def listen(app):
    app.button("talk.start").click().run()
    wait_until(lambda: not jobs.is_running(JOB))
    return app.run()


def ticks(app):
    return [box for box in app.checkbox if (box.key or "").startswith("talk.learn.")]


def learn(app):
    app.button("talk.learn").click().run()
    wait_until(lambda: not jobs.is_running(fired.LEARN_JOB))
    return app.run()


def kept_clips():
    return {soundfile.read(path, dtype="int16")[0].tobytes() for path in near_misses_folder().rglob("*.wav")}


def cut_from(talk, chosen):
    sounds = {one.file: soundfile.read(talk / one.file, dtype="float32")[0] for one in chosen}
    return {clip.tobytes() for one in chosen for clip in near_misses.cuts(sounds[one.file], one.heard_s)}


def test_a_folder_is_listened_to_in_the_background_and_its_report_kept(panel, own_run, talk):
    operating_point.save(own_run, ListeningConfig(threshold=0.4))
    app = panel()
    assert app.button("talk.start").disabled
    type_folder(app, talk)
    assert "2 files to listen to" in texts(app)
    assert_calm(listen(app))
    assert jobs.find(JOB).state == "done", jobs.find(JOB).message
    one = keep.load(STUDY, own_run / FILE)
    assert (one.run, one.folder, one.path, one.n_files) == (GOOD, "talk", str(talk), 2)
    assert one.hours == pytest.approx(16 / 3600)
    assert one.listening == ListeningConfig(threshold=0.4)
    assert keep.why_outdated(one, own_run) == ""
    assert "in 0.3 minutes" in texts(app)


def test_the_rate_stands_in_one_sentence_with_hours_and_interval(panel, measured):
    measured()
    app = panel()
    assert_calm(app)
    text = texts(app).replace("\N{NO-BREAK SPACE}", " ")
    assert "40 false alarms an hour of talk (95 %: 20 to 70), 4 in 0.25 hours; most often “yes”, 2 of them." in text
    assert "2 recordings; 1 could not be read. Threshold 0.70" in text
    assert app.pills("talk.words").options == ["yes 2", "no 1", "go 1"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/nowhere/at/all", "There is no folder"),
        ("~nobody-of-this-name/a", "no home folder"),
        ("{empty}", "no recordings"),
    ],
)
def test_a_folder_that_cannot_be_listened_to_is_told(panel, own_run, tmp_path, text, said):
    (tmp_path / "empty").mkdir()
    app = type_folder(panel(), text.format(empty=tmp_path / "empty"))
    assert not app.exception
    assert said in app.error[0].value
    assert app.button("talk.start").disabled
    type_folder(app, "")
    assert_calm(app)


def test_dropped_files_are_listened_to_and_can_be_heard(panel, own_run, talk):
    app = panel()
    app.segmented_control("talk.way").set_value("files").run()
    assert app.button("talk.start").disabled
    app.file_uploader("talk.files").upload("a.wav", wav(tone(440, 3)), "audio/wav").run()
    assert_calm(listen(app))
    one = keep.load(STUDY, own_run / FILE)
    assert (one.folder, one.n_files) == ("dropped files", 1)
    sound, rate = soundfile.read(f"{one.path}/001 a.wav")
    assert len(sound) / rate == 3


def test_every_false_alarm_can_be_heard_a_page_at_a_time(panel, measured, talk):
    measured(10)
    app = panel()
    assert_calm(app)
    assert len(ticks(app)) == len(app.get("audio")) == fired.PAGE_ROWS
    assert "`deep/short.flac` at 1.0 s" in texts(app)
    assert ticks(app)[0].label == "no 80.0 %"


def test_what_is_played_is_the_sound_around_the_second_that_decided(panel, measured, talk, monkeypatch):
    played = []
    monkeypatch.setattr("streamlit.audio", lambda sound, **_: played.append(sound))
    measured(0)
    panel()
    (wave,) = played
    whole, _ = soundfile.read(talk / "deep" / "short.flac", dtype="int16")
    np.testing.assert_array_equal(np.frombuffer(wave[44:], "<i2"), whole[8_000:40_000])


def test_one_click_gives_all_of_them_to_the_next_training(panel, measured, talk):
    one = measured()
    app = panel()
    assert app.button("talk.learn").label == "Learn from these 4"
    assert_calm(learn(app))
    assert kept_clips() == cut_from(talk, one.alarms)
    n = len(kept_clips())
    assert f"{n} clips to learn from" in texts(app)
    assert "Train with them" in [link.proto.label for link in app.get("page_link")]
    learn(app)
    assert len(kept_clips()) == n


def test_what_is_left_out_is_not_learned_whichever_page_it_stands_on(panel, measured, talk):
    one = measured(10)
    app = panel()
    ticks(app)[1].uncheck().run()
    assert_calm(app)
    assert app.button("talk.learn").label == "Learn from these 10"
    app.session_state["talk.page"] = 2
    app.run()
    assert [box.value for box in ticks(app)] == [True] * 3
    app.session_state["talk.page"] = 1
    app.run()
    assert [box.value for box in ticks(app)] == [True, False] + [True] * 6
    learn(app)
    assert kept_clips() == cut_from(talk, [*one.alarms[:1], *one.alarms[2:]])


def test_only_the_words_that_are_chosen_are_learned(panel, measured, talk):
    one = measured(4)
    app = panel()
    app.pills("talk.words").set_value(["go"]).run()
    assert_calm(app)
    assert len(ticks(app)) == 2
    app.button("talk.choose").click().run()
    assert app.button("talk.learn").disabled
    assert not any(box.value for box in ticks(app))
    ticks(app)[0].check().run()
    assert app.button("talk.learn").label == "Learn from this one"
    learn(app)
    (go, _) = [alarm for alarm in one.alarms if alarm.word == "go"]
    assert kept_clips() == cut_from(talk, [go])


def test_recordings_that_are_gone_are_told_and_the_numbers_stay(panel, measured, talk):
    measured()
    talk.rename(talk.with_name("elsewhere"))
    app = panel()
    assert_calm(app)
    assert "any more" in app.info[-1].value
    assert "40 false alarms an hour" in texts(app)
    assert "talk.learn" not in [button.key for button in app.button]


def test_one_recording_that_is_gone_is_told_beside_it_and_by_the_job(panel, measured, talk):
    measured()
    (talk / "long.wav").unlink()
    app = panel()
    assert_calm(app)
    assert len(app.get("audio")) == 1
    assert "There is no file" in texts(app)
    learn(app)
    assert "There is no file" in app.error[0].value


def test_a_report_of_another_model_or_other_settings_is_called_old(panel, measured, own_run):
    measured()
    app = panel()
    assert not app.warning
    operating_point.save(own_run, ListeningConfig(threshold=0.9))
    assert "settings that the model listens with changed" in app.run().warning[-1].value
    train_further(own_run)
    assert "trained further since. Listen again" in app.run().warning[-1].value


def test_a_damaged_report_is_told_and_can_be_made_again(panel, own_run):
    (own_run / FILE).write_text("{")
    app = panel()
    assert not app.exception
    assert "test on real talk" in app.warning[-1].value
    assert app.text_input("talk.folder")


def test_a_model_that_learned_from_more_is_not_believed_on_the_same_talk(panel, measured, own_run, talk):
    measured()
    assert "the rate flatters" not in texts(panel())
    runs.state.write_source(own_run, None, None, more=talk)
    assert "the rate flatters" in texts(panel())


def test_what_came_with_the_project_is_only_read(panel, own_run, talk, tmp_path):
    shipped = own_run.rename(tmp_path / "runs" / f"shipped-{GOOD}")
    before = sorted(path.name for path in shipped.iterdir())
    app = type_folder(panel(), talk)
    app.button("talk.start").click().run()
    wait_until(lambda: not jobs.is_running(f"talk {shipped.name}"))
    assert_calm(app.run())
    assert sorted(path.name for path in shipped.iterdir()) == before
    assert keep.find(shipped, FILE).is_relative_to(tmp_path / "runs" / "results")
    assert keep.find(shipped, FILE).exists()
