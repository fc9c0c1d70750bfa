"""What is no exported file, or no longer one, is told in a sentence before a runtime sees it."""

import json

import onnx
import pytest

from core.errors import ExportError
from core.export.read import KEY, LARGEST_BYTES, read_onnx


@pytest.fixture
def file(exported, tmp_path):
    path = tmp_path / "words.onnx"
    path.write_bytes(exported("linear-A")[0])
    return path


def says(file, **other):
    """The same file, saying something else about itself."""
    model = onnx.load(file)
    values = json.loads(next(one.value for one in model.metadata_props if one.key == KEY)) | other
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, {KEY: json.dumps(values)})
    onnx.save(model, file)


def test_an_exported_file_is_read_with_what_it_says(file):
    found = read_onnx(file)
    assert found.content == file.read_bytes()
    assert found.about.labels[:2] == ("down", "go")
    assert (found.about.kind, found.about.setting) == ("linear", "A")


@pytest.mark.parametrize("share", [0, 0.01, 0.3, 0.9, 0.9999])
def test_a_truncated_file_is_refused(file, share):
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ExportError, match=r"damaged|incomplete"):
        read_onnx(file)


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 0.8, 0.95])
def test_a_single_flipped_bit_is_noticed(file, share):
    content = bytearray(file.read_bytes())
    content[int(share * len(content))] ^= 16
    file.write_bytes(bytes(content))
    with pytest.raises(ExportError):
        read_onnx(file)


@pytest.mark.parametrize("content", [b"RIFF....WAVE", b"{}", b"\x00" * 100, b"\xff" * 100, b"PK\x03\x04 a checkpoint"])
def test_a_foreign_file_is_refused(file, content):
    file.write_bytes(content)
    with pytest.raises(ExportError, match="no ONNX file"):
        read_onnx(file)


def test_an_onnx_file_of_another_program_is_told_from_a_damaged_one(file):
    model = onnx.load(file)
    del model.metadata_props[:]
    onnx.save(model, file)
    with pytest.raises(ExportError, match=r"another program made.*Export the run again"):
        read_onnx(file)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"format": 2}, "format 2.*Update the program"),
        ({"format": "1"}, "makes no sense"),
        ({"sample_rate": 8000}, "at 8000 Hz"),
        ({"labels": []}, "no labels"),
        ({"hop_samples": 0}, "no hop"),
        ({"listening": {"threshold": 7}}, "threshold is 7"),
        ({"more": 1}, "no setting called more"),
    ],
    ids=str,
)
def test_what_a_file_says_about_itself_is_held_against_what_can_be(file, other, words):
    says(file, **other)
    with pytest.raises(ExportError, match=words):
        read_onnx(file)


def test_a_missing_file_a_folder_and_a_huge_one_are_told_apart(file, tmp_path):
    with pytest.raises(ExportError, match="There is no file"):
        read_onnx(tmp_path / "other.onnx")
    with pytest.raises(ExportError, match="is a folder"):
        read_onnx(tmp_path)
    with file.open("r+b") as opened:
        opened.truncate(LARGEST_BYTES + 1)
    with pytest.raises(ExportError, match="larger than"):
        read_onnx(file)
