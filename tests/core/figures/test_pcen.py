"""The numbers of PCEN, initial beside learned, and what became of them."""

from dataclasses import replace

import numpy as np
import pytest

from core.figures import pcen_bands
from core.figures.style import finding_of
from core.records.filters import PcenBands

START = PcenBands.at_start(4)


def test_each_number_has_a_panel_with_initial_and_learned():
    learned = replace(START, bias=np.float32([2, 2, 5, 2]))
    figure = pcen_bands(learned, 10.0)
    assert [trace.name for trace in figure.data] == ["initial", "learned"] * 4
    assert list(figure.data[5].y) == [2, 2, 5, 2]
    assert list(figure.data[4].y) == [2, 2, 2, 2]
    assert figure.data[0].y[0] == pytest.approx(-10 / np.log(0.975))
    assert finding_of(figure) == (
        "Levels last 395 to 395 ms (395 at the start); most changed: bias of band 2, 5 instead of 2."
    )


def test_what_did_not_change_is_called_so():
    assert finding_of(pcen_bands(START, 10.0)) == "Nothing changed: every band has the published numbers."
