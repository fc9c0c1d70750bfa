"""The map of gains: a cell for each difference, with its number, and what it says."""

from dataclasses import replace

import pytest

from core.figures import gain_map
from core.figures.style import finding_of
from core.studies.gain_map import CLEAN, Gain
from core.studies.grid_table import Factors

B = Factors("linear-in-noise", "mel", 10, "B")


def gain(question, factors, points, p=0.001, condition=CLEAN):
    return Gain(question, factors, condition, 10, points / 100, ((points - 0.5) / 100, (points + 0.5) / 100), p, p)


GAINS = (
    gain("B", B, 3.2),
    gain("B", replace(B, n_mels=40), 0.3, p=0.6),
    gain("B", replace(B, pcen="fixed"), -1.5),
    gain("pcen", replace(B, setting="A", pcen="fixed"), 2.0, p=0.04),
    gain("B", B, 9.9, condition="0 dB"),
)


def cells(figure):
    heat = next(trace for trace in figure.data if trace.name == "gains")
    return {
        (row, column): (heat.z[i][j], heat.text[i][j])
        for i, row in enumerate(heat.y)
        for j, column in enumerate(heat.x)
        if heat.text[i][j]
    }


def test_a_cell_is_a_difference_in_points_bold_where_it_is_more_than_chance():
    found = cells(gain_map(GAINS, CLEAN))
    assert found == {
        ("learned mel filters", "10"): (pytest.approx(3.2), "<b>+3.2</b>"),
        ("learned mel filters", "40"): (pytest.approx(0.3), "+0.3"),
        ("learned mel filters, PCEN", "10"): (pytest.approx(-1.5), "<b>−1.5</b>"),
        ("PCEN, fixed spectrogram", "10"): (pytest.approx(2.0), "<b>+2.0</b>"),
    }


def test_zero_lies_in_the_middle_of_the_colours_and_small_gains_look_small():
    heat = gain_map([gain("B", B, 0.2)], CLEAN).data[0]
    assert (heat.zmin, heat.zmax) == (-1, 1)
    heat = gain_map(GAINS, CLEAN).data[0]
    assert heat.zmin == -heat.zmax == pytest.approx(-3.2)


def test_a_click_hands_on_what_was_trained_and_the_chosen_one_is_framed():
    figure = gain_map(GAINS, CLEAN, chosen=replace(B, n_mels=40))
    marks = next(trace for trace in figure.data if trace.name == "cells")
    assert Factors(*marks.customdata[1]) == replace(B, n_mels=40)
    assert "linear-in-noise, 40 textbook mel filters" in marks.text[1]
    assert "−1.50 points (95 % interval −2.00 to −1.00)" in marks.text[2]
    (frame,) = figure.layout.shapes
    assert (frame.x0, frame.y0) == (0.5, -0.5)


def test_it_says_the_largest_clear_gain_and_loss():
    assert finding_of(gain_map(GAINS, CLEAN)) == (
        "Clean: learned filters, 10 bands +3.2 points (2.7 to 3.7); learned filters, 10 bands, PCEN −1.5 points "
        "(−2.0 to −1.0). 3 of 4 are more than chance."
    )
    assert finding_of(gain_map(GAINS, "0 dB")).startswith("At 0 dB: learned filters, 10 bands +9.9")


def test_without_a_clear_one_or_any_at_all_it_says_so():
    assert finding_of(gain_map([gain("B", B, 0.2, p=0.7)], CLEAN)) == (
        "None of 1 differences on clean clips is more than chance over seeds would make."
    )
    empty = gain_map([], CLEAN)
    assert not empty.data
    assert "takes two seeds" in finding_of(empty)


def test_models_and_starts_are_named_where_there_are_several():
    several = [gain("B", B, 1.0), gain("B", replace(B, basis="random", model="linear"), 1.0)]
    assert list(gain_map(several, CLEAN).data[0].x) == ["10<br>random<br>linear", "10<br>textbook<br>linear-in-noise"]
