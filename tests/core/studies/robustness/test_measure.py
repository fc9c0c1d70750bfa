"""Several models on the same changed clips."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from core.errors import CheckpointError, ConfigError, DataError
from core.records.table import as_csv
from core.runs import keep
from core.sound.levels import active_span
from core.statistics import sample
from core.studies.evaluation import evaluate
from core.studies.robustness.changes import VALUES
from core.studies.robustness.clips import Changer
from core.studies.robustness.kept import STUDY, file_of
from core.studies.robustness.measure import measure


@pytest.fixture(scope="module")
def measured(two_runs, tone_pack):
    return {kind: measure(two_runs, tone_pack, "official", kind, n_clips=None, device="cpu") for kind in VALUES}


@pytest.mark.parametrize("kind", VALUES)
def test_unchanged_clips_give_what_plain_evaluation_gives(measured, two_runs, tone_pack, kind):
    for run, record in zip(two_runs, measured[kind], strict=True):
        plain = evaluate(run, tone_pack, "official", device="cpu")
        step = record.values.index({"noise": None, "speed": 1.0}.get(kind, 0.0))
        np.testing.assert_array_equal(record.answers[step], plain.probabilities.argmax(axis=1))
        np.testing.assert_allclose(record.scores[step], plain.probabilities.max(axis=1), atol=1e-5)
        np.testing.assert_array_equal(record.truth, plain.truth)
        assert record.n == record.n_all == plain.n


def test_changed_clips_give_other_answers(measured):
    for kind in VALUES:
        assert len({tuple(scores.tolist()) for scores in measured[kind][0].scores}) == len(VALUES[kind])


def test_clips_are_changed_once_for_all_models_which_answer_as_they_do_alone(
    two_runs, tone_pack, measured, monkeypatch
):
    asked = []
    plain = Changer.sounds
    monkeypatch.setattr(Changer, "sounds", lambda self, row, values: asked.append(row) or plain(self, row, values))
    both = measure(two_runs, tone_pack, "official", "noise", n_clips=None, device="cpu")
    assert len(asked) == both[0].n
    for before, again in zip(measured["noise"], both, strict=True):
        np.testing.assert_array_equal(before.answers, again.answers)
    (alone,) = measure(two_runs[1:], tone_pack, "official", "noise", n_clips=None, device="cpu")
    np.testing.assert_allclose(alone.scores, both[1].scores, atol=1e-5)


def test_a_mix_from_the_dataset_has_the_ratio_that_was_asked_for(words):
    changer = Changer(words, "official", "noise")
    rows = words.indices("official")
    rows = rows[sample(words.labels[rows], 40)]
    for row in rows[words.words[rows] != "_silence_"][:12].tolist():
        clean, mixed = (sound / 32768 for sound in changer.sounds(row, (None, 10.0)))
        start, end = active_span(clean.astype(np.float32))
        if np.abs(mixed).max() < 0.999:
            noise = (mixed - clean)[start:end]
            ratio = 10 * np.log10(np.mean(clean[start:end] ** 2) / np.mean(noise**2))
            assert ratio == pytest.approx(10.0, abs=0.2), "16 bits and pauses of the noise"


def test_progress_ends_with_all_answers_and_can_cancel(two_runs, tone_pack):
    seen = []
    measure(two_runs, tone_pack, "official", "gain", n_clips=12, progress=lambda *step: seen.append(step))
    assert seen[-1][0] == seen[-1][1] == 2 * 5 * 12

    def cancel(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure(two_runs, tone_pack, "official", "gain", n_clips=12, progress=cancel)


def test_what_cannot_be_measured_is_refused_in_words(two_runs, tone_pack):
    with pytest.raises(ConfigError, match="between -30 and 60"):
        measure(two_runs, tone_pack, "official", "noise", values=[200.0])
    with pytest.raises(ConfigError, match="no kind of change 'echo'"):
        measure(two_runs, tone_pack, "official", "echo")
    with pytest.raises(ConfigError, match="no protocol"):
        measure(two_runs, tone_pack, "train", "noise")
    with pytest.raises(CheckpointError):
        measure([Path("nowhere")], tone_pack, "official", "noise")


def test_a_kept_measurement_comes_back_and_a_damaged_one_says_so(measured, tmp_path):
    record = measured["noise"][0]
    run = tmp_path / "run"
    run.mkdir()
    path = keep.save(STUDY, run, file_of(record.dataset, record.protocol, record.kind, None), record)
    assert path == run / "robustness-noise-tones-official-all-0.npz"
    back = keep.load(STUDY, path)
    np.testing.assert_array_equal(back.answers, record.answers)
    np.testing.assert_allclose(back.scores, record.scores, atol=1e-3)
    assert (back.values, back.noises, back.checkpoint, back.data_key) == (
        record.values,
        record.noises,
        record.checkpoint,
        record.data_key,
    )
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match="Measure again"):
        keep.load(STUDY, path)


def test_the_table_has_a_row_for_each_model_value_and_noise(measured):
    rows = list(csv.DictReader(io.StringIO(as_csv(row for one in measured["noise"] for row in one.as_rows()))))
    first = measured["noise"][0]
    alone = [row for row in rows if row["noise"] == "all"]
    assert len(alone) == 2 * len(VALUES["noise"])
    assert [row["value"] for row in alone[:7]] == ["clean", "20", "15", "10", "5", "0", "-5"]
    parts = [row for row in rows if row["noise"] != "all" and row["value"] == "20" and row["model"] == first.run]
    assert sum(int(row["clips"]) for row in parts) == first.n
    assert sum(int(row["right"]) for row in parts) == int(first.right[1].sum())
    for row in rows:
        assert float(row["low"]) <= float(row["accuracy"]) <= float(row["high"])
