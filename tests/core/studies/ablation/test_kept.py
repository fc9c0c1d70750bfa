"""Experiments on disk and on the command line."""

import csv
import io
import json
import shutil
from dataclasses import replace

import pytest

from core.commands import main
from core.records.ablation import Experiment
from core.records.table import as_csv
from core.runs import keep
from core.studies.ablation.kept import STUDY, file_of
from core.studies.ablation.measure import run_experiment


@pytest.fixture(scope="module")
def findings(model_d, tone_pack):
    return run_experiment(model_d, tone_pack, "official", Experiment(kind="mask", bins=(25, 26), mels=(3,)))


def test_what_was_kept_comes_back_as_it_was(findings, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    path = keep.save(STUDY, run, "one.json", findings)
    assert keep.load(STUDY, path) == findings
    assert [one.name for one in run.iterdir()] == ["one.json"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": "earshot-experiment", "version": 0, "findings": {}}'])
def test_what_cannot_be_used_counts_as_not_measured(content, model_d):
    (model_d / "one.json").write_text(content)
    assert keep.load_current(STUDY, model_d, "one.json") is None
    assert keep.load_current(STUDY, model_d, "none.json") is None
    (model_d / "one.json").unlink()


def test_the_name_follows_protocol_and_question(tone_pack):
    swap = Experiment(kind="swap")
    base = (tone_pack, "official", swap)

    def changed(number, value):
        return file_of(*(value if at == number else one for at, one in enumerate(base)))

    names = {
        file_of(*base),
        changed(0, replace(tone_pack, title="Other tones")),
        changed(1, "testing-list"),
        changed(2, replace(swap, normalisation="as-trained")),
        changed(2, replace(swap, quick=False)),
        changed(2, Experiment(kind="mask", bins=(1,))),
        changed(2, Experiment(kind="mask", bins=(2,))),
        file_of(*base, validation=replace(tone_pack, content="2" * 64)),
    }
    assert len(names) == 8


def test_findings_hold_for_one_model_and_its_clips(findings, model_d, runs_here, tone_pack):
    run = runs_here / "mine"
    shutil.copytree(model_d, run)
    keep.save(STUDY, run, "one.json", findings)
    assert keep.load_current(STUDY, run, "one.json", tone_pack.content) == findings
    assert keep.load_current(STUDY, run, "one.json", "1" * 64) is None
    (run / "best.pt").write_bytes((run / "best.pt").read_bytes() + b"0")
    assert keep.load_current(STUDY, run, "one.json", tone_pack.content) is None


def test_the_table_and_the_record_hold_every_number(findings):
    rows = list(csv.DictReader(io.StringIO(as_csv(findings.as_rows()))))
    assert [row["name"] for row in rows] == ["as trained", "unchanged", "STFT bins 25–26 and mel filter 3 silenced"]
    (masked,) = findings.outcomes
    assert float(rows[2]["accuracy"]) == masked.accuracy
    assert float(rows[2]["difference_interval_low"]) == masked.difference_interval[0]
    record = json.loads(json.dumps(findings.to_dict()))
    assert record["outcomes"][0]["interval"] == list(masked.interval)
    assert record["experiment"]["bins"] == [25, 26]


@pytest.fixture
def run_here(model_d, runs_here, tone_root, monkeypatch):
    monkeypatch.setenv("KWS_DATA", str(tone_root))
    shutil.copytree(model_d, runs_here / "mine")
    return runs_here / "mine"


def test_the_command_measures_once_and_prints_what_was_kept(run_here, capsys):
    arguments = ["experiment", "mine", "mask", "--bins", "25-49", "--protocol", "validation"]
    (run_here / "experiments").mkdir()
    assert main([*arguments, "--json"]) == 0
    printed = capsys.readouterr()
    assert "was kept by an earlier version" in printed.err
    first = json.loads(printed.out)
    assert (first["experiment"]["kind"], first["run"], len(first["experiment"]["bins"])) == ("mask", "mine", 25)
    (kept,) = run_here.glob("experiment-mask-*.json")
    kept.write_text(kept.read_text().replace("silenced", "from the file"))
    assert main(arguments) == 0
    printed = capsys.readouterr()
    assert "earlier version" not in printed.err
    text = printed.out
    assert "from the file" in text
    assert "95 % interval" in text
    assert "validation" in text
    assert main([*arguments, "--again", "--csv"]) == 0
    assert "silenced" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["mask"], "Nothing is masked"),
        (["mask", "--bins", "240-300"], "from 0 to 240"),
        (["swap", "--mels", "1"], "Only"),
    ],
)
@pytest.mark.usefixtures("run_here")
def test_the_command_refuses_nonsense_in_words(more, message, capsys):
    assert main(["experiment", "mine", *more]) == 2
    assert message in capsys.readouterr().err
