"""The questions beside detections and the list of what was kept, on a page of their own."""

import csv
import io
import zipfile

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.config import SAMPLE_RATE, SILENCE_LABEL, UNKNOWN_LABEL
from core.data import recordings
from core.data.recordings import all_recordings, recordings_folder
from tests.dashboard.conftest import assert_calm, texts, tone


def page():
    """Two detections, a word that was missed, and the list; the sound is the same in every run."""
    import numpy as np
    import streamlit as st

    from core.errors import AudioError
    from core.records.answers import Detection
    from dashboard.shared import state
    from dashboard.views.live import own_recordings

    state.prepare()

    def recent():
        if st.session_state.get("deaf"):
            raise AudioError("Nothing was heard yet.")
        return np.concatenate([np.full(16_000, 0.01), np.full(16_000, 0.25), np.full(16_000, 0.02)]).astype(np.float32)

    start_s = st.session_state.get("start_s", 0.0)

    @st.fragment
    def listening():
        for number, (model, word) in enumerate((("linear-D", "yes"), ("bcresnet-3-B", "down"))):
            detection = Detection(word, 0.875, start_s + number, start_s + number + 0.5, start_s + number + 1)
            own_recordings.feedback(number, model, detection, np.full(16_000, 0.125 * (number + 1), np.float32))
        own_recordings.missed("linear-D", recent)

    listening()
    own_recordings.panel()


@pytest.fixture
def app():
    one = AppTest.from_function(page, default_timeout=150).run()
    assert_calm(one)
    return one


def labels(app):
    return [button.label for button in app.button]


def kept():
    return [(one.model, one.word, one.truth) for one in all_recordings().recordings]


def yes(app, number=0):
    return app.button(f"recordings.yes.{number}.{1000 * (number + 1)}")


def other(app, number=0):
    return app.menu_button(f"recordings.no.{number}.{1000 * (number + 1)}")


def add(truth="yes", word="yes", score=0.5):
    return recordings.add(tone(440), model="linear-D", word=word, score=score, truth=truth)


def test_nothing_is_kept_and_no_folder_made_without_an_answer(app):
    app.run()
    assert not recordings_folder().exists()
    assert "Nothing is recorded unless you ask for it" in texts(app)
    assert str(recordings_folder()) in texts(app)


def test_yes_keeps_the_clip_with_what_was_heard(app):
    yes(app).click().run()
    assert_calm(app)
    (one,) = all_recordings().recordings
    assert (one.model, one.word, one.score, one.truth) == ("linear-D", "yes", 0.875, "yes")
    sound = recordings.own_pack().clips[0]
    np.testing.assert_array_equal(sound, np.full(SAMPLE_RATE, 4096))
    assert "Saved as **yes**" in texts(app)
    # Only the other detection is still asked about, however often the page runs.
    app.run()
    assert labels(app).count("Yes") == 1
    assert len(kept()) == 1


def test_another_word_keeps_the_clip_with_its_truth(app):
    assert other(app).options == [
        "down",
        "go",
        "left",
        "no",
        "off",
        "on",
        "right",
        "stop",
        "up",
        "unknown word",
        "silence, no word",
    ]
    other(app).click(UNKNOWN_LABEL).run()
    assert_calm(app)
    other(app, 1).click("go").run()
    assert kept() == [("bcresnet-3-B", "down", "go"), ("linear-D", "yes", UNKNOWN_LABEL)]
    assert "Saved as **unknown word**" in texts(app)
    assert "Saved as **go**" in texts(app)


def test_undo_deletes_the_clip_and_asks_again(app):
    yes(app).click().run()
    app.button("recordings.undo.0.1000").click().run()
    assert_calm(app)
    assert kept() == []
    assert not list(recordings_folder().glob("*.wav"))
    assert labels(app).count("Yes") == 2


def test_a_new_stream_begins_with_new_questions(app):
    yes(app).click().run()
    app.session_state["start_s"] = 5.0
    app.run()
    assert labels(app).count("Yes") == 2


def test_a_missed_word_is_kept_first_and_named_then(app):
    app.button("recordings.missed.0").click().run()
    assert_calm(app)
    assert kept() == [("linear-D", "", "")]
    (one,) = all_recordings().recordings
    # The loudest of the three seconds.
    assert np.frombuffer(recordings.wav(one.id)[44:], np.int16).tolist() == [8192] * SAMPLE_RATE
    app.menu_button("recordings.truth.missed.0").click("left").run()
    assert_calm(app)
    assert kept() == [("linear-D", "", "left")]
    assert "Saved as **left**" in texts(app)
    # The next one is another.
    app.button("recordings.missed.1").click().run()
    assert len(kept()) == 2
    app.button("recordings.undo.missed.1").click().run()
    assert_calm(app)
    assert kept() == [("linear-D", "", "left")]
    app.button("recordings.missed.1").click().run()
    recordings.remove(one.id)
    app.menu_button("recordings.truth.missed.1").click("up").run()
    app.button("recordings.missed.2").click().run()
    assert kept() == [("linear-D", "", ""), ("linear-D", "", "up")]


def test_a_click_that_is_reported_twice_keeps_one_clip():
    def twice():
        import numpy as np

        from dashboard.shared import state
        from dashboard.views.live import own_recordings

        state.prepare()
        for _ in range(2):
            own_recordings._keep("missed.0", lambda: np.zeros(16_000, np.float32), "linear-D", "", None, "")

    assert_calm(AppTest.from_function(twice, default_timeout=150).run())
    assert len(kept()) == 1


def test_a_missed_word_that_is_deleted_before_it_is_named_does_no_harm(app):
    app.button("recordings.missed.0").click().run()
    recordings.remove(all_recordings().recordings[0].id)
    app.run().run()
    assert_calm(app)
    assert "Save the last second" in labels(app)


def test_without_sound_a_missed_word_is_not_kept_and_it_is_said_why(app):
    app.session_state["deaf"] = True
    app.button("recordings.missed.0").click().run()
    assert not app.exception
    assert [error.value for error in app.error] == ["Nothing was heard yet."]
    assert kept() == []


def test_the_list_shows_what_is_known_and_the_newest_first():
    add("no", "yes", 0.912), add(SILENCE_LABEL, "up", 0.7), add("", "", None)
    app = AppTest.from_function(page, default_timeout=150).run()
    assert_calm(app)
    selects = [one.value for one in app.selectbox]
    assert selects == [None, SILENCE_LABEL, "no"]
    rows = [one.value for one in app.markdown if "linear-D" in one.value]
    assert ["heard no word" in rows[0], "heard **up** (70.0 %)" in rows[1], "heard **yes** (91.2 %)" in rows[2]] == [
        True,
        True,
        True,
    ]
    assert "1 cannot be used before you say what was spoken" in texts(app)
    assert len(app.get("audio")) == 3


def test_a_truth_can_be_corrected_in_the_list_and_the_question_agrees(app):
    yes(app).click().run()
    app.selectbox[0].set_value("stop").run()
    assert_calm(app)
    assert kept() == [("linear-D", "yes", "stop")]
    assert app.selectbox[0].value == "stop"
    app.run()
    assert "Saved as **stop**" in texts(app)


def test_a_change_of_another_session_is_shown(app):
    yes(app).click().run()
    recordings.relabel(all_recordings().recordings[0].id, "off")
    app.run()
    assert app.selectbox[0].value == "off"


def test_one_clip_is_deleted_and_its_question_asked_again(app):
    yes(app).click().run()
    yes(app, 1).click().run()
    first = all_recordings().recordings[-1]
    app.button(f"recordings.delete.{first.id}").click().run()
    assert_calm(app)
    assert kept() == [("bcresnet-3-B", "down", "down")]
    app.run()
    assert labels(app).count("Yes") == 1


def test_all_are_deleted_only_after_a_confirmation(app):
    yes(app).click().run()
    yes(app, 1).click().run()
    assert "deletes 2 clips" in texts(app)
    app.button("recordings.delete_all").click().run()
    assert_calm(app)
    assert kept() == []
    assert not list(recordings_folder().glob("*.wav"))


def test_a_long_list_has_pages():
    ids = [add().id for _ in range(11)]
    app = AppTest.from_function(page, default_timeout=150).run()
    assert [one.key.removeprefix("recordings.truth.") for one in app.selectbox] == sorted(ids, reverse=True)[:8]
    app.pagination("recordings.page").select(2).run()
    assert_calm(app)
    assert [one.key.removeprefix("recordings.truth.") for one in app.selectbox] == sorted(ids, reverse=True)[8:]
    # The last page goes away while it is looked at.
    recordings.remove(*sorted(ids)[:5])
    app.run()
    assert_calm(app)
    assert len(app.selectbox) == 6


def test_the_export_is_offered_once_there_is_something(app):
    assert not app.get("download_button")
    yes(app).click().run()
    assert app.get("download_button")[0].label == "Export as zip"
    with zipfile.ZipFile(io.BytesIO(recordings.export())) as archive:
        rows = list(csv.DictReader(archive.read("earshot-recordings/recordings.csv").decode().splitlines()))
    assert [(row["word heard"], row["truth"]) for row in rows] == [("yes", "yes")]


def test_what_does_not_fit_together_is_listed(app):
    first, second, third = add(), add(), add()
    folder = recordings_folder()
    (folder / first.file).unlink()
    (folder / second.file).write_bytes(b"no sound")
    (folder / "holiday.wav").write_bytes(b"x")
    (folder / "recordings.csv").write_text((folder / "recordings.csv").read_text().replace(third.utc + ",", "x,"))
    app.run()
    assert_calm(app)
    assert "cannot be played" in texts(app)
    listed = app.dataframe[0].value
    assert {"recordings.csv", "holiday.wav"} <= set(listed["file"])


@pytest.mark.parametrize("place", ["folder", "its parent"])
def test_a_file_in_place_of_the_folder_leaves_the_page_alive(place, monkeypatch, tmp_path):
    (tmp_path / "mine").write_bytes(b"mine")
    monkeypatch.setenv("KWS_RECORDINGS", str(tmp_path / "mine" if place == "folder" else tmp_path / "mine" / "below"))
    app = AppTest.from_function(page, default_timeout=150).run()
    assert not app.exception
    assert len(app.error) == 1
    yes(app).click().run()
    assert not app.exception
    # Beside the question, and where the list would be.
    assert len(app.error) == 2
    assert all("KWS_RECORDINGS" in error.value for error in app.error)
    assert labels(app).count("Yes") == 2
    # It works again as soon as the folder does.
    (tmp_path / "mine").unlink()
    yes(app).click().run()
    assert_calm(app)
    assert kept() == [("linear-D", "yes", "yes")]


def test_a_full_disk_is_said_beside_the_question(app, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.files.writing.os.fsync", full)
    yes(app).click().run()
    assert not app.exception
    assert "No space left on device" in app.error[0].value
    assert kept() == []
