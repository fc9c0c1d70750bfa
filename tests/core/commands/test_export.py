"""``export``: what it writes, what it prints, and how it refuses."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from core import runs
from core.commands import export
from core.config import ListeningConfig
from core.errors import ConfigError, ExportError
from core.export import needed, web
from core.export.read import read_onnx
from core.export.runtime import PROGRAM
from core.studies.listening import operating_point
from tests.conftest import PROJECT
from tests.in_process import run_command
from tests.odd_paths import NOT_UTF8

SHIPPED = PROJECT / "checkpoints" / "shipped-linear-D"


@pytest.fixture
def mine(runs_here, monkeypatch):
    """A run of one's own."""
    monkeypatch.setenv("KWS_CACHE", str(PROJECT / ".make" / "packs"))
    shutil.copytree(SHIPPED, runs_here / "mine")
    return runs_here / "mine"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KWS_DATA", raising=False)
    return tmp_path


def run(*arguments):
    return run_command(["export", *map(str, arguments)], "utf-8")


def test_a_model_and_its_basis_are_written_and_the_card_is_printed(here):
    code, out, err = run(
        SHIPPED, "--onnx", "words.onnx", "--int8", "--nnaudio", "basis.pt", "--npz", "basis.npz", "--clips", 60
    )
    assert (code, err) == (0, "")
    assert {one.name for one in here.iterdir()} == {
        "words.onnx",
        "words.onnx.parity.json",
        "earshot_runtime.py",
        "basis.pt",
        "basis.npz",
    }
    for words in ("silence", "full scale", "noise", "100.0%", "float32", "int8", "Demo words", "MelSpectrogram(sr="):
        assert words in out


@pytest.mark.parametrize("name", ["−× \U0001f600", NOT_UTF8], ids=["signs", "no text"])
def test_odd_names_are_no_obstacle(here, name):
    shutil.copytree(SHIPPED, here / name)
    code, out, err = run(here / name, "--onnx", f"{name}.onnx", "--int8", "--clips", 30)
    assert (code, err) == (0, "")
    assert read_onnx(here / f"{name}.onnx").about.labels[0] == "down"
    assert "compared on" in out
    code, out, err = run(here / name, "--tflite", f"{name}.tflite", "--clips", 30)
    assert (code, err) == (0, "")
    assert "compared on" in out


def test_a_page_around_the_model_is_written_with_or_without_the_file_itself(here, monkeypatch):
    monkeypatch.setattr(web, "runtime_files", lambda: {"onnxruntime-web.js": b"//", "onnxruntime-web.wasm": b"wasm"})
    code, out, err = run(SHIPPED, "--web", "page", "--clips", 30)
    assert (code, err) == (0, "")
    assert "page: a page that listens" in out
    assert [one.name for one in here.iterdir()] == ["page"]
    assert {"index.html", "model.onnx", "model.json"} <= {one.name for one in (here / "page").iterdir()}
    assert run(SHIPPED, "--onnx", "words.onnx", "--web", "page", "--clips", 30)[0] == 0
    assert (here / "page" / "model.onnx").read_bytes() == (here / "words.onnx").read_bytes()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--onnx", "earshot_runtime.py"),
        ("--onnx", "x", "--npz", "x.parity.json"),
        ("--onnx", "x", "--nnaudio", "earshot_runtime.py"),
        ("--onnx", "page/model.onnx", "--web", "page"),
        ("--tflite", "x", "--npz", "x.features.npz"),
        ("--tflite", "x", "--onnx", "x"),
    ],
)
def test_nothing_that_is_written_overwrites_something_else_of_it(here, arguments):
    (here / "page").mkdir()
    code, out, err = run(SHIPPED, *arguments, "--clips", 30)
    assert (code, out) == (2, "")
    assert "same name" in err or "none of the other files" in err
    assert [one.name for one in here.rglob("*")] == ["page"]


def test_a_file_of_somebody_else_with_the_program_s_name_is_left_alone(here):
    (here / "earshot_runtime.py").write_text("import precious\n")
    code, _, err = run(SHIPPED, "--onnx", "words.onnx", "--clips", 30)
    assert code == 1
    assert "left alone" in err
    assert (here / "earshot_runtime.py").read_text() == "import precious\n"
    assert not (here / "words.onnx").exists()
    (here / "earshot_runtime.py").write_text(PROGRAM.read_text() + "# an older version\n")
    assert run(SHIPPED, "--onnx", "words.onnx", "--clips", 30)[0] == 0
    assert (here / "earshot_runtime.py").read_bytes() == PROGRAM.read_bytes()


def test_a_folder_that_holds_something_else_is_refused_before_anything_is_written(here):
    (here / "full").mkdir()
    (here / "full" / "notes.txt").write_text("mine")
    code, _, err = run(SHIPPED, "--onnx", "words.onnx", "--web", "full")
    assert code == 1
    assert "holds other files" in err
    assert not (here / "words.onnx").exists()


def test_json_is_the_card(here):
    code, out, _ = run(SHIPPED, "--onnx", "words.onnx", "--clips", 60, "--json")
    assert code == 0
    assert json.loads(out)["onnx"] == json.loads((here / "words.onnx.parity.json").read_text())


def test_the_network_alone_is_written_with_what_makes_its_features(here):
    code, out, err = run(SHIPPED, "--tflite", "words.tflite", "--clips", 60)
    assert (code, err) == (0, "")
    assert {one.name for one in here.iterdir()} == {
        "words.tflite",
        "words.tflite.parity.json",
        "words.tflite.features.npz",
    }
    assert "8 bits for what flows between layers" in out
    code, out, _ = run(SHIPPED, "--tflite", "words.tflite", "--clips", 60, "--json")
    assert json.loads(out)["tflite"] == json.loads((here / "words.tflite.parity.json").read_text())


def test_thresholds_kept_with_a_run_go_with_it(here, mine):
    kept = ListeningConfig(threshold=0.55, word_thresholds=(("yes", 0.9),))
    operating_point.save(mine, kept)
    assert run("mine", "--onnx", "words.onnx", "--clips", 30)[0] == 0
    about = read_onnx(here / "words.onnx").about
    assert about.listening == kept
    assert about.run == "mine"


def test_the_runs_own_dataset_goes_before_the_usual_one(mine, tone_root):
    runs.write_source(mine, tone_root, None)
    assert export._datasets(None, mine) == [tone_root, None]
    assert export._datasets("demo", mine) == [None]
    assert export._datasets(None, SHIPPED) == [None]
    with pytest.raises(ConfigError, match="too few"):
        export._datasets("own", mine)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "Nothing was asked for"),
        (("--int8", "--npz", "a.npz"), 2, "give --onnx FILE or --web FOLDER too"),
        (("--onnx", "a", "--npz", "a"), 2, "same name"),
        (("--onnx", "a", "--clips", "0"), 2, "give at least 12"),
        (("--onnx", "gone/words.onnx"), 1, "There is no folder gone"),
        (("--onnx", "."), 1, "is a folder"),
        (("--onnx", __file__ + "/words.onnx"), 1, "test_export.py is a file, so words.onnx cannot lie in it"),
        (("--tflite", "/proc/words.tflite"), 1, "The folder /proc cannot be written"),
        (("--npz", "gone/basis.npz"), 1, "There is no folder gone"),
        (("--tflite", "gone/words.tflite"), 1, "There is no folder gone"),
        (("--npz", "a.npz", "--flow-bits", "16"), 2, "give --tflite FILE too"),
        (("--onnx", "words.onnx", "--data", "gone"), 1, "gone"),
    ],
)
def test_what_cannot_be_is_a_sentence(here, arguments, code, words):
    found, out, err = run(SHIPPED, *arguments)
    assert (found, out) == (code, "")
    assert words in err
    assert list(here.iterdir()) == []


def test_a_refusal_names_what_was_written_before_it(here, monkeypatch):
    def refused(*_given):
        raise ExportError("It was refused.")

    monkeypatch.setattr(export, "_export_tflite", refused)
    code, out, err = run(
        SHIPPED, "--tflite", "words.tflite", "--onnx", "words.onnx", "--npz", "a.npz", "--clips", 30, "--json"
    )
    assert (code, out) == (1, "")
    assert err.strip() == "error: It was refused. Written before that: a.npz, words.onnx."
    assert {"a.npz", "words.onnx"} < {one.name for one in here.iterdir()}
    code, _, err = run(SHIPPED, "--tflite", "words.tflite", "--clips", 30)
    assert err.strip() == "error: It was refused."


def test_a_missing_package_is_a_sentence_and_the_basis_does_without(here, monkeypatch):
    monkeypatch.setattr(needed, "find_spec", lambda _name: None)
    code, _, err = run(SHIPPED, "--onnx", "words.onnx")
    assert code == 1
    assert "pip install -r requirements-export.txt" in err
    assert run(SHIPPED, "--npz", "basis.npz")[0] == 0
    code, _, err = run(SHIPPED, "--onnx", "words.onnx", "--tflite", "words.tflite")
    assert code == 1
    assert "pip install -r requirements-tflite.txt" in err
    assert [one.name for one in here.iterdir()] == ["basis.npz"]


def test_where_the_packages_are_missing_nothing_ends_in_a_trace(here):
    program = """
import sys
sys.modules |= {"onnx": None, "onnxruntime": None}  # as if they were not installed
from core.commands import main
print(main(["export", sys.argv[1], "--npz", "basis.npz"]), main(["export", sys.argv[1], "--web", "page"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, SHIPPED],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    assert done.stdout.endswith("0 1\n"), done.stderr
    assert "pip install -r requirements-export.txt" in done.stderr
    assert "Traceback" not in done.stderr
