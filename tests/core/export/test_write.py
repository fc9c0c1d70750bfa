"""A run is exported whole or not at all, with a card that tells the truth about it, and refused where it misses."""

import dataclasses
import json

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from core.config import ListeningConfig
from core.errors import DataError, ExportError, WriteError
from core.export import kept, needed, places, write
from core.export.int8 import in_int8
from core.export.places import card_path
from core.export.read import read_onnx
from core.export.sounds import extreme_sounds, real_clips
from core.export.write import export_onnx
from core.records.export import Compared, Measured, ParityCard
from core.runs import keep
from core.training.checkpoint import load_checkpoint
from tests.conftest import PROJECT

SHIPPED = PROJECT / "checkpoints"
BCRESNET = SHIPPED / "shipped-bcresnet-1-A"
LINEAR = SHIPPED / "shipped-linear-D"


def export(run, path, **more):
    return export_onnx(run, path, ListeningConfig(), n_clips=60, **more)


@pytest.mark.parametrize("int8", [False, True])
def test_a_run_is_written_with_a_card_beside_it(tmp_path, int8):
    path = tmp_path / "words.onnx"
    card = export(BCRESNET, path, int8=int8)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["words.onnx", "words.onnx.parity.json"]
    told = json.loads(card_path(path).read_text())
    assert told["misses"] == []
    assert told["largest_difference"] <= 1e-4
    assert [one["sound"] for one in told["compared"]] == ["clips", "silence", "full scale", "noise"]
    assert told["same"] == told["n"] == card.n
    assert "Demo words" in told["clips"]
    assert told["clips"].endswith("60 clips")
    low, high = told["float32"]["interval"]
    assert low < told["float32"]["accuracy"] < high
    assert told["original"]["right"] == told["float32"]["right"]
    assert (told["int8"] is None) == (not int8)
    assert read_onnx(path).about.model_hash == told["checkpoint"] == keep.model_hash(BCRESNET)
    assert len(path.read_bytes()) == told["int8" if int8 else "float32"]["n_bytes"]
    if int8:
        assert told["int8"]["n_bytes"] < told["float32"]["n_bytes"]
        assert "training clips" in told["calibration"]


def test_what_was_there_is_replaced_whole(tmp_path):
    path = tmp_path / "words.onnx"
    path.write_bytes(b"an older file")
    card_path(path).write_bytes(b"an older card")
    export(LINEAR, path)
    assert read_onnx(path).about.run == "shipped-linear-D"
    assert json.loads(card_path(path).read_text())["run"] == "shipped-linear-D"


def damaged(model):
    """The same graph with one weight of its last layer off by a tenth."""
    constant = next(one for one in model.graph.initializer if list(one.dims)[:1] == [12] and len(one.dims) == 2)
    weights = numpy_helper.to_array(constant).copy()
    weights[0, 0] += 0.1
    constant.CopyFrom(numpy_helper.from_array(weights, constant.name))
    return model


def test_a_file_that_misses_parity_is_refused_and_leaves_nothing(tmp_path, monkeypatch):
    honest = write.onnx_model

    def off(model, labels):
        graph, rounded = honest(model, labels)
        return damaged(graph), rounded

    monkeypatch.setattr(write, "onnx_model", off)
    path = tmp_path / "words.onnx"
    path.write_bytes(b"what was there")
    with pytest.raises(ExportError, match=r"was not exported: its logits differ by up to .* more than 0\.0001"):
        export(LINEAR, path)
    assert [one.name for one in tmp_path.iterdir()] == ["words.onnx"]
    assert path.read_bytes() == b"what was there"


def test_int8_that_loses_too_much_is_refused_and_the_way_out_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(write, "in_int8", lambda content, *_: damaged(onnx.load_from_string(content)))
    monkeypatch.setattr(ParityCard, "lost", property(lambda _card: 0.02))
    with pytest.raises(ExportError, match=r"int8 loses 2\.0% of the clips.*Export it without --int8"):
        export(LINEAR, tmp_path / "words.onnx", int8=True)
    assert list(tmp_path.iterdir()) == []


def measured(form, right, n_bytes):
    return Measured(form=form, right=right, n=1000, one_clip_ms=1.0, n_bytes=n_bytes)


def card(**other):
    values = {
        "file": "", "sha256": "", "run": "", "checkpoint": "", "clips": "", "data_key": "", "calibration": "",
        "compared": (Compared(sound="clips", n=1000, largest_difference=1e-5, same=1000),),
        "original": measured("original", 900, None), "float32": measured("float32", 900, 1000),
        "int8": measured("int8", 895, 900), "same_in_int8": 990,
    }  # fmt: skip
    return ParityCard(**values | other)


def test_what_counts_as_a_miss():
    assert card().misses == ()
    assert "loses 0.6%" in card(int8=measured("int8", 894, 900)).misses[0]
    assert "1,000 bytes" in card(int8=measured("int8", 900, 1000)).misses[0]
    for largest in (1.1e-4, float("nan")):
        worse = Compared(sound="noise", n=4, largest_difference=largest, same=4)
        assert "on noise" in card(compared=(*card().compared, worse)).misses[0]
    other = Compared(sound="silence", n=1, largest_difference=0.0, same=0)
    assert card(compared=(*card().compared, other)).misses == ("1 of 1001 clips are answered otherwise",)


def test_the_finding_tells_what_was_compared_and_what_int8_costs():
    said = card(clips="Demo words, official test set, 1,000 clips", int8=None).finding
    assert said == (
        "It answers all 1,000 sounds as the model does, and its logits differ by at most 1e-05. Compared on Demo "
        "words, official test set, 1,000 clips, and on silence, full scale and noise."
    )
    other = Compared(sound="silence", n=1, largest_difference=0.0, same=0)
    assert card(compared=(*card().compared, other)).finding.startswith("It answers 1,000 of 1,001 sounds")
    assert card().finding.endswith("In int8, 990 of 1,000 real clips are answered as before.")


@pytest.mark.parametrize("int8", [None, measured("int8", 895, 900)], ids=["float32", "int8"])
def test_a_kept_card_comes_back_as_it_was(tmp_path, int8):
    keep.write(kept.STUDY, tmp_path / "card.json", card(int8=int8))
    assert keep.load(kept.STUDY, tmp_path / "card.json") == card(int8=int8)


def test_where_no_clip_has_a_label_int8_may_answer_as_few_otherwise():
    unlabelled = dataclasses.replace(measured("float32", 0, 1000), n=0)
    assert unlabelled.accuracy is None
    assert card(float32=unlabelled, same_in_int8=996).misses == ()
    assert "loses 0.6%" in card(float32=unlabelled, same_in_int8=994).misses[0]


def test_int8_is_for_the_network_and_never_for_the_front_end(exported, demo):
    clips = np.stack([demo.clip(row) for row in np.flatnonzero(demo.splits == "train")[::120]])
    file, rounded = exported("bcresnet-1-A")
    model = in_int8(file, rounded, clips)
    onnx.checker.check_model(model, full_check=True)
    whole = {one.name: one for one in model.graph.initializer}
    made_of = {name: node for node in model.graph.node for name in node.output}
    before = set()
    waiting = [next(node for node in model.graph.node if node.op_type == "Log")]
    while waiting:
        node = waiting.pop()
        before.add(node.op_type)
        waiting += [made_of[name] for name in node.input if name in made_of]
    assert "MatMul" in before
    assert not {one for one in before if "Linear" in one}
    scales = [
        whole[node.input[1]].dims for node in model.graph.node
        if node.op_type == "DequantizeLinear" and whole.get(node.input[0]) and len(whole[node.input[0]].dims) > 1
    ]  # fmt: skip
    assert scales
    assert all(len(dims) == 1 and dims[0] > 1 for dims in scales), "one scale for each channel"


def test_the_extreme_sounds_are_what_they_are_called(sounds):
    made = extreme_sounds(sounds)
    assert not made["silence"].any()
    assert np.abs(made["full scale"]).max() == 1
    assert all(one.dtype == np.float32 and one.shape[1] == 16_000 for one in made.values())


def test_clips_come_from_the_first_dataset_that_has_some(tone_root, tmp_path, monkeypatch):
    monkeypatch.setenv("KWS_CACHE", str(PROJECT / ".make" / "packs"))
    twelve = load_checkpoint(LINEAR).config.vocabulary
    found = real_clips(LINEAR, [tmp_path / "gone", tone_root, None], twelve, 20)
    assert "Demo words" not in found.title
    assert len(found.waveforms) == 20
    assert "Demo words" in real_clips(LINEAR, [tmp_path / "gone", None], twelve, 20).title
    with pytest.raises(DataError):
        real_clips(LINEAR, [tmp_path / "gone"], twelve, 20)


@pytest.mark.parametrize("place", ["gone/words.onnx", "."])
def test_a_place_that_cannot_be_is_told_before_anything_is_made(tmp_path, monkeypatch, place):
    monkeypatch.setattr(write, "Classifier", None)
    with pytest.raises(ExportError, match=r"no folder|is a folder"):
        export(LINEAR, tmp_path / place)


def test_a_folder_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    # Whoever runs the tests may be allowed to write everywhere.
    def refused(*, dir):
        raise PermissionError(13, "Permission denied", str(dir))

    monkeypatch.setattr(places.tempfile, "TemporaryFile", refused)
    with pytest.raises(ExportError, match="cannot be written"):
        export(LINEAR, tmp_path / "words.onnx")


def test_a_disk_that_fills_up_leaves_nothing_half_written(tmp_path, monkeypatch):
    path = tmp_path / "words.onnx"

    def full(path, _content):
        raise WriteError(OSError(28, "No space left on device"), path)

    monkeypatch.setattr(write, "write_bytes", full)
    with pytest.raises(WriteError, match="Make room"):
        export(LINEAR, path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("gone", [["onnx"], ["onnxruntime"], ["onnx", "onnxruntime"]])
def test_a_missing_package_is_named_with_how_to_install_it(monkeypatch, gone):
    monkeypatch.setattr(needed, "find_spec", lambda name: None if name in gone else object())
    with pytest.raises(ExportError, match=f"needs {' and '.join(gone)}.*pip install -r requirements-export.txt"):
        needed.require_packages()
    assert (PROJECT / "requirements-export.txt").exists()


def test_words_of_ones_own_are_exported_in_one_graph(tmp_path, own_words_run):
    path = tmp_path / "mine.onnx"
    card = export(own_words_run, path, int8=True)
    about = read_onnx(path).about
    assert about.labels == ("marvin", "sheila", "_unknown_")
    assert about.kind == "embedding"
    assert card.misses == ()
