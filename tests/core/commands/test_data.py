"""``data --verify`` from the command line: its sentence, what differs, its JSON, its exit codes."""

import json

import pytest

from core.commands import main
from core.data.audioloader import audioloader_version
from tests.core.data.conftest import make_tree


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A dataset of tones, and packs of its own."""
    monkeypatch.setenv("KWS_CACHE", str(tmp_path / "packs"))
    monkeypatch.delenv("KWS_DATA", raising=False)
    return make_tree(tmp_path / "root", ("bed", "no", "tree", "yes"))


@pytest.fixture
def words_folder(root):
    return root / "SpeechCommands" / "speech_commands_v0.02"


@pytest.fixture
def data(root, capsys):
    def call(*arguments):
        code = main(["data", *(arguments or ("--verify", "--data", str(root)))])
        answer = capsys.readouterr()
        return code, answer.out, answer.err

    return call


def test_one_sentence_says_that_both_agree_in_how_many_clips(data):
    code, out, err = data()
    assert (code, err) == (0, "")
    assert out.endswith("agree in every sample. Clips compared: training 33, validation 14, official test set 11, "
                        "testing list 8.\n")  # fmt: skip
    assert f"AudioLoader {audioloader_version()}" in out
    assert out.count("\n") == 1


def test_the_folder_that_the_environment_names_is_compared(data, root, monkeypatch):
    monkeypatch.setenv("KWS_DATA", str(root))
    code, out, _ = data("--verify")
    assert code == 0
    assert "agree in every sample" in out


def test_what_differs_is_counted_named_and_an_exit_code(data, words_folder):
    lines = (words_folder / "validation_list.txt").read_text().split()
    (words_folder / "validation_list.txt").write_text("".join(line.replace("/", "\\") + "\n" for line in lines))
    code, out, err = data()
    assert (code, err) == (1, "")
    assert "differ in 16 places" in out
    assert "in another split: 8\n" in out
    assert f"{sorted(lines)[0]}: validation; AudioLoader: training" in out
    assert out.count("  and 3 more") == 2
    rows = {line[:20].strip(): line[20:].split() for line in out.splitlines()}
    assert rows["validation"] == ["14", "14"]
    assert rows["training"] == ["33", "41"]


def test_a_script_gets_one_object(data, root, words_folder):
    code, out, _ = data("--verify", "--data", str(root), "--json")
    record = json.loads(out)
    assert code == 0
    assert record["agrees"] is True
    assert record["audioloader"] == audioloader_version()
    assert record["differences"] == []
    assert [split["compared"] for split in record["splits"]] == [33, 14, 11, 8]
    (words_folder / "_background_noise_" / "pink_noise.wav").unlink()
    code, out, _ = data("--verify", "--data", str(root), "--json")
    record = json.loads(out)
    assert code == 1
    assert record["agrees"] is False
    (difference,) = record["differences"]
    assert (difference["kind"], difference["n"]) == ("unreadable", 1)
    assert difference["first"][0]["file"] == "_background_noise_/"


@pytest.mark.parametrize("more", [(), ("--data", "demo")])
def test_the_demo_words_are_wrong_use(data, more):
    code, out, err = data("--verify", *more)
    assert (code, out) == (2, "")
    assert "The demo words are not a dataset that AudioLoader reads" in err
    assert "--data ROOT" in err


def test_a_dataset_that_audioloader_cannot_list_is_one_line(data, words_folder):
    (words_folder / "testing_list.txt").unlink()
    code, out, err = data()
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert "testing_list.txt. Put the file" in err
