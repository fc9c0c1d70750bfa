"""What a person says of a run stays with it, changes nothing else, and is held against what can be shown."""

import json
import os

import pytest

from core import runs
from core.commands import main
from core.errors import ConfigError, KeywordSpottingError
from core.runs import Label
from core.runs.label import LABEL

SAID = Label(name="Loud kitchen", note="First try.\nSecond line.", tags=("kitchen", "new"))


@pytest.fixture
def run(runs_here, tiny_config):
    folder = runs.new_run(tiny_config, None, name="mine")
    runs.write_status(folder, state="stopped")
    return folder


def test_what_is_said_of_a_run_is_read_back_and_shown_with_it(run, capsys):
    assert runs.run_state(run).called == "mine"
    runs.write_label(run, SAID)
    state = runs.run_state(run)
    assert (state.label, state.called, state.name) == (SAID, "Loud kitchen", "mine")
    assert (state.state, state.config is None) == ("stopped", False)
    assert main(["runs", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert listed["label"] == {"name": "Loud kitchen", "note": "First try.\nSecond line.", "tags": ["kitchen", "new"]}


def test_a_shipped_model_is_named_in_the_users_own_folder_and_stays_as_it_is(run):
    shipped = run.rename(run.with_name("shipped-mine"))
    before = {path.name: path.read_bytes() for path in shipped.iterdir()}
    runs.write_label(shipped, SAID)
    assert {path.name: path.read_bytes() for path in shipped.iterdir()} == before
    assert runs.run_state(shipped).called == "Loud kitchen"
    assert [one.name for one in runs.list_runs()] == ["shipped-mine"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "x" * 61},
        {"name": "two\nlines"},
        {"name": "*bold*"},
        {"name": ":material/mic:"},
        {"name": "<b>"},
        {"name": "a/b"},
        {"tags": ("[a](b)",)},
        {"name": " begins with a space"},
        {"name": "turned \u202e round"},
        {"name": "half \ud800"},
        {"name": "\x1b[31mred"},
        {"note": "n" * 2001},
        {"note": "a bell \x07"},
        {"tags": ("",)},
        {"tags": ("a,b",)},
        {"tags": ("t" * 31,)},
        {"tags": ("one", "one")},
        {"tags": tuple(map(str, range(21)))},
    ],
)
def test_what_cannot_be_shown_is_refused(wrong):
    with pytest.raises(ConfigError):
        Label(**wrong)


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"name": 5}', '{"name": "\\u0007"}', '{"colour": "red"}', "[" * 10_000]
)
def test_a_damaged_label_says_nothing_and_can_be_written_anew(run, content):
    (run / LABEL).write_text(content)
    assert runs.run_state(run).label == Label()
    runs.write_label(run, SAID)
    assert runs.run_state(run).label == SAID


def test_a_label_that_cannot_be_written_is_an_error_with_a_reason(run, monkeypatch):
    runs.write_label(run, SAID)
    monkeypatch.setattr("core.files.writing.tempfile.mkstemp", lambda **_more: os.open("/nowhere/at/all", os.O_RDWR))
    with pytest.raises(KeywordSpottingError, match="cannot be written"):
        runs.write_label(run, Label(name="Other"))
    assert runs.run_state(run).label == SAID


def test_a_label_goes_into_the_trash_and_comes_back_with_its_run(run):
    runs.write_label(run, SAID)
    runs.delete_run(run)
    assert runs.run_state(runs.restore_run("mine")).label == SAID
