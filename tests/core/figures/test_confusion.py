"""Who was taken for whom: rows are true words."""

import dataclasses

import numpy as np
import pytest

from core.config import LABELS
from core.figures import class_scores_bars, confusion_matrix, style, unknown_matrix
from core.metrics import unknown_words, word_scores
from core.records.evaluation import Evaluation, Scores
from tests.colours import contrast, distance
from tests.drawn import text_of, trace_of
from tests.evaluations import evaluation_of, random_evaluation, sure_answers

DOWN, GO, SILENCE, UNKNOWN = 0, 1, 10, 11


def test_a_down_taken_for_go_stands_in_the_row_of_down(evaluation: Evaluation) -> None:
    figure = confusion_matrix(evaluation, show="true")
    heatmap = trace_of(figure, "confusion")
    assert heatmap.z[DOWN][GO] == pytest.approx(30)
    assert heatmap.z[GO][DOWN] == 0
    assert (heatmap.y[DOWN], heatmap.x[GO]) == ("down", "go")
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1], "the first word has to be on top"
    assert (figure.layout.yaxis.title.text, figure.layout.xaxis.title.text) == ("True word", "Answered word")


def test_rows_with_clips_add_up_to_a_hundred_and_the_row_without_is_empty_and_explained(evaluation: Evaluation) -> None:
    figure = confusion_matrix(evaluation, show="true")
    sums = np.asarray(trace_of(figure, "confusion").z).sum(axis=1)
    np.testing.assert_allclose(np.delete(sums, SILENCE), 100)
    assert np.isnan(trace_of(figure, "confusion").z[SILENCE]).all()
    assert "silence" in figure.layout.title.subtitle.text
    full = dataclasses.replace(evaluation, confusion=evaluation.confusion + 1)
    assert "silence" not in confusion_matrix(full, show="true").layout.title.subtitle.text


def test_cells_show_counts_or_percentages(evaluation: Evaluation) -> None:
    counts = trace_of(confusion_matrix(evaluation, show="counts"), "confusion").text
    shares = trace_of(confusion_matrix(evaluation, show="true"), "confusion").text
    assert (counts[DOWN][GO], shares[DOWN][GO]) == ("3", "30")
    assert (counts[UNKNOWN][UNKNOWN], shares[UNKNOWN][UNKNOWN]) == ("50", "100")
    assert counts[GO][DOWN] == ""


def test_a_rare_mistake_is_not_rounded_to_nothing() -> None:
    confusion = np.diag([1000] * 12).astype(np.int64)
    confusion[DOWN, GO] = 1
    rare = Evaluation(
        "r", "d", "official", LABELS, confusion, 0.0, np.zeros((0, 12), np.float32), np.zeros(0, np.int64)
    )
    assert trace_of(confusion_matrix(rare, show="true"), "confusion").text[DOWN][GO] == "<1"


def test_every_cell_can_be_selected_and_knows_its_labels_and_its_clips(evaluation: Evaluation) -> None:
    cells = trace_of(confusion_matrix(evaluation, show="true"), "cells")
    expected = [
        (true, answered, evaluation.confusion[i, j])
        for i, true in enumerate(LABELS)
        for j, answered in enumerate(LABELS)
    ]
    assert [tuple(cell) for cell in cells.customdata] == expected
    at = expected.index(("down", "go", 3))
    assert (cells.x[at], cells.y[at]) == ("go", "down")
    assert "3 of 10 clips of “down”" in cells.text[at]
    assert cells.marker.opacity == 0
    assert cells.unselected.marker.opacity == 0


def test_run_protocol_dataset_and_number_of_clips_are_named(evaluation: Evaluation) -> None:
    text = text_of(confusion_matrix(evaluation, show="true"))
    for part in ("a run", "testing list", "demo words", f"n = {evaluation.n}"):
        assert part in text


def test_scores_are_drawn_in_percent_and_classes_without_clips_are_left_out(scores: Scores) -> None:
    figure = class_scores_bars(scores)
    recall = np.asarray(trace_of(figure, "recall").x, dtype=float)
    np.testing.assert_allclose(np.delete(recall, SILENCE), 25)
    assert np.isnan(recall[SILENCE])
    np.testing.assert_allclose(np.delete(np.asarray(trace_of(figure, "precision").x, float), SILENCE), 50)
    assert "No clips of: silence" in text_of(figure)
    assert "All 11 words have an F1 of 33.3 %." in text_of(figure)


def test_precision_recall_and_f1_differ_in_symbol_and_not_only_in_colour(scores: Scores) -> None:
    assert len({trace.marker.symbol for trace in class_scores_bars(scores).data}) == 3


def test_by_answer_columns_add_up_to_a_hundred_and_empty_ones_are_explained(evaluation: Evaluation) -> None:
    figure = confusion_matrix(evaluation, show="answered")
    z = np.asarray(trace_of(figure, "confusion").z)
    np.testing.assert_allclose(np.delete(z, SILENCE, axis=1).sum(axis=0), 100)
    assert np.isnan(z[:, SILENCE]).all()
    assert z[DOWN][GO] == pytest.approx(100 * 3 / 13)
    assert "Empty column, since nothing was called this: silence" in text_of(figure)


def test_another_order_moves_rows_and_columns_together(evaluation: Evaluation) -> None:
    order = list(range(12))[::-1]
    figure = confusion_matrix(evaluation, show="counts", order=order)
    heatmap, cells = trace_of(figure, "confusion"), trace_of(figure, "cells")
    assert list(heatmap.x) == list(heatmap.y)
    assert (heatmap.x[0], heatmap.x[11]) == ("unknown", "down")
    assert heatmap.text[11][10] == "3"
    at = [tuple(cell) for cell in cells.customdata].index(("down", "go", 3))
    assert (cells.x[at], cells.y[at]) == ("go", "down")


def test_the_chosen_cell_is_framed_wherever_it_stands(evaluation: Evaluation) -> None:
    (frame,) = confusion_matrix(evaluation, chosen=("down", "go")).layout.shapes
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (0.5, 1.5, -0.5, 0.5)
    (frame,) = confusion_matrix(evaluation, chosen=("down", "go"), order=range(11, -1, -1)).layout.shapes
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (9.5, 10.5, 10.5, 11.5)
    assert not confusion_matrix(evaluation, chosen=("bed", "go")).layout.shapes


def test_a_single_clip_is_one_clip() -> None:
    text = text_of(confusion_matrix(evaluation_of([DOWN], sure_answers([DOWN], [GO]))))
    assert "n = 1 clip" in text
    assert "1 clips" not in text
    hover = trace_of(confusion_matrix(evaluation_of([DOWN], sure_answers([DOWN], [GO]))), "cells").text[GO]
    assert hover.startswith("1 of 1 clip of “down” (100.0 %)<br>heard as “go”")


def test_unknown_words_have_rows_of_their_own_and_can_be_selected() -> None:
    words = unknown_words(random_evaluation(400))
    assert words is not None
    figure = unknown_matrix(words, show="counts", chosen=(words.words[2], "go"))
    cells = {(word, label): n for word, label, n in trace_of(figure, "cells").customdata}
    assert sum(cells.values()) == words.n.sum()
    assert cells[words.words[0], "_unknown_"] == words.counts[0, UNKNOWN]
    assert figure.layout.yaxis.ticktext[0] == f"{words.words[0]} ({words.n[0]})"
    assert figure.layout.shapes[0].y0 == 1.5


def test_intervals_of_precision_and_recall_are_those_that_were_counted(scores: Scores) -> None:
    made = random_evaluation(300)
    words = word_scores(made)
    figure = class_scores_bars(scores, words=words)
    recall = trace_of(figure, "recall")
    low, high = words[DOWN].recall_interval
    # The bars reach from the score drawn, 25 %, to the ends of the interval.
    assert recall.error_x.arrayminus[DOWN] == pytest.approx(max(0, 25 - 100 * low))
    assert recall.error_x.array[DOWN] == pytest.approx(max(0, 100 * high - 25))
    assert f"{words[DOWN].right} of {words[DOWN].n} clips" in recall.text[DOWN]
    assert len({tuple(trace.y) for trace in figure.data}) == 3, "each needs a lane of its own"


def few(evaluation: Evaluation) -> Evaluation:
    """ "down" has a single clip, taken for "go"; "go" has 1 % taken for "down"."""
    confusion = evaluation.confusion.copy()
    confusion[DOWN], confusion[GO] = 0, 0
    confusion[DOWN, GO], confusion[GO, GO], confusion[GO, DOWN] = 1, 99, 1
    return dataclasses.replace(evaluation, confusion=confusion)


def test_a_row_of_one_clip_says_so_and_is_paler_than_one_that_is_known(evaluation: Evaluation) -> None:
    figure = confusion_matrix(few(evaluation), show="true")
    known, pale = trace_of(figure, "confusion"), trace_of(figure, "few clips")
    assert np.isnan(known.z[DOWN]).all()
    assert (pale.z[DOWN][GO], pale.text[DOWN][GO]) == (100, "100")
    assert np.isnan(np.delete(np.asarray(pale.z), DOWN, axis=0)).all()
    assert figure.layout.yaxis.ticktext[:2] == ("down (1 clip)", "go")
    assert "Pale: fewer than 5 clips." in text_of(figure)
    strongest = {trace.name: trace.colorscale[-1][1] for trace in (known, pale)}
    assert contrast(strongest["few clips"], style.WHITE) < 2 < 7 < contrast(strongest["confusion"], style.WHITE)


def test_an_answer_given_once_is_paler_by_answer(evaluation: Evaluation) -> None:
    figure = confusion_matrix(few(evaluation), show="answered")
    assert figure.layout.xaxis.ticktext[DOWN] == "down (1 answer)"
    assert trace_of(figure, "few clips").z[GO][DOWN] == 100


def test_where_every_row_has_enough_clips_none_is_pale(evaluation: Evaluation) -> None:
    figure = confusion_matrix(evaluation, show="true")
    assert [trace.name for trace in figure.data] == ["confusion", "cells"]
    assert figure.layout.yaxis.ticktext[DOWN] == "down"


@pytest.mark.parametrize("dark", [False, True])
def test_a_cell_of_one_per_cent_is_seen_beside_one_of_none(evaluation: Evaluation, dark: bool) -> None:
    figure = confusion_matrix(few(evaluation), show="true")
    heatmap = trace_of(style.in_dark(figure) if dark else figure, "confusion")
    assert (heatmap.z[GO][DOWN], heatmap.z[GO][2]) == (pytest.approx(1), 0)
    none, some = (colour for _, colour in heatmap.colorscale[:2])
    assert heatmap.colorscale[1][0] * heatmap.zmax < 1
    assert distance(none, some, "with all cones") > 8  # 2.3 can just be seen
    assert heatmap.text[GO][DOWN] == "1"


@pytest.mark.parametrize("dark", [False, True])
def test_texts_on_cells_can_be_read(evaluation: Evaluation, dark: bool) -> None:
    figure = confusion_matrix(few(evaluation), show="true")
    for trace in (style.in_dark(figure) if dark else figure).data[:2]:
        for _, colour in trace.colorscale[1:]:
            red, green, blue = bytes.fromhex(colour[1:])
            is_bright = 299 * red + 587 * green + 114 * blue >= 128_000  # how plotly chooses its ink for a cell
            assert contrast("#444444" if is_bright else "#ffffff", colour) >= 4.5
