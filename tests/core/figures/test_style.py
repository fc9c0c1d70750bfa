"""What every figure has to do, whatever it shows; the list below is checked against what the package offers."""

import copy
import dataclasses
import functools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from core import figures, metrics
from core.config import LABELS
from core.figures import style
from core.frontend.filter_facts import band_edges, band_shares, filter_facts
from core.frontend.kernel_facts import KernelFacts
from core.records.answers import Prediction, WordsAlong
from core.records.cost import Cost, RunCost, Weights
from core.records.evaluation import Evaluation, Scores
from core.records.filters import Filters, PcenBands
from core.records.listening import StreamTrack
from core.records.training import EpochReport
from core.studies.comparison import compare
from core.studies.gain_map import Gain
from core.studies.grid_table import Factors, Score, summarise
from tests import benchmark_reports, changed_clips, evaluations, rooms
from tests.colours import luminance

UNITS = (
    "(number of clips)",
    "(Hz)",
    "(s)",
    "(ms)",
    "(%)",
    "(no unit)",
    "(number)",
    "(nats)",
    "(dB)",
    "(1 = full scale)",
    "(clips)",
    "(UTC)",
    "(percentage points)",
    "(×)",
    "(× initial)",
)
WORDS = (
    "Gained by",
    "Root (exponent)",
    "True word",
    "Answered word",
    "Word",
    "Word (best first)",
    "Detected (word)",
    "Method",
    "Run",
    "Basis",
    "Condition",
    "Mel filters",
)
"""Titles of axes that carry names rather than amounts."""

ONE_TITLE_FOR_ALL_PANELS = ("kernel_time",)
"""Figures whose low panels share a unit, which stands beside the middle one."""


def run_cost() -> RunCost:
    return RunCost(
        "one", "linear · D", 200, 0.5, (0.4, 0.6), Cost(Weights(1000, 0), Weights(500, 80), 10, 20, 7000), None
    )


@pytest.fixture(scope="module")
def drawn(
    trained: Filters,
    trained_kernels: KernelFacts,
    evaluation: Evaluation,
    scores: Scores,
    make_reports: Callable[..., list[EpochReport]],
    make_predictions: Callable[..., list[Prediction]],
    make_along: Callable[..., WordsAlong],
    tracks: list[StreamTrack],
) -> dict[str, tuple[Callable[..., go.Figure], tuple[Any, ...], dict[str, Any]]]:
    """Each figure function with typical arguments, which none of them changes (see below)."""
    sound = np.sin(np.arange(16_000) / 5).astype(np.float32)
    log_mel = np.log(np.random.default_rng(0).random((40, 101), np.float32) + 1e-10)
    timings = [one for one in benchmark_reports.cpu_timings() if one.task == "epoch-linear"]
    reports = [benchmark_reports.report(), benchmark_reports.report("2026-11-22T08:00:00+00:00", quick=True)]
    answered = evaluations.random_evaluation(300)
    curves = metrics.detection_curves(answered)
    right = answered.probabilities.argmax(axis=1) == answered.truth
    quarters = metrics.quartile_scores(right, np.arange(300.0))
    by_name = metrics.group_scores(right, metrics.file_speakers(answered.clip_files))
    changed, heard = changed_clips.robustness(), changed_clips.comparison()
    differences = compare([answered, replace(answered, run="other", probabilities=answered.probabilities[::-1])])
    grid_rows = summarise(
        Score(Factors("linear", "mel", 40, setting), seed, 0.5 + 0.01 * seed, 100, 1, 1.0)
        for setting in "ABCD"
        for seed in range(3)
    )
    gained = tuple(
        Gain("B", Factors("linear", "mel", n_mels, "B"), "clean", 3, gain, (gain - 0.01, gain + 0.01), 0.01, 0.02)
        for n_mels, gain in ((10, 0.03), (40, -0.02))
    )
    facts, edges_hz = filter_facts(trained), band_edges("octaves", 16_000)
    shares = [band_shares(one.mel_basis, edges_hz, 16_000) for one in (trained.initial, trained.learned)]
    kept = [trained.initial, replace(trained.learned, epoch=20)]
    two = {"one": trained, "two": trained}
    return {
        "accuracy_against_cost": (figures.accuracy_against_cost, ([run_cost()], "weights", "official"), {}),
        "accuracy_gains": (figures.accuracy_gains, (differences,), {}),
        "before_and_after": (figures.before_and_after, (rooms.adaptation(),), {}),
        "band_sensitivity": (figures.band_sensitivity, (*shares, edges_hz), {}),
        "compared_change": (figures.compared_change, (two, "mel"), {}),
        "compared_curves": (figures.compared_curves, ({"one": make_reports(20), "two": make_reports(9)},), {}),
        "compared_filter": (figures.compared_filter, (two, "mel", 5), {}),
        "compared_mel_filters": (figures.compared_mel_filters, (two,), {}),
        "confusion_difference": (figures.confusion_difference, (differences[0],), {}),
        "filter_spans": (figures.filter_spans, (facts, 16_000), {"chosen": 5}),
        "filter_widths": (figures.filter_widths, (facts,), {"chosen": 5}),
        "gain_by_filter": (figures.gain_by_filter, (facts,), {"chosen": 5}),
        "kernel_changes": (figures.kernel_changes, (trained, trained_kernels), {"chosen": 20}),
        "kernel_evolution": (figures.kernel_evolution, (kept, make_reports(20), 16_000, 10), {}),
        "mel_evolution": (figures.mel_evolution, (kept, make_reports(20), 16_000), {"chosen": 5}),
        "run_accuracies": (figures.run_accuracies, ([("one", scores), ("two", scores)], "official"), {}),
        "word_gains": (figures.word_gains, (differences[0],), {}),
        "accuracy_by_group": (figures.accuracy_by_group, (by_name, 0.7), {"chosen": by_name[1].name}),
        "accuracy_by_noise": (figures.accuracy_by_noise, (changed,), {}),
        "accuracy_by_range": (
            figures.accuracy_by_range,
            ([("words", quarters)], 0.7),
            {"axis": "Level (dB)", "unit": "dB"},
        ),
        "accuracy_when_changed": (figures.accuracy_when_changed, ([changed, changed],), {"chosen": (1, 3)}),
        "answer_bars": (figures.answer_bars, (LABELS, [1 / 12] * 12), {"initial": [1 / 12] * 12, "truth": "go"}),
        "class_counts": (figures.class_counts, (["yes", "no", "yes"], ["train", "train", "official"]), {}),
        "class_scores_bars": (figures.class_scores_bars, (scores,), {}),
        "confusion_matrix": (figures.confusion_matrix, (evaluation,), {"show": "true"}),
        "det_curves": (figures.det_curves, (curves,), {"chosen": "go"}),
        "gain_map": (figures.gain_map, (gained, "clean"), {"chosen": gained[0].factors}),
        "pcen_bands": (
            figures.pcen_bands,
            (replace(PcenBands.at_start(2), gain=np.float32([1, 0.8])), 10.0),
            {},
        ),
        "filter_movement": (figures.filter_movement, (make_reports(20, best=20),), {}),
        "filter_response": (figures.filter_response, (trained, 5), {}),
        "grid_accuracy": (figures.grid_accuracy, (grid_rows,), {}),
        "grid_gains": (figures.grid_gains, (grid_rows,), {}),
        "heard_gain": (figures.heard_gain, (heard, trained), {"chosen": 5}),
        "heard_log_mel": (figures.heard_log_mel, (heard, trained, "learned"), {}),
        "heard_rest": (figures.heard_rest, (heard, trained), {}),
        "kernel_heatmaps": (figures.kernel_heatmaps, (trained,), {}),
        "kernel_spectrum": (figures.kernel_spectrum, (trained, 10), {}),
        "kernel_time": (figures.kernel_time, (trained, 10), {}),
        "log_mel_image": (figures.log_mel_image, (log_mel,), {"hop_s": 0.01, "filters": trained}),
        "log_mel_pair": (figures.log_mel_pair, (log_mel, log_mel + 1, trained), {}),
        "mel_filters": (figures.mel_filters, (trained,), {"chosen": 5}),
        "mel_heatmaps": (figures.mel_heatmaps, (trained,), {}),
        "mel_change": (figures.mel_change, (trained,), {}),
        "misses_against_false_alarms": (figures.misses_against_false_alarms, (tracks,), {"threshold": 0.7}),
        "one_mel_filter": (figures.one_mel_filter, (trained, 5), {}),
        "overlaid_mel_filters": (figures.overlaid_mel_filters, (trained,), {"chosen": 5}),
        "overview_picture": (figures.overview_picture, (trained,), {}),
        "ranked_words": (figures.ranked_words, (make_predictions(["yes"])[0],), {}),
        "reliability_diagram": (figures.reliability_diagram, (metrics.reliability(answered),), {}),
        "right_by_word": (figures.right_by_word, (changed,), {}),
        "roc_curves": (figures.roc_curves, (curves,), {"chosen": "go"}),
        "speed_bars": (figures.speed_bars, (timings,), {}),
        "speed_history": (figures.speed_history, (reports, "gradient"), {}),
        "speed_parts": (figures.speed_parts, (timings,), {}),
        "threshold_cost_curves": (
            figures.threshold_cost_curves,
            (metrics.threshold_costs(answered, "go"),),
            {"threshold": 0.5},
        ),
        "training_curves": (figures.training_curves, (make_reports(20, best=20),), {}),
        "unknown_matrix": (figures.unknown_matrix, (metrics.unknown_words(answered),), {}),
        "waveform": (figures.waveform, (sound, 16_000), {"marked": (0.1, 0.5)}),
        "word_timeline": (figures.word_timeline, (make_along(("yes", 1.0, 1.5), ("no", 3.0, 3.4)),), {}),
    }


def _arrays(value: Any) -> Iterator[np.ndarray]:
    """Every array inside records, tuples and lists."""
    if isinstance(value, np.ndarray):
        yield value
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _arrays(getattr(value, field.name))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _arrays(item)


def _axes(figure: go.Figure) -> list[tuple[str, Any]]:
    layout = figure.layout
    return [(name, layout[name]) for name in layout if name.startswith(("xaxis", "yaxis"))]


@pytest.fixture(scope="module")
def figure_of(drawn: dict[str, Any]) -> Callable[[str], go.Figure]:
    """A function from a name to that figure, drawn once: to be looked at, not to be changed."""

    @functools.cache
    def draw(name: str) -> go.Figure:
        function, arguments, options = drawn[name]
        return function(*arguments, **options)

    return draw


def test_every_figure_of_the_package_is_checked_here(drawn: dict[str, Any]) -> None:
    assert set(drawn) == set(figures.__all__)


@pytest.mark.parametrize("name", figures.__all__)
def test_a_figure_survives_json_and_names_its_axes_and_its_title(
    name: str, figure_of: Callable[[str], go.Figure]
) -> None:
    figure = figure_of(name)
    back = go.Figure(json.loads(figure.to_json()))
    assert [trace.name for trace in back.data] == [trace.name for trace in figure.data]
    assert figure.layout.title.text.startswith("<b>")
    for axis, settings in _axes(figure):
        if axis.startswith("xaxis") and settings.matches:
            continue  # drawn together with the axis of the lowest panel
        if name in ONE_TITLE_FOR_ALL_PANELS and axis in ("yaxis", "yaxis3"):
            continue
        text = settings.title.text
        assert text in WORDS or any(unit in text for unit in UNITS), f"{axis} is called {text!r}"


@pytest.mark.parametrize("name", figures.__all__)
def test_a_figure_begins_with_one_short_sentence_that_is_not_said_again_below(
    name: str, figure_of: Callable[[str], go.Figure]
) -> None:
    figure = figure_of(name)
    finding = style.finding_of(figure)
    assert finding.endswith(".")
    assert finding[0] == finding[0].upper() or finding.startswith(("one", "two", "a run", "other"))
    assert 10 < len(finding) <= 160
    assert "<" not in finding
    assert "nan" not in finding.split()
    assert finding not in (figure.layout.title.subtitle.text or "").replace("<br>", " ")


def test_a_figure_without_a_finding_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="finding"):
        style.finish(go.Figure(), title="Mute", height=100)  # type: ignore[call-arg]


@pytest.mark.parametrize("name", figures.__all__)
def test_a_figure_leaves_its_inputs_alone_and_comes_out_the_same_twice(name: str, drawn: dict[str, Any]) -> None:
    function, arguments, options = drawn[name]
    for array in _arrays([arguments, *options.values()]):
        array.setflags(write=False)
    before = copy.deepcopy(arguments)
    first, second = function(*arguments, **options), function(*arguments, **options)
    for then, now in zip(_arrays(before), _arrays(arguments), strict=True):
        np.testing.assert_array_equal(then, now)
    assert first.to_json() == second.to_json()


@pytest.mark.parametrize("name", figures.__all__)
def test_a_caller_can_write_the_title(name: str, drawn: dict[str, Any]) -> None:
    function, arguments, options = drawn[name]
    figure = function(*arguments, **options, title="run 7, official test set, n = 4,890")
    assert "run 7, official test set, n = 4,890" in figure.layout.title.text.replace("<br>", " ")


@pytest.mark.parametrize("name", figures.__all__)
def test_a_figure_brings_its_own_ground_and_ink(name: str, figure_of: Callable[[str], go.Figure]) -> None:
    layout = figure_of(name).layout
    look = layout.template.layout
    assert (look.paper_bgcolor, look.plot_bgcolor, look.font.color) == ("#ffffff", "#ffffff", style.INK)
    assert 180 <= layout.height <= 950
    assert layout.margin.t < layout.height / 2


def test_in_the_dark_every_figure_has_other_colours_and_nothing_else_changes(
    drawn: dict[str, Any], figure_of: Callable[[str], go.Figure]
) -> None:
    values = ("x", "y", "z", "customdata", "name", "mode", "hovertemplate")
    for name, (function, arguments, options) in drawn.items():
        light, dark = figure_of(name), function(*arguments, **options)
        assert style.in_dark(dark) is dark
        assert dark.layout.template.layout.paper_bgcolor == style.DARK[style.WHITE], name
        left = [colour for colour in style.DARK if colour in _looks(dark)]
        assert not left, f"{name} keeps {left}"
        for one, other in zip(light.data, dark.data, strict=True):
            for value in values:
                if value in one:
                    assert json.dumps(one[value], default=str) == json.dumps(other[value], default=str), name
        assert light.layout.title.subtitle.text == dark.layout.title.subtitle.text
        assert style.finding_of(light) == style.finding_of(dark)
        again = dark.to_json()
        assert style.in_dark(dark).to_json() == again, f"{name} is no longer the same the second time"


def _looks(figure: go.Figure) -> str:
    """Everything of a figure but what it plots, as one text."""
    values = {"x", "y", "z", "text", "customdata", "hovertext"}
    parts = figure.to_dict()
    traces = [{name: value for name, value in trace.items() if name not in values} for trace in parts["data"]]
    return json.dumps([traces, parts["layout"]], default=str).lower()


def test_the_dark_takes_milliseconds(drawn: dict[str, Any]) -> None:
    seconds = []
    for function, arguments, options in drawn.values():
        figure = function(*arguments, **options)
        start = time.perf_counter()
        style.in_dark(figure)
        seconds.append(time.perf_counter() - start)
    assert np.median(seconds) < 0.005


def test_a_colour_that_lets_through_what_lies_below_does_so_in_the_dark() -> None:
    figure = go.Figure(style.band([0, 1], [0, 0], [1, 1], style.GREEN))
    red, green, blue = bytes.fromhex(style.DARK[style.GREEN][1:])
    assert style.in_dark(figure).data[0].fillcolor == f"rgba({red}, {green}, {blue}, 0.18)"


def test_no_two_words_share_both_colour_and_dash_and_no_two_keywords_a_symbol() -> None:
    looks = {(style.word_line(label)["color"], style.word_line(label)["dash"]) for label in LABELS}
    assert len(looks) == len(LABELS)
    assert len({style.word_symbol(label) for label in LABELS[:10]}) == 10


def test_a_long_title_is_cut_into_lines_that_fit_a_phone_and_gets_room() -> None:
    short = style.finish(go.Figure(), title="Short", finding="It is short.", height=100)
    many = {"title": "a long title " * 10, "note": "and a note " * 20}
    long = style.finish(go.Figure(), finding="It is long.", height=100, **many)
    assert max(len(line) for line in long.layout.title.text.replace("<b>", "").split("<br>")) <= 42 + len("</b>")
    assert max(map(len, long.layout.title.subtitle.text.split("<br>"))) <= 54
    assert long.layout.height > short.layout.height + 100


def test_no_change_is_the_ground_in_the_dark_and_brightens_to_both_sides() -> None:
    brightness = [luminance(style.DARK[colour]) for _, colour in style.CHANGE_SCALE]
    assert brightness[2] == min(brightness) < 0.02
    assert brightness[0] > brightness[1] > brightness[2] < brightness[3] < brightness[4]


def test_change_is_white_at_zero_and_darkens_evenly_to_both_sides() -> None:
    colours = [tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5)) for _, colour in style.CHANGE_SCALE]
    brightness = [sum(colour) for colour in colours]
    assert brightness[2] == max(brightness)
    assert min(colours[2]) > 240
    assert brightness[0] < brightness[1] < brightness[2] > brightness[3] > brightness[4]
