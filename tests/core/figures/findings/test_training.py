"""How a training went, and what there was to learn from."""

from dataclasses import replace

from core.figures.findings import training as findings
from core.figures.style import NBSP


def plain(text):
    return text.replace(NBSP, " ")


def test_the_best_epoch_is_told_and_how_long_it_has_been_the_best(make_reports):
    assert plain(findings.curves(make_reports(20, best=20))) == "Best on the validation clips: epoch 20, 86.0 % right."
    assert plain(findings.curves(make_reports(20, best=8))) == (
        "Best on the validation clips: epoch 8, 80.0 % right; no better since, up to epoch 20."
    )


def test_without_validation_or_epochs_that_is_said(make_reports):
    assert plain(findings.curves(make_reports(3, every=5))).endswith(
        "% of the training clips right. Not validated yet."
    )
    assert findings.curves([]) == findings.movement([]) == "No epoch is finished yet."


def test_what_moved_and_what_did_not_is_told(make_reports):
    assert plain(findings.movement(make_reports(4))) == (
        "Moved: the mel filters by 4 % of their size; not moved: STFT kernels."
    )
    still = [replace(make_reports(1)[0], mel_change=0.0)]
    assert findings.movement(still).startswith("Nothing moved")


def test_of_several_runs_the_highest_is_named_with_its_epoch(make_reports):
    runs = {"one": make_reports(20), "two": make_reports(9)}
    assert plain(findings.several_curves(runs, on_training_clips=False)) == (
        "Highest on its validation clips: one, 86.0 % in epoch 20."
    )
    assert findings.several_curves(runs, on_training_clips=True).startswith("Highest on its training clips: one")
    assert findings.several_curves({"one": []}, on_training_clips=False) == "No epoch of these runs was noted."


def test_words_are_counted():
    assert findings.words({"yes": 5, "no": 2}) == "7 clips of 2 words: most of “yes” (5), fewest of “no” (2)."
    assert findings.words({"yes": 3, "no": 3}) == "6 clips of 2 words, 3 of each."
    assert "no clips" in findings.words({})
