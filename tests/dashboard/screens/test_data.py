"""Data: choosing, checking, preparing and hearing a dataset."""

import shutil
import threading

import pytest

from core.data import pack as pack_module
from core.data.pack import open_data
from core.errors import DataError
from dashboard.shared import jobs
from dashboard.views import verify as verify_view
from tests.core.data.conftest import make_tree
from tests.dashboard.conftest import assert_calm, charts, texts, unfold, wait_until


def choose_folder(app, root):
    app.radio("data.kind").set_value("folder").run()
    app.text_input("data.root").set_value(str(root)).run()


def ended(name):
    return lambda: (job := jobs.find(name)) is None or not job.running


@pytest.mark.slow
def test_the_demo_words_prepare_themselves_and_are_called_synthetic(open_page):
    app = open_page("data")
    wait_until(ended("prepare demo"))
    app.run()
    assert_calm(app)
    assert "synthetic voices" in app.header[0].value
    assert "Synthetic voices" in texts(app)
    assert [metric.value for metric in app.metric if metric.label == "Words"] == ["35"]
    assert charts(app) == 2, "of a clip; the words are folded away"
    unfold(app, "data.words")
    assert_calm(app)
    assert charts(app) == 3


def test_a_typed_folder_is_checked_prepared_and_counted(open_page, tiny_root, tmp_path, monkeypatch):
    monkeypatch.setenv("KWS_CACHE", str(tmp_path / "packs"))
    app = open_page("data")
    choose_folder(app, tiny_root)
    assert_calm(app)
    assert "Found: Speech Commands v2 subset (72 clips)" in texts(app)
    app.button("data.prepare").click().run()
    wait_until(ended(f"prepare {tiny_root}"))
    app.run()
    assert_calm(app)
    assert app.header[0].value == "Speech Commands v2 subset (72 clips)"
    table = app.dataframe[0].value
    assert dict(zip(table["Split"], table["Speakers"], strict=True))["training"] == 4
    assert charts(app) == 2, "of a clip; the words are folded away"
    unfold(app, "data.words")
    assert_calm(app)
    assert charts(app) == 3


def test_a_folder_without_a_dataset_is_explained(open_page, tmp_path):
    app = open_page("data")
    choose_folder(app, tmp_path)
    assert not app.exception
    assert "does not hold SpeechCommands" in app.error[0].value
    assert app.text_input("data.root").value == str(tmp_path), "what was typed is kept"


def test_a_dataset_that_cannot_be_trained_with_says_why_before_anything_is_started(open_page, tiny_root, tmp_path):
    """An empty validation list gave "best validation accuracy 100.0 %", measured on silence."""
    root = shutil.copytree(tiny_root, tmp_path / "own")
    (root / "SpeechCommands" / "speech_commands_v0.02" / "validation_list.txt").write_text("")
    for name in ("data", "training"):
        app = open_page(name)
        app.session_state["data.kind"], app.session_state["data.root"] = "folder", str(root)
        app.run()
        assert not app.exception
        assert any("no words for validation" in error.value for error in app.error), name
    assert app.button("training.start").disabled


def test_a_list_that_matches_nothing_is_explained(open_page, tiny_root, tmp_path):
    root = shutil.copytree(tiny_root, tmp_path / "own")
    (root / "SpeechCommands" / "speech_commands_v0.02" / "testing_list.txt").write_text("wow/ffffffff_nohash_0.wav\n")
    app = open_page("data")
    choose_folder(app, root)
    assert not app.exception
    assert "not one of them is in" in app.error[0].value


def test_the_chosen_dataset_is_remembered_on_other_pages(open_page, tiny_root, tiny_pack):
    app = open_page("data")
    choose_folder(app, tiny_root)
    for page in ("live", "kernels", "training", "grid"):
        open_page(page)
    assert f"**Dataset:** {tiny_pack.title}" in texts(app)
    open_page("data")
    assert app.text_input("data.root").value == str(tiny_root)


@pytest.mark.usefixtures("use_tiny_data")
def test_any_clip_can_be_played(open_page):
    app = open_page("data")
    app.selectbox("data.split").set_value("official").run()
    app.selectbox("data.word").set_value("_silence_").run()
    assert_calm(app)
    assert "silence_0.wav" in texts(app)
    app.selectbox("data.word").set_value("yes").run()
    assert "yes/00000009_nohash_0.wav" in texts(app)
    assert len(app.get("audio")) == 1


@pytest.mark.usefixtures("use_tiny_data")
def test_switching_to_a_word_with_fewer_clips_is_no_error(open_page):
    app = open_page("data")
    app.selectbox("data.word").set_value("yes").run()
    app.number_input("data.clip").set_value(4).run()
    app.selectbox("data.split").set_value("official").run()
    assert_calm(app)
    assert app.number_input("data.clip").value == 1
    assert app.selectbox("data.word").value == "yes"


@pytest.mark.usefixtures("use_tiny_data", "own_run")
@pytest.mark.parametrize("page", ["data", "hearing"])
def test_a_word_that_the_next_split_has_not_gives_way_and_a_choice_lasts_when_the_page_is_left(
    open_page, tiny_pack, page
):
    in_split = {split: set(tiny_pack.words[tiny_pack.splits == split].tolist()) for split in ("train", "testing-list")}
    lost = min(in_split["train"] - in_split["testing-list"])
    app = open_page(page)
    app.selectbox(f"{page}.split").set_value("train").run()
    app.selectbox(f"{page}.word").set_value(lost).run()
    assert_calm(app)
    open_page("live")
    open_page(page)
    assert app.selectbox(f"{page}.word").value == lost
    app.selectbox(f"{page}.split").set_value("testing-list").run()
    assert_calm(app)
    assert app.selectbox(f"{page}.word").value in in_split["testing-list"]


def test_preparing_that_fails_says_why_and_can_be_tried_again(open_page, tiny_root, tmp_path, monkeypatch):
    monkeypatch.setenv("KWS_CACHE", str(tmp_path / "packs"))

    def no_room(*_args, **_options):
        raise DataError("There is no room on the disk.")

    monkeypatch.setattr("dashboard.shared.dataset_choice.open_data", no_room)
    app = open_page("data")
    choose_folder(app, tiny_root)
    app.button("data.prepare").click().run()
    wait_until(ended(f"prepare {tiny_root}"))
    app.run()
    assert "There is no room on the disk." in app.error[0].value
    monkeypatch.setattr("dashboard.shared.dataset_choice.open_data", pack_module.open_data)
    app.button("data.prepare").click().run()
    wait_until(ended(f"prepare {tiny_root}"))
    app.run()
    assert_calm(app)
    assert app.header[0].value.startswith("Speech Commands v2 subset")


def test_the_download_says_its_size_first_and_can_be_cancelled(open_page, monkeypatch, tmp_path):
    going = threading.Event()

    def endless(root, *, progress):
        while True:
            going.set()
            progress(1_000_000_000, 2_541_000_000, f"fetching to {root}")

    monkeypatch.setattr("core.data.download.download_speech_commands", endless)
    app = open_page("data")
    app.radio("data.kind").set_value("folder").run()
    assert "**2.5 GB**" in texts(app)
    app.text_input("data.download_root").set_value(str(tmp_path / "new")).run()
    app.button("data.download").click().run()
    assert going.wait(5)
    app.run()
    assert "1.0 GB of 2.5 GB" in app.get("progress")[0].proto.text
    app.switch_page("screens/speed.py").run()
    app.switch_page("screens/data.py").run()
    assert jobs.find("download").running, "it goes on while other pages are looked at"
    app.button("job.cancel.download").click().run()
    wait_until(ended("download"))
    app.run()
    assert "was cancelled" in texts(app)
    assert_calm(app)


def test_demo_words_that_cannot_be_prepared_say_why_and_are_not_tried_for_ever(open_page, tmp_path, monkeypatch):
    tries = []

    def damaged(*_args, **_options):
        tries.append(1)
        raise DataError("The demo words are incomplete.")

    monkeypatch.setenv("KWS_CACHE", str(tmp_path / "packs"))
    monkeypatch.setattr("dashboard.shared.dataset_choice.open_data", damaged)
    app = open_page("data")
    wait_until(ended("prepare demo"))
    app.run()
    assert "The demo words are incomplete." in app.error[0].value
    assert len(tries) == 1


# The comparison with AudioLoader


@pytest.fixture
def tones_root(tmp_path, monkeypatch):
    """A prepared dataset of tones that AudioLoader can read too, as the one that is chosen."""
    root = make_tree(tmp_path / "tones", ("bed", "no", "tree", "yes"))
    monkeypatch.setenv("KWS_CACHE", str(tmp_path / "packs"))
    monkeypatch.setenv("KWS_DATA", str(root))
    open_data(root)
    yield root
    jobs.forget(verify_view.job_name(root))


def compare(app, root):
    unfold(app, "data.audioloader")
    app.button("data.verify").click().run()
    wait_until(ended(verify_view.job_name(root)))
    app.run()


def test_a_dataset_that_audioloader_reads_alike_is_said_to_agree_and_stays_so(open_page, tones_root):
    app = open_page("data")
    assert_calm(app)
    assert "agree in every sample" not in texts(app)
    compare(app, tones_root)
    assert_calm(app)
    assert "AudioLoader 0.1.4 agree in every sample. Clips compared: training 33, validation 14," in texts(app)
    open_page("live")
    open_page("data")
    assert "agree in every sample" in texts(app)
    assert app.button("data.verify").label == "Compare again"


def test_what_audioloader_reads_otherwise_is_counted_and_named(open_page, tones_root):
    words = tones_root / "SpeechCommands" / "speech_commands_v0.02"
    app = open_page("data")
    # Changed after the page opened the pack: what is compared, and shown from now on, are the files as they are.
    (words / "_background_noise_" / "pink_noise.wav").unlink()
    line, *rest = (words / "validation_list.txt").read_text().splitlines()
    (words / "validation_list.txt").write_text("\n".join([line.replace("/", "\\"), *rest]))
    compare(app, tones_root)
    assert_calm(app)
    assert "differ in 3 places" in texts(app)
    unfold(app, "data.problems")
    problems, splits, differences = (app.dataframe[number].value for number in (1, 2, 3))
    assert "_background_noise_/pink_noise.wav" in set(problems["file"])
    assert dict(zip(splits["Split"], splits["AudioLoader's clips"], strict=True))["training"] == 9
    assert set(differences["Clip"]) == {line, line.replace("/", "\\"), "_background_noise_/"}
    assert app.dataframe[0].value["Clips"][0] == 27, "the page counts the files as they are"


def test_a_dataset_that_audioloader_cannot_list_is_explained(open_page, tones_root):
    (tones_root / "SpeechCommands" / "speech_commands_v0.02" / "testing_list.txt").unlink()
    open_data(tones_root)
    app = open_page("data")
    assert_calm(app)
    compare(app, tones_root)
    assert not app.exception
    assert "cannot read a dataset without" in app.error[0].value
    assert "testing_list.txt" in app.error[0].value
    assert "agree" not in texts(app)


def test_a_comparison_shows_how_far_it_is_and_can_be_cancelled(open_page, tones_root, monkeypatch):
    going = threading.Event()

    def endless(root, pack, *, progress):
        while True:
            going.set()
            progress(30_000, 105_829, "comparing with AudioLoader")

    monkeypatch.setattr("dashboard.views.verify.verify", endless)
    app = unfold(open_page("data"), "data.audioloader")
    app.button("data.verify").click().run()
    assert going.wait(5)
    app.run()
    assert "30,000 of 105,829 clips" in app.get("progress")[0].proto.text
    assert "data.verify" not in [button.key for button in app.button]
    name = verify_view.job_name(tones_root)
    app.button(f"job.cancel.{name}").click().run()
    wait_until(ended(name))
    app.run()
    assert_calm(app)
    assert "was cancelled" in texts(app)
    assert app.button("data.verify").label == "Compare with AudioLoader"


def test_the_demo_words_cannot_be_compared_and_say_so(open_page):
    app = open_page("data")
    wait_until(ended("prepare demo"))
    app.run()
    unfold(app, "data.audioloader")
    assert_calm(app)
    assert "demo words are not a dataset that AudioLoader reads" in texts(app)
    assert "data.verify" not in [button.key for button in app.button]
