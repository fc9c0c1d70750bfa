"""Exported files changed at random are refused with a sentence, or opened where nothing that counts changed."""

import json
from pathlib import Path

import onnx
import pytest

from core.config import ListeningConfig
from core.export.model import about, as_file, onnx_model
from core.export.read import KEY, read_onnx
from core.export.session import open_session
from core.training.checkpoint import load_checkpoint
from tests.conftest import PROJECT
from tests.fuzz.test_runs import damaged, read, rounds, with_something_odd


@pytest.fixture(scope="module")
def good():
    checkpoint = load_checkpoint(PROJECT / "checkpoints" / "shipped-linear-A")
    graph, _ = onnx_model(checkpoint.model(), checkpoint.labels)
    return as_file(graph, about(checkpoint, ListeningConfig(), run="good", model_hash="0" * 64))


def opened(path: Path):
    open_session(read_onnx(path).content)


def test_damaged_files_are_refused_with_a_sentence(good, tmp_path):
    path = tmp_path / "words.onnx"
    refused = 0
    for number, dice in rounds("exported"):
        path.write_bytes(damaged(good, dice))
        refused += not read(lambda: opened(path), number, "an exported file")
    assert refused


def test_odd_metadata_are_refused_with_a_sentence(good, tmp_path):
    path, model = tmp_path / "words.onnx", onnx.load_from_string(good)
    says = json.loads(next(one.value for one in model.metadata_props if one.key == KEY))
    refused = 0
    for number, dice in rounds("metadata"):
        del model.metadata_props[:]
        text = json.dumps(with_something_odd(says, dice))
        onnx.helper.set_model_props(model, {KEY: text.replace("\\u0000", "\\u0001")})
        path.write_bytes(model.SerializeToString())
        refused += not read(lambda: opened(path), number, "the metadata of an exported file")
    assert refused
