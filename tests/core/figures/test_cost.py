"""Accuracy against cost: every run at its place, published points hollow and said to be published."""

from dataclasses import replace

import pytest

from core.figures import accuracy_against_cost
from core.figures.comparison import LOOKS
from core.figures.cost import MEASURES
from core.records.cost import BC_RESNETS, Cost, Latency, RunCost, Weights
from tests.drawn import trace_of

COST = Cost(Weights(1000, 0), Weights(500, 80), 2_000_000, 3_000_000, 7000)
LATENCY = Latency("one", "a processor", "cpu", 2, 100, 0.004, 0.006, "2026-01-01T00:00:00+00:00")
ONE = RunCost("one", "linear · D", 200, 0.5, (0.4, 0.6), COST, LATENCY)
TWO = replace(ONE, run="two", accuracy=0.8, interval=(0.7, 0.9), cost=replace(COST, network_macs=10**7), latency=None)


@pytest.mark.parametrize(
    ("measure", "value"), [("weights", 1500), ("macs", 5_000_000), ("bytes", 6320), ("latency", 4)]
)
def test_a_run_stands_at_its_cost_with_its_interval(measure, value):
    figure = accuracy_against_cost([ONE, TWO], measure, "official", looks={"one": 2})
    one = trace_of(figure, "one")
    assert (one.x[0], one.y[0]) == (pytest.approx(value), 50)
    assert (one.error_y.array[0], one.error_y.arrayminus[0]) == (pytest.approx(10), pytest.approx(10))
    assert (one.marker.color, one.marker.symbol) == (LOOKS[2][0], LOOKS[2][2])
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.xaxis.title.text == MEASURES[measure][0]
    assert "200 clips right (95 % interval 40.0 to 60.0)" in one.hovertext[0]
    assert ("other runs" in [trace.name for trace in figure.data]) == (measure != "latency"), "two was not timed"


def test_published_points_are_hollow_named_so_and_only_beside_weights():
    figure = accuracy_against_cost([ONE], "weights", "official")
    published = trace_of(figure, "BC-ResNet, published, full data, 10 seeds")
    assert published.marker.symbol.endswith("-open")
    assert list(published.x) == [one.trained for one in BC_RESNETS.models]
    assert list(published.y) == pytest.approx([96.9, 97.6, 97.8, 98.2, 98.6, 98.7])
    for other in (
        accuracy_against_cost([ONE], "macs", "official"),
        accuracy_against_cost([ONE], "weights", "testing-list", published=False),
    ):
        assert not any("published" in trace.name for trace in other.data)


def test_every_point_lies_within_the_axis_and_beside_a_tick():
    figure = accuracy_against_cost([ONE, TWO], "weights", "official")
    low, high = (10**end for end in figure.layout.xaxis.range)
    assert low < 1500 < 321_000 < high
    shown = [
        text
        for at, text in zip(figure.layout.xaxis.tickvals, figure.layout.xaxis.ticktext, strict=True)
        if low <= at <= high
    ]
    assert len(shown) >= 2


def test_neighbours_do_not_write_over_each_other():
    runs = [replace(ONE, run=str(number), accuracy=0.5 + number / 100) for number in range(3)]
    places = trace_of(accuracy_against_cost(runs, "macs", "official"), "other runs").textposition
    assert len(set(places)) == 3


def test_nothing_measured_is_said():
    figure = accuracy_against_cost([TWO], "latency", "official")
    assert any("Nothing is measured" in note.text for note in figure.layout.annotations)
