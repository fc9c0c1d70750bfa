"""``adapt``: a model fitted to a room, and a run like any other."""

import html
import io
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from core import runs
from core.config import SAMPLE_RATE
from core.data.noises import recordings_of
from core.report import html_report
from core.runs import keep
from core.studies.room import EXAMPLES, kept, read_examples
from core.training import room as rooms
from core.training.checkpoint import load_checkpoint
from tests.conftest import PROJECT
from tests.in_process import run_command

pytestmark = pytest.mark.usefixtures("ctrl_c_as_before")

START = "shipped-linear-A"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    with pytest.MonkeyPatch.context() as elsewhere:
        base = tmp_path_factory.mktemp("home")
        elsewhere.setenv("KWS_RUNS", str(base / "runs"))
        elsewhere.delenv("KWS_DATA", raising=False)
        yield base


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A folder with twelve seconds of a fan, in two recordings at 44.1 kHz, and a note."""
    folder = tmp_path_factory.mktemp("room")
    random = np.random.default_rng(0)
    for number in (1, 2):
        hiss = np.cumsum(random.standard_normal(6 * 44_100))
        soundfile.write(folder / f"fan {number}.flac", 0.2 * hiss / np.abs(hiss).max(), 44_100)
    (folder / "note.txt").write_text("the fan beside the window")
    return folder


@pytest.fixture(scope="module")
def adapted(home, room):
    code, out, err = run_command(["adapt", START, "--room", room, "--run", "mine", "--json", "--device", "cpu"])
    assert code == 0, err
    return home / "runs" / "mine", json.loads(out), err


def test_before_and_after_are_told_with_intervals(adapted):
    run, said, err = adapted
    assert "synthetic voices" in err
    assert [one["condition"] for one in said["scores"]] == ["quiet", "10 dB", "0 dB"]
    for one in said["scores"]:
        assert one["gain_interval"][0] <= one["gain"] <= one["gain_interval"][1]
        assert one["after"] - one["before"] == pytest.approx(one["gain"])
        assert sum(one["pairs"].values()) == said["n"] > 100
    assert said["room_s"] == pytest.approx(12, abs=0.1)
    assert said["fitted"] == "bands"
    assert kept(run).checkpoint == keep.model_hash(run)


def test_it_is_a_run_like_any_other(adapted, room):
    run, *_ = adapted
    state = runs.run_state(run)
    assert (state.state, state.has_checkpoint, state.config.start.name) == ("done", True, START)
    assert "fitted to a room" in state.config.title
    new, old = load_checkpoint(run).weights, load_checkpoint(PROJECT / "checkpoints" / START).weights
    others = {name for name in new if not torch.equal(new[name], old[name])}
    assert others == {"normalise.running_mean", "normalise.running_var"}
    code, out, err = run_command(["classify", "mine", room / "fan 1.flac", "--json"])
    assert code == 0, err
    assert json.loads(out)["label"]
    with zipfile.ZipFile(io.BytesIO(runs.as_zip(run))) as archive:
        taken = {Path(name).name for name in archive.namelist()}
        assert not any(b"fan 1" in archive.read(name) for name in archive.namelist()), "no path of this computer"
    assert {"best.pt", "start.pt", "room.json"} <= taken
    assert not taken & {"source.json", EXAMPLES}, "nor the sound of somebody's room"


def test_its_report_shows_the_room_and_how_to_fit_it_again(adapted):
    run, said, _ = adapted
    page = html.unescape(html_report(run))
    assert said["verdict"] in page
    assert f"python -m core adapt {START} --room ROOM.wav --data ROOT --seed 0" in page
    assert "the best by validation" not in page


def test_a_damaged_record_is_named_in_the_report_and_the_rest_reported(adapted, tmp_path):
    copy = shutil.copytree(adapted[0], tmp_path / "copy")
    (copy / "room.json").write_text("{")
    page = html.unescape(html_report(copy))
    assert "Fit it to the room again" in page
    assert "What it learned" in page


def test_what_can_be_heard_is_what_changed(adapted):
    for one in read_examples(adapted[0]):
        assert one.sound.shape == (SAMPLE_RATE,)
        assert one.sound.any()
        assert (one.before == one.truth) != (one.after == one.truth)


def test_a_model_with_pcen_is_fitted_by_it(home, room, monkeypatch):
    monkeypatch.setattr(rooms, "STEPS", 3)
    start = "shipped-linear-B-pcen-in-noise"
    code, out, err = run_command(["adapt", start, "--room", room / "fan 1.flac", room / "fan 2.flac", "--run", "pcen"])
    assert code == 0, err
    assert "PCEN's four numbers of each band" in out
    new, old = (load_checkpoint(folder).weights for folder in (home / "runs/pcen", PROJECT / "checkpoints" / start))
    assert {name.partition(".")[0] for name in new if not torch.equal(new[name], old[name])} == {"pcen"}


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ([START, "--room", "nowhere"], 2, "there is no such file or folder"),
        (["nothing", "--room", "{room}"], 1, "There is no run"),
        ([START, "--room", "{room}/note.txt"], 1, "note.txt cannot be used: it cannot be read as sound (Format not"),
        (["shipped-embedding", "--room", "{room}"], 2, "neither PCEN nor bands"),
        ([START, "--room", "{room}/fan 1.flac"], 1, "lasts 6 whole seconds, and 10 are the least"),
        ([START, "--room", "{room}", "--data", "{room}"], 1, "{room}"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_left(home, room, arguments, code, told):
    before = [one.name for one in runs.list_runs()]
    found, _, err = run_command(["adapt", *(one.replace("{room}", str(room)) for one in arguments)])
    assert found == code, err
    assert told.replace("{room}", str(room)) in err
    assert "Traceback" not in err
    assert [one.name for one in runs.list_runs()] == before


def test_recordings_of_one_name_are_two_and_one_given_twice_is_one(room, tmp_path):
    places = [tmp_path / "a", tmp_path / "b"]
    for place, number in zip(places, (1, 2), strict=True):
        place.mkdir()
        (place / "fan.flac").write_bytes((room / f"fan {number}.flac").read_bytes())
    found, problems = recordings_of([place / "fan.flac" for place in (*places, *places)])
    assert len(found) == 2
    assert {one.action for one in problems} == {"resampled"}
    assert len(recordings_of(places)[0]) == 2


def test_words_that_the_dataset_does_not_have_are_named_and_no_run_is_made(home, room, tmp_path):
    for word in ("foo", "bar"):
        (tmp_path / word).mkdir()
        for number in range(6):
            sound = np.random.default_rng(number).standard_normal(SAMPLE_RATE) * 0.1
            soundfile.write(tmp_path / word / f"{number}.wav", sound, SAMPLE_RATE)
    lists = {"validation": (0,), "testing": (1,)}
    for name, numbers in lists.items():
        lines = [f"{word}/{number}.wav" for word in ("foo", "bar") for number in numbers]
        (tmp_path / f"{name}_list.txt").write_text("\n".join(lines))
    code, _, err = run_command(["train", "--data", tmp_path, "--epochs", "1", "--run", "foobar", "--device", "cpu"])
    assert code == 0, err
    before = [one.name for one in runs.list_runs()]
    code, _, err = run_command(["adapt", "foobar", "--room", room, "--run", "never"])
    assert code == 1
    assert "has no clips to train foo, bar with" in err or "has no clips to train bar, foo with" in err
    assert [one.name for one in runs.list_runs()] == before
