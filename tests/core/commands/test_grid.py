"""``grid`` from the command line."""

import csv
import io
import json

import pytest

from core.commands import main
from core.jobs import grid
from core.training.checkpoint import load_checkpoint

SMALL = ("--settings", "A,B", "--n-mels", "10", "--seeds", "2", "--epochs", "1")


@pytest.fixture
def command(runs_here, tone_root, capsys):
    def call(*arguments):
        code = main(["grid", *arguments])
        answer = capsys.readouterr()
        return code, answer.out, answer.err

    return call


@pytest.fixture
def trained(command, tone_root):
    return command(
        "mels", *SMALL, "--name", "mine", "--data", str(tone_root), "--protocol", "testing-list", "--device", "cpu"
    )


def test_a_grid_is_trained_and_its_table_printed(trained):
    code, out, err = trained
    assert code == 0
    assert "mine: 4 of 4 trained; accuracy on the testing list" in out
    assert "33 test clips" in out
    assert "14.2 points" in out
    assert err.count("done  validation") == 4


def test_it_can_be_shown_again_as_a_table_for_other_programs_and_as_json(trained, command):
    _, out, _ = command("--show", "mine", "--protocol", "testing-list", "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [(row["setting"], row["n_mels"], row["seeds"]) for row in rows] == [("A", "10", "2"), ("B", "10", "2")]
    _, out, _ = command("--show", "mine", "--protocol", "testing-list", "--json")
    records = [json.loads(line) for line in out.splitlines()]
    assert records[1]["gain"] == pytest.approx(records[1]["accuracy"] - records[0]["accuracy"])
    _, out, _ = command("--list")
    assert out.split() == ["mine", "4", "of", "4", "trained"]


def test_a_finished_grid_is_not_trained_again(trained, command):
    code, out, err = command("--resume", "mine", "--protocol", "testing-list")
    assert code == 0
    assert "4 of 4 trained" in out
    assert "done" not in err


def test_what_is_gained_is_told_in_noise_too(trained, command):
    which = ("mine", "--in-noise", "--protocol", "testing-list")
    _, out, _ = command("--show", *which)
    assert "0 dB" not in out
    code, out, _ = command("--resume", *which)
    assert code == 0
    assert "33 clips; in noise 33 (" in out
    assert "by learned mel filters, against fixed ones" in out
    assert "among 3 comparisons" in out
    _, out, _ = command("--show", *which, "--json")
    told = json.loads(out)
    assert [one["condition"] for one in told["gains"]] == ["clean", "10 dB", "0 dB"]
    by_place = {(one["factors"]["setting"], one["condition"]): one["accuracies"] for one in told["map"]["measured"]}
    for one in told["gains"]:
        ours, fixed = by_place["B", one["condition"]], by_place["A", one["condition"]]
        assert one["gain"] == pytest.approx(sum(ours) / 2 - sum(fixed) / 2)
    _, out, _ = command("--show", *which, "--csv")
    assert len(out.splitlines()) == 4


def test_a_dry_run_only_lists(command, runs_here):
    _, out, _ = command("random", "--seeds", "1", "--dry-run")
    assert out.split()[:2] == ["linear-mel-40-A-0", "linear-mel-40-B-0"]
    assert len(out.split()) == 8
    assert not (runs_here / "grids").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Say what to train: one of mels"),
        (("mels", "--n-mels", "ten"), "'ten', which is no whole number"),
        (("mels", "--bases", "moon"), "choose from mel"),
        (("mels", "--epochs", "bcresnet-1=3"), "not among linear"),
        (("--resume", "nothing"), "There is no grid 'nothing'. Grids here: none yet"),
        (("--show", "../up"), "cannot be called"),
    ],
)
def test_wrong_use_is_explained(command, arguments, words):
    code, out, err = command(*arguments)
    assert code != 0
    assert out == ""
    assert words in err


def test_a_grid_tells_other_words_apart(command, tone_root):
    which = ("--words", "yes,no", "--settings", "A", "--n-mels", "10", "--seeds", "1", "--epochs", "1")
    code, out, _ = command("mels", *which, "--name", "two", "--data", str(tone_root), "--device", "cpu")
    assert code == 0
    assert "1 of 1 trained; accuracy on the" in out
    assert ", 2 words" in out
    run = grid.folder_of("two") / "linear-mel-10-A-0"
    assert load_checkpoint(run).config.vocabulary.words == ("no", "yes")
    code, _, err = command("mels", "--words", "yes,moon", "--data", str(tone_root))
    assert code != 0
    assert "The dataset has no word 'moon'" in err
