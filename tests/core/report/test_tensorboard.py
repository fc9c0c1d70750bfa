"""A run as TensorBoard's event files: every curve as it was recorded, the scores, and nothing half."""

import shutil
import struct

import pytest

from core import runs
from core.commands import main
from core.errors import RunError
from core.report import tensorboard
from core.studies.evaluation import scores
from tests.kept import load_evaluation, saved_evaluations

SHIPPED = runs.PROJECT / "checkpoints" / "shipped-linear-D"


def events(folder):
    """Every event of the one file in a folder: length, its checksum, the event, its checksum (TFRecord)."""
    from tensorboardX.proto.event_pb2 import Event

    (path,) = folder.glob("events.out.tfevents.*")
    raw, at = path.read_bytes(), 0
    while at < len(raw):
        (length,) = struct.unpack("<Q", raw[at : at + 8])
        yield Event.FromString(raw[at + 12 : at + 12 + length])
        at += length + 16


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("logs")
    tensorboard.write_events(SHIPPED, folder)
    return folder


def test_every_curve_is_there_epoch_by_epoch_and_the_scores_beside_it(written):
    found = {}
    for event in events(written / "shipped-linear-D"):
        for value in event.summary.value:
            found.setdefault(value.tag, {})[event.step] = value.simple_value
    reports = runs.read_progress(SHIPPED)
    for name, tag in tensorboard.SERIES.items():
        expected = {one.epoch: getattr(one, name) for one in reports if getattr(one, name) is not None}
        assert found[tag] == pytest.approx(expected, rel=1e-6)
    for path in saved_evaluations(SHIPPED):
        evaluation = load_evaluation(path)
        measured = found[f"accuracy/{evaluation.clips_title.replace(' ', '_')}"]
        assert list(measured.values()) == [pytest.approx(scores(evaluation).accuracy, rel=1e-6)]
    assert len(found["mel_filters"]) == len(runs.evolution(SHIPPED)) > 1
    assert "settings/text_summary" in found


def test_times_go_on_by_what_the_epochs_took(written):
    times = {
        event.step: event.wall_time
        for event in events(written / "shipped-linear-D")
        for value in event.summary.value
        if value.tag == "loss/training"
    }
    first, second, *_ = runs.read_progress(SHIPPED)
    assert times[second.epoch] - times[first.epoch] == pytest.approx(second.seconds, abs=1e-3)


def test_the_command_says_how_it_is_looked_at_and_writes_nothing_over(tmp_path, capsys):
    logs = tmp_path / "logs"
    assert main(["report", str(SHIPPED), "--tensorboard", str(logs)]) == 0
    assert f"tensorboard --logdir {logs}" in capsys.readouterr().out
    assert [path.name for path in logs.iterdir()] == ["shipped-linear-D"]
    assert main(["report", str(SHIPPED), "--tensorboard", str(logs)]) != 0
    assert "is there already" in capsys.readouterr().err


def test_without_the_package_or_an_epoch_it_says_what_to_do(tmp_path, monkeypatch):
    empty = tmp_path / "empty"
    shutil.copytree(SHIPPED, empty)
    (empty / runs.PROGRESS).unlink()
    with pytest.raises(RunError, match="has no finished epoch"):
        tensorboard.write_events(empty, tmp_path / "logs")
    monkeypatch.setattr(tensorboard, "find_spec", lambda _: None)
    with pytest.raises(RunError, match=r"pip install -r requirements-tensorboard\.txt"):
        tensorboard.write_events(SHIPPED, tmp_path / "logs")
    assert not (tmp_path / "logs").exists()
