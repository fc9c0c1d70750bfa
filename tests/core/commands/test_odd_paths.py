"""Every door of every command meets names that nobody expects: one sentence, an exit code, and nothing is touched."""

import os
import shutil
from pathlib import Path

import pytest
import soundfile

from core.commands import main
from core.config import SAMPLE_RATE
from core.errors import RunError
from core.runs import find_run
from tests.core.conftest import CHECKPOINTS, tone
from tests.odd_paths import ABSENT, IMPOSSIBLE, NOT_UTF8, each, lay_out

pytestmark = pytest.mark.usefixtures("ctrl_c_as_before")

RUN_DOORS = {
    "evaluate": "evaluate {}",
    "compare": "compare mine {}",
    "baseline": "compare mine other --baseline {}",
    "experiment": "experiment {} swap",
    "robustness": "robustness {} --clips 12 --change gain",
    "report": "report {}",
    "export": "export {} --npz there.npz",
    "classify": "classify {} tone.wav",
    "detect": "detect {} tone.wav",
    "listen": "listen {} --seconds 0.1",
    "stream-test": "stream-test {} --minutes 0.5",
    "word-length": "word-length {}",
    "resume": "train --resume {}",
    "stop": "runs --stop {}",
    "delete": "runs --delete {}",
}
NAME_DOORS = {
    "run": "train --epochs 1 --run {}",
    "show": "grid --show {}",
    "grid resume": "grid --resume {}",
}
FILE_DOORS = {"classify": "classify mine {}", "detect": "detect mine {}"}
DATA_DOORS = {
    "data": "data --data {}",
    "train": "train --epochs 1 --data {}",
    "evaluate": "evaluate mine --data {}",
    "compare": "compare mine other --data {}",
    "experiment": "experiment mine swap --data {}",
    "robustness": "robustness mine --data {}",
    "stream-test": "stream-test mine --data {}",
    "word-length": "word-length mine --data {}",
    "export": "export mine --onnx there.onnx --data {}",
    "grid": "grid random --data {}",
    "download": "data --download {}",
}
FOLDER_DOORS = {
    "talk": "stream-test mine --talk {}",
    "choose": "stream-test mine --choose 10 --minutes 0.5 --talk {}",
    "noise": "train --preset linear-in-noise --epochs 1 --noise {}",
    "more": "train --epochs 1 --more {}",
}
ENVIRONMENT_DOORS = {
    "KWS_DATA": ("data", "evaluate mine", "compare mine other", "train --epochs 1"),
    "KWS_RUNS": ("runs", "classify mine tone.wav", "train --epochs 1", "grid --list"),
    "KWS_CACHE": ("data",),
    "KWS_RECORDINGS": ("evaluate mine --data own",),
}


@pytest.fixture(scope="module")
def workplace(tmp_path_factory, tone_root):
    """A folder with a sound, two runs and odd files, as the current one; nothing is written outside of it."""
    folder = tmp_path_factory.mktemp("odd")
    lay_out(folder)
    soundfile.write(folder / "tone.wav", tone(440), SAMPLE_RATE)
    for name in ("mine", "other"):
        shutil.copytree(CHECKPOINTS / "shipped-linear-A", folder / "runs" / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("KWS_RUNS", str(folder / "runs"))
        patch.setenv("KWS_RECORDINGS", str(folder / "recordings"))
        patch.setenv("KWS_DATA", str(tone_root))
        yield folder


@pytest.fixture
def refused(workplace, capsys):
    """A function that runs a command, and asks that it says one sentence and leaves every file as it was."""

    def call(door, text):
        before = listing(workplace)
        code = main([part.replace("{}", text) for part in door.split()])
        said = capsys.readouterr()
        assert code in (1, 2)
        sentences = [line for line in said.err.split("\n") if line.startswith("error: ")]
        assert len(sentences) == 1, said.err
        assert said.err.endswith((".\n", ".)\n"))
        assert "Traceback" not in said.err
        assert said.err.replace("\n", "").replace("\t", "").isprintable()
        said.err.encode("utf-8")
        assert said.out == ""
        assert listing(workplace) == before
        return said.err

    return call


def listing(folder):
    return {os.fsencode(path): path.lstat().st_mtime_ns for path in folder.rglob("*") if not path.is_dir()}


@pytest.mark.parametrize("text", each(IMPOSSIBLE, ABSENT))
@pytest.mark.parametrize("door", RUN_DOORS)
def test_a_run_that_cannot_be_is_a_sentence(refused, door, text):
    refused(RUN_DOORS[door], text)


@pytest.mark.parametrize("text", [*each(IMPOSSIBLE, ABSENT), ".", "..", "/", "~", "../out", "grids"])
@pytest.mark.parametrize("door", NAME_DOORS)
def test_a_name_that_cannot_be_is_a_sentence(refused, door, text):
    if text == "loop":
        text = "loop/"
    assert "called" in (said := refused(NAME_DOORS[door], text)) or "There is no grid" in said


@pytest.mark.parametrize("text", [*each(IMPOSSIBLE, ABSENT), ".", "/"])
@pytest.mark.parametrize("door", FILE_DOORS)
def test_a_sound_file_that_cannot_be_is_a_sentence(refused, door, text):
    refused(FILE_DOORS[door], text)


@pytest.mark.parametrize("text", each(IMPOSSIBLE))
@pytest.mark.parametrize("door", DATA_DOORS)
def test_a_dataset_that_cannot_be_is_a_sentence_and_begins_no_run(refused, door, text):
    assert " is " in refused(DATA_DOORS[door], text)


@pytest.mark.parametrize("text", [*each(ABSENT), "plain", "/", "~", ".", "tone.wav"])
@pytest.mark.parametrize("door", ["data", "evaluate", "robustness"])
def test_a_folder_without_a_dataset_is_a_sentence(refused, door, text):
    refused(DATA_DOORS[door], text)


@pytest.mark.parametrize("text", [*each(IMPOSSIBLE, ABSENT), "tone.wav"])
@pytest.mark.parametrize("door", FOLDER_DOORS)
def test_a_folder_of_sound_that_cannot_be_is_a_sentence_and_begins_no_run(refused, door, text):
    refused(FOLDER_DOORS[door], text)


@pytest.mark.parametrize(
    "text",
    [text for text in each(IMPOSSIBLE) if text.id not in ("a zero byte", "half a character", "nothing", "a blank")],
)
@pytest.mark.parametrize(
    ("variable", "command"), [(name, command) for name, commands in ENVIRONMENT_DOORS.items() for command in commands]
)
def test_a_folder_in_the_environment_that_cannot_be_is_a_sentence(refused, monkeypatch, variable, command, text):
    monkeypatch.setenv(variable, text)
    assert f"error: {variable} is " in refused(command, "")


@pytest.mark.parametrize("text", [*each(IMPOSSIBLE), "nowhere/report.html", "plain/report.html", "runs", "/dev/null/x"])
def test_a_report_that_can_go_nowhere_is_a_sentence(refused, text):
    refused("report mine --out {}", text)


@pytest.mark.parametrize("text", [*each(IMPOSSIBLE), "nowhere/basis", "plain/basis", "runs", "/dev/null/x"])
@pytest.mark.parametrize("kind", ["onnx", "tflite", "nnaudio", "npz"])
def test_an_export_that_can_go_nowhere_is_a_sentence(refused, kind, text):
    refused(f"export mine --{kind} {{}}", text)


@pytest.mark.parametrize("door", ["stop", "delete"])
@pytest.mark.parametrize("text", ["plain", "tone.wav", ".", "runs", "/"])
def test_only_a_run_can_be_stopped_or_deleted(refused, door, text):
    # Born from a bug: the word STOP was left in any folder that was named.
    assert "not" in refused(RUN_DOORS[door], text)


def test_a_run_and_a_recording_whose_names_are_no_text_are_used(workplace, capsys):
    shutil.copytree(CHECKPOINTS / "shipped-linear-A", workplace / NOT_UTF8)
    Path("tone.wav").rename(f"{NOT_UTF8}.wav")
    try:
        assert main(["classify", NOT_UTF8, f"{NOT_UTF8}.wav"]) == 0
        assert capsys.readouterr().out.startswith("caf\\xe9.wav: ")
        assert main(["report", NOT_UTF8, "--out", f"{NOT_UTF8}.html"]) == 0
        assert capsys.readouterr().out.startswith("caf\\xe9.html: ")
        assert "caf\\udce9" in Path(f"{NOT_UTF8}.html").read_text(encoding="utf-8")
    finally:
        Path(f"{NOT_UTF8}.wav").rename("tone.wav")
        shutil.rmtree(NOT_UTF8)


def test_a_dataset_whose_name_is_no_text_is_refused_before_it_is_read(refused, tone_root, workplace):
    (workplace / NOT_UTF8).symlink_to(tone_root)
    try:
        for door in ("data", "train", "grid"):
            assert "link to it that has a plain name" in refused(DATA_DOORS[door], NOT_UTF8)
    finally:
        (workplace / NOT_UTF8).unlink()


def test_a_run_given_as_a_place_has_its_folders_name(workplace, monkeypatch):
    monkeypatch.chdir(workplace / "runs" / "mine")
    assert find_run(".").name == "mine"
    (workplace / "runs" / "mine" / "below").mkdir()
    monkeypatch.chdir("below")
    assert find_run("..").name == "mine"
    monkeypatch.chdir(workplace)
    (workplace / "runs" / "mine" / "below").rmdir()
    with pytest.raises(RunError, match="is empty"):
        find_run("")
