"""Listening settings are kept with their model, and nothing but valid ones comes back."""

import json
from dataclasses import replace

import pytest

from core.config import ListeningConfig
from core.errors import ConfigError, RunError, WriteError
from core.studies.listening import operating_point

CHOSEN = ListeningConfig(threshold=0.85, word_thresholds=(("go", 0.9), ("no", 0.5)), minimum_count=3)


@pytest.fixture
def run(runs_here):
    folder = runs_here / "mine"
    folder.mkdir()
    return folder


def test_what_was_kept_comes_back(run):
    operating_point.save(run, CHOSEN)
    assert operating_point.load(run) == CHOSEN
    assert (run / "listening.json").exists()
    operating_point.save(run, replace(CHOSEN, threshold=0.2))
    assert operating_point.load(run).threshold == 0.2


def test_a_run_without_kept_settings_has_the_defaults(run):
    assert operating_point.load(run) == ListeningConfig()


def test_a_checkpoint_file_has_the_defaults_and_keeps_none(run):
    file = run / "best.pt"
    file.touch()
    assert operating_point.load(file) == ListeningConfig()
    with pytest.raises(RunError, match="not the folder of a run"):
        operating_point.save(file, CHOSEN)


def test_settings_of_a_shipped_model_are_kept_among_the_users_runs(runs_here, tmp_path):
    shipped = tmp_path / "project" / "shipped-linear-A"
    shipped.mkdir(parents=True)
    operating_point.save(shipped, CHOSEN)
    assert list(shipped.iterdir()) == []
    assert [path.name for path in runs_here.rglob("*.json")] == ["listening.json"]
    assert operating_point.load(shipped) == CHOSEN


def test_the_folder_of_the_users_runs_is_made_when_needed(tmp_path, monkeypatch):
    monkeypatch.setenv("KWS_RUNS", str(tmp_path / "not" / "yet"))
    shipped = tmp_path / "shipped-linear-A"
    shipped.mkdir()
    operating_point.save(shipped, CHOSEN)
    assert operating_point.load(shipped) == CHOSEN


def kept(run, **changes):
    """Write settings to the run as ``save`` does, with some of the file's or the config's values changed."""
    operating_point.save(run, ListeningConfig())
    path = run / "listening.json"
    content = json.loads(path.read_text())
    content["config"] |= changes.pop("config", {})
    path.write_text(json.dumps(content | changes))


@pytest.mark.parametrize(
    ("config", "names"),
    [
        ({"threshold": 1.5}, "threshold is 1.5"),
        ({"threshold": "high"}, "threshold is 'high'"),
        ({"threshold": float("nan")}, "NaN, which is no number"),
        ({"minimum_count": 0}, "minimum_count is 0"),
        ({"refractory_s": -1}, "refractory_s is -1"),
        ({"volume": 11}, "no setting called volume"),
        ({"word_thresholds": [["../up", 0.5]]}, "../up"),
        ({"word_thresholds": [["go"]]}, "cannot be used"),
        ({"word_thresholds": 3}, "word_thresholds is 3"),
    ],
)
def test_a_value_that_cannot_work_is_refused_by_name(run, config, names):
    kept(run, config=config)
    with pytest.raises(ConfigError, match=names):
        operating_point.load(run)


def test_a_later_version_is_refused_politely(run):
    kept(run, version=2)
    with pytest.raises(ConfigError, match=r"version 2; this program reads version 1.*Update the program"):
        operating_point.load(run)


HEAD = b'{"format": "earshot-listening"'


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\xff", b"[]", b"null", b'{"format": "else"}', b"[" * 100_000, HEAD + b"}", HEAD + b', "version": 1}'],
    ids=["empty", "bytes", "a list", "null", "another format", "deep", "no version", "no config"],
)
def test_a_damaged_file_is_refused_with_the_file_to_remove(run, content):
    (run / "listening.json").write_bytes(content)
    with pytest.raises(ConfigError, match=r"remove .*listening\.json"):
        operating_point.load(run)


def test_a_folder_that_takes_no_files_is_said(run, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.files.writing._temporary", full)
    with pytest.raises(WriteError, match="No space left"):
        operating_point.save(run, CHOSEN)
