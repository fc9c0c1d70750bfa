"""Times are drawn in one unit, told apart by words, and compared with the right reference."""

import dataclasses
import json

import numpy as np
import plotly.graph_objects as go
import pytest

from core.figures import speed_bars, speed_history, speed_parts, style
from core.records.benchmark import Timing
from tests import benchmark_reports
from tests.benchmark_reports import timing

TASKS = ("forward", "gradient", "epoch-linear", "epoch-bcresnet-1", "one-clip")


def cpu_timings(task: str) -> list[Timing]:
    return [one for one in benchmark_reports.cpu_timings() if one.task == task]


def traces(figure: go.Figure) -> dict[str, go.Bar | go.Scatter]:
    return {trace.name: trace for trace in figure.data}


def labels(figure: go.Figure) -> list[str]:
    """Texts above the bars from top to bottom, as a reader sees them."""
    notes = sorted(figure.layout.annotations, key=lambda note: note.y)
    return [note.text.replace(style.NBSP, " ") for note in notes]


def subtitle(figure: go.Figure) -> str:
    return figure.layout.title.subtitle.text.replace("<br>", " ").replace(style.NBSP, " ")


# Bars


def test_bars_are_medians_and_whiskers_hold_eight_of_ten_repeats() -> None:
    seconds = tuple(np.linspace(0.01, 0.02, 101))
    bars = traces(speed_bars([Timing("forward", "Earshot", "", "cpu", 100, seconds)]))["Earshot"]
    np.testing.assert_allclose(bars.x, [15])
    np.testing.assert_allclose(bars.error_x.array, [4])
    np.testing.assert_allclose(bars.error_x.arrayminus, [4])


def test_ours_are_blue_and_the_others_grey_and_the_text_says_who_is_who() -> None:
    figure = speed_bars(cpu_timings("forward"))
    ours, others = traces(figure)["Earshot"], traces(figure)["others"]
    assert ours.marker.color == style.LEARNED_COLOUR != others.marker.color
    np.testing.assert_allclose(ours.x, [6.1305])
    np.testing.assert_allclose(others.x, 1000 * 1.005 * np.array([0.048, 0.131, 0.19]))
    assert [text.split("<br>")[0] for text in labels(figure)] == [
        "<b>Earshot</b>",
        "<b>nnAudio</b>",
        "<b>librosa, one call for all clips</b>",
        "<b>librosa, clip by clip, 1 thread</b>",
    ]
    heights = [*ours.y, *others.y]
    assert heights == sorted(set(heights)), "no bar lies on another"


def test_a_label_gives_the_time_and_the_ratio_with_its_spread() -> None:
    texts = labels(speed_bars(cpu_timings("forward")))
    assert texts[0].endswith("6.13 ms, 7.9 × nnAudio (7.5 to 8.3)")
    assert texts[1].endswith("48.2 ms"), "the reference has no ratio to itself"


def test_bcresnet_is_compared_with_its_public_recipe_and_the_loop_is_called_what_it_is() -> None:
    assert "1.80 × the public recipe (1.71 to 1.91)" in labels(speed_bars(cpu_timings("epoch-bcresnet-1")))[1]
    assert "9.2 × the tutorial's loop (8.8 to 9.8)" in labels(speed_bars(cpu_timings("epoch-linear")))[1]


def test_settings_stand_in_words_above_their_bars() -> None:
    texts = labels(speed_bars(cpu_timings("gradient")[::-1]))
    assert texts[0::3] == [
        "<b>Learned mel filters (B)</b>",
        "<b>Learned kernels (C)</b>",
        "<b>Learned filters and kernels (D)</b>",
    ]
    assert labels(speed_bars(cpu_timings("forward")))[0].startswith("<b>Earshot"), "no setting, no heading"


def test_the_limit_of_the_machine_is_marked_on_our_bars_alone() -> None:
    figure = speed_bars(cpu_timings("gradient"))
    ticks, ours = traces(figure)["limit of this machine"], traces(figure)["Earshot"]
    np.testing.assert_allclose(ticks.x, 1000 * np.array([0.019, 0.034, 0.036]) / 2.6)
    assert list(ticks.y) == list(ours.y)
    assert ticks.showlegend
    assert figure.layout.showlegend
    unknown = speed_bars([dataclasses.replace(one, floor_s=None) for one in cpu_timings("gradient")])
    assert "limit of this machine" not in traces(unknown)
    assert not unknown.layout.showlegend


def test_a_hover_tells_everything_in_plain_words() -> None:
    (text,) = traces(speed_bars([cpu_timings("epoch-linear")[0], *cpu_timings("epoch-linear")[1:2]]))[
        "Earshot"
    ].hovertext
    for words in (
        "Fixed spectrogram (A)",
        "1.41 s for 8,999 clips",
        "8 of 10 repeats: 1.37 to 1.48 s (10 repeats)",
        "9.2 times as fast as the tutorial's loop (8.8 to 9.8)",
        "loading: 0.0840 s",
        "features: 0.980 s",
        "limit of this machine for this work: 0.420 s",
        "30 % of that speed is reached",
    ):
        assert words in text, text


@pytest.mark.parametrize(
    ("task", "title"),
    [
        ("forward", "Time for 100 clips (ms)"),
        ("epoch-linear", "Time for 8,999 clips (s)"),
        ("one-clip", "Time for one clip (ms)"),
        ("recording", "Time for 60 seconds of sound (s)"),
    ],
)
def test_the_axis_names_the_clips_and_a_unit_that_fits(task: str, title: str) -> None:
    figure = speed_bars(cpu_timings(task))
    assert figure.layout.xaxis.title.text == title
    assert figure.layout.yaxis.title.text == "Method"


def test_ways_timed_with_fewer_clips_are_shown_for_as_many() -> None:
    few = timing("forward", "librosa", 0.02, n_clips=10)
    figure = speed_bars([timing("forward", "Earshot", 0.006), few])
    np.testing.assert_allclose(traces(figure)["others"].x, [201])
    assert "201 ms" in labels(figure)[1]


def test_one_repeat_alone_has_no_spread() -> None:
    once = Timing("forward", "Earshot", "", "cpu", 100, (0.01,))
    bars = traces(speed_bars([once]))["Earshot"]
    assert (bars.error_x.array[0], bars.error_x.arrayminus[0]) == (0, 0)
    assert "timed once" in bars.hovertext[0]
    assert labels(speed_bars([once])) == ["<b>Earshot</b><br>10.0 ms"]


def test_a_time_of_zero_breaks_nothing() -> None:
    figure = speed_bars([Timing("forward", "Earshot", "", "cpu", 100, (0.0,), floor_s=0.0, parts={"features": 0.0})])
    assert figure.layout.xaxis.range[1] > 0
    speed_parts([Timing("forward", "Earshot", "", "cpu", 100, (0.0,), parts={"features": 0.0})])


def test_nothing_timed_is_said() -> None:
    assert labels(speed_bars([])) == ["Nothing was timed here."]
    assert labels(speed_parts(cpu_timings("gradient"))) == ["Nothing was timed here."], "there were no parts"


@pytest.mark.parametrize("task", TASKS)
def test_every_label_fits_a_phone(task: str) -> None:
    for figure in (speed_bars(cpu_timings(task)), speed_parts(cpu_timings(task))):
        for text in labels(figure):
            lines = text.replace("<b>", "").replace("</b>", "").split("<br>")
            assert max(len(line.split(">", 1)[-1].removesuffix("</span>")) for line in lines) <= 50, text


# Parts


def test_parts_are_stacked_in_the_order_in_which_a_clip_meets_them() -> None:
    gpu = [one for one in benchmark_reports.gpu_timings() if one.task == "epoch-linear"]
    figure = speed_parts(gpu)
    assert [trace.name for trace in figure.data] == ["loading", "transfer", "features", "model"]
    assert figure.layout.barmode == "stack"
    np.testing.assert_allclose([trace.x[0] for trace in figure.data], [0.01, 0.02, 0.09, 0.21])
    assert figure.layout.xaxis.title.text == "Time for 8,999 clips (s)"
    assert figure.layout.xaxis.range[1] >= 0.33
    assert "loading 0.0100 · transfer 0.0200 · features 0.0900 · model 0.210 s" in labels(figure)[1]
    assert "27 % of all parts together" in traces(figure)["features"].hovertext[0]


def test_parts_differ_by_pattern_too_and_those_that_do_not_apply_are_left_out() -> None:
    figure = speed_parts(cpu_timings("epoch-linear"))
    assert [trace.name for trace in figure.data] == ["loading", "features", "model"]
    assert len({trace.marker.pattern.shape for trace in figure.data}) == 3
    assert all(len(trace.x) == 8 for trace in figure.data), "ours and theirs in four settings"


# History


def test_the_history_has_a_line_a_setting_in_the_order_of_time() -> None:
    dates = ["2026-11-22T08:00:00+00:00", "2026-11-20T10:30:00+00:00"]
    figure = speed_history([benchmark_reports.report(date, quick=date == dates[1]) for date in dates], "gradient")
    assert [trace.name for trace in figure.data] == [
        "learned mel filters (B)",
        "learned kernels (C)",
        "learned filters and kernels (D)",
    ]
    line = figure.data[0]
    assert list(line.x) == dates[::-1]
    np.testing.assert_allclose(line.y, [0.081 / 0.019] * 2)
    np.testing.assert_allclose(line.error_y.array, [0.06 * 0.081 / 0.019] * 2)
    np.testing.assert_allclose(line.error_y.arrayminus, [0.05 * 0.081 / 0.019] * 2)
    assert list(line.marker.symbol) == ["circle-open", "circle"], "a quick one is hollow"
    assert "Hollow marks: quick measurements." in subtitle(figure)
    assert figure.layout.yaxis.title.text == "Times as fast as nnAudio (no unit)"
    assert figure.layout.xaxis.title.text == "Date and time of the report (UTC)"
    assert len({(trace.line.dash, trace.line.color) for trace in figure.data}) == 3


def test_the_history_of_bcresnet_is_told_beside_its_public_recipe() -> None:
    figure = speed_history([benchmark_reports.report()], "epoch-bcresnet-1")
    assert figure.layout.yaxis.title.text == "Times as fast as the public recipe (no unit)"
    np.testing.assert_allclose(figure.data[0].y, [74 / 41])


def test_a_point_of_the_history_tells_machine_and_versions() -> None:
    text = speed_history([benchmark_reports.report(gpu=True)], "forward").data[0].hovertext[0]
    for words in ("2026-11-20 10:30 UTC, full", "Example CPU", "Example GPU", "torch 2.13.0", "2 threads"):
        assert words in text, text


def test_devices_have_lines_of_their_own() -> None:
    figure = speed_history([benchmark_reports.report(gpu=True)], "forward")
    assert [trace.name for trace in figure.data] == ["CPU", "GPU"]


def test_a_task_that_no_report_has_is_said_to_be_missing() -> None:
    figure = speed_history([benchmark_reports.report()], "epoch-bcresnet-3")
    assert labels(figure) == ["No report compares this task with<br>anything."]


def test_speed_figures_survive_json() -> None:
    for figure in (speed_bars([]), speed_parts([]), speed_history([], "forward")):
        assert json.loads(figure.to_json())["layout"]["title"]["text"].startswith("<b>")
