"""Accuracy by the length of the word: on bursts of known length, from the command line, and kept."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from core.commands import main
from core.config import LABELS, SAMPLE_RATE, SILENCE_LABEL
from core.errors import DataError
from core.models import build_model
from core.runs import keep
from core.studies.word_length import STUDY, word_lengths
from core.training.checkpoint import checkpoint_of, save_checkpoint
from core.training.presets import preset_config
from tests.evaluations import evaluation_of, sure_answers

N = 400
LENGTHS_S = np.linspace(0.1, 0.9, N).round(2)


@pytest.fixture(scope="module")
def bursts(tone_pack):
    """A pack of bursts of noise of rising length, of every label in turn."""
    random = np.random.default_rng(0)
    clips = np.zeros((N, SAMPLE_RATE), np.int16)
    for clip, length_s in zip(clips, LENGTHS_S, strict=True):
        n = round(length_s * SAMPLE_RATE)
        clip[800 : 800 + n] = random.integers(-9000, 9000, n)
    labels = np.arange(N) % len(LABELS)
    return replace(
        tone_pack,
        clips=clips,
        labels=labels,
        words=np.array([LABELS[label] for label in labels]),
        splits=np.full(N, "official"),
        speakers=np.full(N, ""),
        files=np.array([f"clip-{number}.wav" for number in range(N)]),
    )


def answered(bursts, right):
    """An evaluation of the bursts: right where ``right`` says so."""
    truth = bursts.labels
    return evaluation_of(truth, sure_answers(truth, np.where(right, truth, (truth + 1) % len(LABELS))))


def test_quarters_have_the_lengths_of_the_bursts_and_the_accuracy_of_their_answers(bursts):
    found = word_lengths(answered(bursts, LENGTHS_S > 0.3), bursts)
    spoken = bursts.labels != LABELS.index(SILENCE_LABEL)
    assert found.n == spoken.sum()
    ends = [(one.start, one.end) for one in found.quarters]
    expected = [(part.min(), part.max()) for part in np.array_split(np.sort(LENGTHS_S[spoken]), 4)]
    np.testing.assert_allclose(ends, expected, atol=0.011)  # frames of 10 ms
    assert found.quarters[0].accuracy < 0.1
    assert [one.accuracy for one in found.quarters[2:]] == [1.0, 1.0]
    assert found.p < 0.01
    assert found.verdict.startswith("Length matters")


def test_answers_that_do_not_follow_length_show_no_clear_effect(bursts):
    found = word_lengths(answered(bursts, np.random.default_rng(1).random(N) < 0.7), bursts)
    assert found.p > 0.05
    assert found.verdict.startswith("No clear effect")


def test_a_word_that_is_short_and_hard_is_no_effect_of_length(bursts):
    # All clips of one word are short and wrong: that is the word, not its length.
    short = LENGTHS_S < 0.3
    words = np.where(short, "yes", bursts.words)
    labels = np.where(short, LABELS.index("yes"), bursts.labels)
    others = words != SILENCE_LABEL
    pack = replace(bursts, words=words, labels=labels)
    assert word_lengths(answered(pack, (words != "yes") & others), pack).p > 0.05


def test_other_clips_and_too_few_are_refused(bursts):
    evaluation = answered(bursts, np.ones(N, bool))
    with pytest.raises(DataError, match="does not hold the clips"):
        word_lengths(evaluation, replace(bursts, files=bursts.files[::-1]))
    few = replace(bursts, splits=np.where(np.arange(N) < 7, "official", "train"))
    with pytest.raises(DataError, match="too few"):
        word_lengths(evaluation_of(bursts.labels[:7], sure_answers(bursts.labels[:7], bursts.labels[:7])), few)


def test_what_is_kept_comes_back(bursts, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    found = word_lengths(answered(bursts, LENGTHS_S > 0.3), bursts)
    assert keep.load(STUDY, keep.save(STUDY, run, "word-length-x.json", found)) == found


def test_the_command_prints_keeps_and_needs_no_second_evaluation(runs_here, tone_root, capsys):
    config = preset_config("linear", setting="A")
    (runs_here / "mine").mkdir()
    checkpoint = checkpoint_of(build_model(config), config, epoch=0, validation_accuracy=None, dataset="Tones")
    save_checkpoint(runs_here / "mine" / "best.pt", checkpoint)
    arguments = ["word-length", "mine", "--data", str(tone_root), "--protocol", "testing-list"]
    assert main([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert sum(one["n"] for one in found["quarters"]) == found["n"]
    (evaluation,) = (runs_here / "mine").glob("evaluation-*.npz")
    before = evaluation.stat().st_mtime_ns
    assert main([*arguments, "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [int(row["n"]) for row in rows] == [one["n"] for one in found["quarters"]]
    assert main(arguments) == 0
    assert "length of the word" in capsys.readouterr().out
    assert evaluation.stat().st_mtime_ns == before
    assert list((runs_here / "mine").glob("word-length-*.json"))
