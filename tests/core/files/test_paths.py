"""Paths as people name them: a path that answers questions, or one sentence."""

import os

import pytest

from core import runs
from core.data.pack import packs_folder
from core.data.recordings import recordings_folder
from core.errors import ConfigError, DataError, RunError
from core.files.paths import environment_text, path_from, path_in_environment
from tests.odd_paths import ABSENT, IMPOSSIBLE, NOT_UTF8, each, lay_out


@pytest.fixture(autouse=True)
def among_odd_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lay_out(tmp_path)


@pytest.mark.parametrize("text", each(IMPOSSIBLE))
def test_an_impossible_path_is_one_printable_sentence_of_bounded_length(text):
    with pytest.raises(DataError) as refused:
        path_from(text, "The folder", DataError)
    said = str(refused.value)
    assert said.startswith("The folder is ")
    assert said.endswith(".")
    assert len(said) < 400
    assert said.isprintable()


@pytest.mark.parametrize("text", [*each(ABSENT), ".", "/", "~", "plain", "nowhere/at/all"])
def test_any_other_path_answers_whether_it_is_there(text):
    path = path_from(text, "The folder")
    assert path.exists() == (text in (".", "/", "~", "plain"))
    assert path.is_dir() == (text in (".", "/", "~"))
    assert path.is_file() == (text == "plain")


def test_a_folder_whose_name_is_no_text_is_found(tmp_path):
    (tmp_path / NOT_UTF8).mkdir()
    assert path_from(NOT_UTF8, "The folder").is_dir()


def test_home_is_resolved():
    assert path_from("~/x", "--data") == path_from("~", "--data") / "x"


def test_a_folder_that_one_may_not_look_into_is_refused(tmp_path, monkeypatch):
    # Tests may run as root, who may look everywhere.
    monkeypatch.setattr(os, "access", lambda path, _mode: path != tmp_path)
    with pytest.raises(ConfigError, match="you may not look into"):
        path_from(str(tmp_path), "--data")


@pytest.mark.parametrize(
    ("variable", "folder", "kind"),
    [
        ("KWS_RUNS", runs.runs_folder, RunError),
        ("KWS_CACHE", packs_folder, DataError),
        ("KWS_RECORDINGS", recordings_folder, DataError),
    ],
)
def test_folders_in_the_environment_follow_one_rule(monkeypatch, tmp_path, variable, folder, kind):
    monkeypatch.setenv(variable, f" {tmp_path} ")
    assert folder() == tmp_path
    usual = {monkeypatch.setenv(variable, text) or folder() for text in ("", "  ")}
    monkeypatch.delenv(variable)
    assert usual == {folder()}
    for text in ("~nosuchuser/x", "n" * 300, "loop"):
        monkeypatch.setenv(variable, text)
        with pytest.raises(kind, match=f"^{variable} is "):
            folder()


@pytest.mark.parametrize("folder", [packs_folder, recordings_folder])
def test_a_user_without_a_home_is_told_which_variable_helps(monkeypatch, folder):
    for name in ("KWS_CACHE", "KWS_RECORDINGS", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)  # what Python answers where there is none
    with pytest.raises(DataError, match="no home folder") as refused:
        folder()
    assert "KWS_" in str(refused.value)


def test_a_variable_that_is_not_set_names_nothing(monkeypatch):
    monkeypatch.delenv("KWS_RUNS", raising=False)
    assert environment_text("KWS_RUNS") == ""
    assert path_in_environment("KWS_RUNS") is None
