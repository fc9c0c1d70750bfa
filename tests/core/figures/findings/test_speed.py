"""Which way to do a task is fastest, where its time goes, and how that compares since."""

from core.figures.findings import speed as findings
from core.figures.style import NBSP
from core.records.benchmark import Spread, Timing
from tests import benchmark_reports


def plain(text):
    return text.replace(NBSP, " ")


def timing(variant, seconds, setting="", n_clips=64, **more):
    return Timing("forward", variant, setting, "cpu", n_clips, (seconds,), **more)


def test_the_fastest_and_the_slowest_way_are_named_for_as_many_clips():
    ways = [timing("Earshot", 0.006), timing("nnAudio", 0.009, n_clips=32), timing("librosa", 0.12)]
    assert plain(findings.bars(ways)) == "Fastest: Earshot, 6.00 ms; slowest: librosa, 120 ms (20 times as long)."


def test_being_slower_is_said_as_well():
    assert plain(findings.bars([timing("Earshot", 0.02), timing("librosa", 0.01)])).startswith(
        "Fastest: librosa, 10.0 ms"
    )


def test_settings_carry_their_words():
    both = [timing("Earshot", 0.01, "A"), timing("Earshot", 0.03, "D")]
    assert "Earshot, fixed spectrogram (A), 10.0 ms" in plain(findings.bars(both))
    assert "Earshot, learned filters and kernels (D), 30.0 ms (3.0 times as long)" in plain(findings.bars(both))


def test_one_way_alone_equal_ways_and_none_are_told():
    assert plain(findings.bars([timing("Earshot", 0.01)])) == "Only Earshot was timed: 10.0 ms."
    assert findings.bars([timing("Earshot", 0.01), timing("librosa", 0.01)]).startswith("All take as long")
    assert findings.bars([]) == findings.parts([]) == "Nothing was timed here."


def test_the_part_that_takes_most_is_named():
    one = timing("Earshot", 1.0, parts={"loading": 0.2, "features": 0.6, "model": 0.2})
    assert plain(findings.parts([one, timing("librosa", 1.0)])) == (
        "Of the time of Earshot, most goes into the features: 60.0 %."
    )


def test_the_latest_report_is_told():
    first, second = benchmark_reports.report(), benchmark_reports.report("2026-11-22T08:00:00+00:00", quick=True)
    points = [
        (one, timing("Earshot", 1.0, "D", ratios={"nnAudio": Spread(ratio, ratio - 0.2, ratio + 0.2)}))
        for one, ratio in ((first, 2.0), (second, 3.0))
    ]
    latest = max(points, key=lambda point: point[0].moment)
    ratio = latest[1].ratios["nnAudio"].median
    said = findings.history([("setting D", points)], "nnAudio", "nnAudio")
    assert said.startswith(f"Latest of 2 reports, setting D: {ratio:.1f} times as fast as nnAudio (")
    assert findings.history([], "nnAudio", "nnAudio") == findings.NOT_COMPARED
