"""What the numbers of a benchmark come to, in sentences that flatter nobody."""

import dataclasses

import pytest

from core.figures.style import NBSP
from core.figures.timing_words import comparison, limit_note, main_reference, reference_name, stands_for
from core.records.benchmark import Spread, Timing
from tests import benchmark_reports
from tests.benchmark_reports import timing


def said(timings: list[Timing]) -> str:
    return comparison(timings).replace(NBSP, " ")


def cpu_timings(task: str) -> list[Timing]:
    return [one for one in benchmark_reports.cpu_timings() if one.task == task]


def test_both_times_stand_beside_the_ratio() -> None:
    assert said(cpu_timings("forward")) == (
        "Earshot needs 6.13 ms where nnAudio needs 48.2 ms: 7.9 times as fast (8 of 10 repeats: 7.5 to 8.3). "
        "Earshot is also 21 times as fast as librosa."
    )


def test_the_setting_that_trains_most_comes_first_and_the_others_follow() -> None:
    assert said(cpu_timings("gradient")) == (
        "With learned filters and kernels (D), Earshot needs 36.2 ms where nnAudio needs 122 ms: 3.4 times as fast (8 "
        "of 10 repeats: 3.2 to 3.6). Earshot is also 4.3 (B) and 3.5 (C) times as fast as nnAudio."
    )


def test_the_tutorials_loop_is_called_so_although_nnaudio_is_inside() -> None:
    text = said(cpu_timings("epoch-linear"))
    assert "where the tutorial's loop needs 19.7 s" in text
    assert "nnAudio" not in text
    assert stands_for(cpu_timings("epoch-linear")[1]) == "nnAudio"


def test_no_clear_difference_is_called_that() -> None:
    assert "no clear difference, 1.00 times the speed (8 of 10 repeats: 0.95 to 1.06)" in said(cpu_timings("one-clip"))


def test_slower_is_called_slower_wherever_it_happens() -> None:
    slow, fast = timing("gradient", "Earshot", 0.2, setting="D"), timing("gradient", "nnAudio", 0.1, setting="D")
    slow = dataclasses.replace(slow, ratios={"nnAudio": Spread(0.5, 0.45, 0.55), "librosa": Spread(0.8, 0.7, 0.9)})
    text = said([slow, fast])
    assert "it is slower, 0.50 times the speed (8 of 10 repeats: 0.45 to 0.55)" in text
    assert "**Not faster:** Earshot is slower than librosa, 0.80 times its speed (0.70 to 0.90)." in text
    assert "times as fast" not in text


def test_a_setting_in_which_ours_is_not_faster_is_named() -> None:
    level = dataclasses.replace(
        timing("gradient", "Earshot", 0.05, setting="B"), ratios={"nnAudio": Spread(1, 0.9, 1.1)}
    )
    ahead = timing("gradient", "Earshot", 0.05, setting="D", beside={"nnAudio": 0.15})
    text = said([level, ahead, timing("gradient", "nnAudio", 0.15, setting="D")])
    assert text.startswith(
        "With learned filters and kernels (D), Earshot needs 50.2 ms where nnAudio needs 151 ms: 3.0"
    )
    assert text.endswith(
        "**Not faster:** Earshot is as fast as nnAudio within the spread, 1.00 times its speed (0.90 to 1.10), in "
        "setting B."
    )


def test_a_ratio_belongs_to_the_reference_whose_time_fits() -> None:
    ours = timing("forward", "Earshot", 0.01, beside={"librosa": 0.2})
    others = [timing("forward", "librosa, clip by clip", 0.9), timing("forward", "librosa, one call", 0.2)]
    assert "where librosa, one call needs 201 ms" in said([ours, *others])


def test_different_numbers_of_clips_are_compared_clip_by_clip() -> None:
    ours = timing("forward", "Earshot", 0.01, n_clips=100, beside={"librosa": 0.2})
    assert "where librosa needs 201 ms" in said([ours, timing("forward", "librosa", 0.02, n_clips=10)])


def test_two_kinds_of_ours_are_told_apart() -> None:
    timings = [
        timing("forward", "Earshot, 1 thread", 0.02, beside={"nnAudio": 0.1}, floor_s=0.002),
        timing("forward", "Earshot", 0.01, beside={"nnAudio": 0.1}, floor_s=0.002),
        timing("forward", "nnAudio", 0.1),
    ]
    assert said(timings).startswith("Earshot needs 10.1 ms where nnAudio needs 100 ms: 10 times as fast")
    assert "Earshot is also 5.0 (1 thread) times as fast as nnAudio." in said(timings)
    assert "Earshot reaches 20" in limit_note(timings)


def test_nothing_to_compare_with_is_said() -> None:
    assert said([timing("forward", "Earshot", 0.01)]) == "This report has nothing else to compare it with."
    assert said([timing("forward", "nnAudio", 0.01)]) == "Earshot itself was not timed here."
    ratio_alone = [timing("forward", "Earshot", 0.01, beside={"nnAudio": 0.05})]
    assert said(ratio_alone) == "Earshot is 5.0 times as fast as nnAudio (8 of 10 repeats: 4.8 to 5.3)."


def test_one_repeat_has_no_spread_to_tell() -> None:
    once = Timing("forward", "Earshot", "", "cpu", 100, (0.01,), {"nnAudio": Spread(5, 5, 5)})
    assert said([once, timing("forward", "nnAudio", 0.05)]).endswith(": 5.0 times as fast.")


def test_the_limit_is_said_for_the_setting_that_trains_most_and_only_where_it_is_known() -> None:
    text = limit_note(cpu_timings("gradient")).replace(NBSP, " ")
    assert "would need 13.8 ms" in text
    assert "in setting D. Earshot reaches 38 % of that speed." in text
    assert limit_note(cpu_timings("epoch-bcresnet-1")) == ""
    assert limit_note([Timing("forward", "Earshot", "", "cpu", 100, (0.0,), floor_s=0.1)]) == ""


@pytest.mark.parametrize(
    ("task", "reference", "name"),
    [
        ("forward", "nnAudio", "nnAudio"),
        ("epoch-linear", "nnAudio", "the tutorial's loop"),
        ("epoch-bcresnet-1", "public recipe", "the public recipe"),
    ],
)
def test_each_task_has_the_reference_that_people_would_otherwise_use(task: str, reference: str, name: str) -> None:
    assert main_reference(cpu_timings(task)) == reference
    assert reference_name(reference, cpu_timings(task)) == name
