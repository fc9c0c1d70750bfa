"""Pages that are ready to be served: made once for a model, and found by no name but their own."""

import os
import shutil
import subprocess
import sys

import pytest

from core.errors import ExportError
from core.export import kept, served, web
from core.export.served import INDEX, MOST_KEPT, NAMES, file, is_ready, key_of, make
from tests.conftest import PROJECT
from tests.core.conftest import CHECKPOINTS
from tests.dashboard.conftest import train_further

RUNTIME = {"onnxruntime-web.js": b"//", "onnxruntime-web.wasm": b"wasm"}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A small model of a user, in an empty cache; ONNX Runtime Web is at hand."""
    monkeypatch.setenv("KWS_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(served, "packs_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(web, "runtime_files", lambda: RUNTIME)
    monkeypatch.setattr(served, "N_CLIPS", 30)
    return shutil.copytree(CHECKPOINTS / "shipped-linear-A", tmp_path / "runs" / "mine")


def silent(*_):
    """No progress is shown."""


def test_a_page_is_made_once_and_found_again(run, monkeypatch):
    told = []
    assert not is_ready(run)
    make(run, lambda *step: told.append(step))
    assert is_ready(run)
    assert "Comparing with the model" in [what for *_, what in told]
    assert {name for name in NAMES if file(key_of(run), name)} == NAMES
    assert file(key_of(run), "model.onnx").read_bytes() == kept.onnx_file(run, "float32").read_bytes()
    assert kept.load(run, "float32") is not None, "Export shows the same file"
    copy = shutil.copytree(run, run.with_name("copy"))
    assert is_ready(copy), "the same weights have the same page"
    monkeypatch.setattr(kept, "export", None)
    shutil.rmtree(file(key_of(run), INDEX).parent)
    make(run, silent)
    assert is_ready(run), "the file that is there already was taken"


def test_a_model_that_was_trained_further_has_another_page(run):
    make(run, silent)
    before = key_of(run)
    train_further(run)
    assert key_of(run) != before
    assert not is_ready(run)
    make(run, silent)
    assert file(key_of(run), "model.onnx").read_bytes() != file(before, "model.onnx").read_bytes()


def test_another_version_of_the_program_has_another_page(run, monkeypatch):
    before = key_of(run)
    served._program.cache_clear()
    monkeypatch.setattr(served, "VERSION", "9.9.9")
    assert key_of(run) != before
    served._program.cache_clear()


def test_a_damaged_file_is_exported_again(run):
    path = kept.onnx_file(run, "float32")
    path.write_bytes(b"hello")
    make(run, silent)
    assert is_ready(run)


def test_no_name_from_outside_leads_anywhere_else(run, tmp_path):
    make(run, silent)
    key, page = key_of(run), file(key_of(run), INDEX).parent
    (page / "secret.txt").write_text("mine")
    (page.parent / "index.html").write_text("mine")
    (page.parent / ("0" * 32)).symlink_to(tmp_path)
    for name in (
        "secret.txt",
        web.MARK,
        "../index.html",
        "..",
        ".",
        "",
        f"../{key}/index.html",
        "/etc/hostname",
        "a\0b",
    ):
        assert file(key, name) is None, name
    for other in ("", ".", "..", "../pages", f"{key}/../{key}", key.upper(), key[:-1], f"{key}\n", "0" * 32, "f" * 32):
        assert file(other, INDEX) is None, other


def test_a_page_that_is_half_written_is_not_served(run):
    make(run, silent)
    page = file(key_of(run), INDEX)
    page.unlink()
    assert not is_ready(run)
    assert file(key_of(run), "page.js") is None


def test_what_cannot_be_fetched_is_said_and_nothing_is_served(run, monkeypatch):
    def offline():
        raise ExportError("run: npm pack")

    monkeypatch.setattr(web, "runtime_files", offline)
    with pytest.raises(ExportError, match="npm pack"):
        make(run, silent)
    assert not is_ready(run)


def test_only_the_newest_pages_stay(run):
    make(run, silent)
    place = file(key_of(run), INDEX).parent.parent
    (place / "notes").mkdir()
    for number in range(MOST_KEPT):
        old = place / f"{number:032x}"
        old.mkdir()
        os.utime(old, (number, number))
    shutil.rmtree(place / key_of(run))
    make(run, silent)
    left = {path.name for path in place.iterdir()}
    assert left == {"notes", key_of(run), *(f"{number:032x}" for number in range(1, MOST_KEPT))}


def test_what_is_served_needs_no_package_that_only_makes_it(tmp_path):
    program = """
import sys
sys.modules |= {"onnx": None, "onnxruntime": None}  # as if they were not installed
from pathlib import Path
from core.export import served
print(served.is_ready(Path(sys.argv[1])), served.file("0" * 32, "index.html"))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, CHECKPOINTS / "shipped-linear-A"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "KWS_CACHE": str(tmp_path)},
    )
    assert done.stdout == "False None\n", done.stderr
