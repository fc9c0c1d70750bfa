"""The Filterbank and Kernels pages: what is chosen, said and kept."""

import numpy as np
import pytest

from core import runs
from core.records.filters import FilterSnapshot
from core.training.checkpoint import load_checkpoint, save_checkpoint
from dashboard.views import filterbank, kernels
from tests.dashboard.conftest import GOOD, assert_calm, charts, texts


@pytest.fixture
def kept_run(own_run):
    """The run with filters and kernels of two epochs beside it."""
    filters = load_checkpoint(own_run).filters()
    for epoch, one in ((0, filters.initial), (2, filters.learned)):
        snapshot = FilterSnapshot(epoch, one.mel_basis, one.stft_cos, one.stft_sin)
        runs.keep_filters(own_run, snapshot, kernels=True)
    return own_run


@pytest.mark.usefixtures("kept_run")
def test_the_filters_are_shown_whole_apart_and_over_the_epochs(open_page):
    app = open_page("filterbank")
    assert_calm(app)
    assert charts(app) == 7
    # The run's filter 10 was moved by six bins: past filters 11 and 12.
    assert "The order was broken: 1 pair of neighbours changed places (10 and 11)" in texts(app)
    for view, picture in (("shapes", "apart"), ("gains", "maps")):
        app.segmented_control("filters.view").set_value(view)
        app.segmented_control("filterbank.picture").set_value(picture)
        app.segmented_control("filterbank.axis").set_value("mel")
        app.segmented_control("filterbank.bands").set_value("ears").run()
        assert_calm(app)
    open_page("kernels")
    assert app.segmented_control("filters.view").value == "gains", "one switch for both pages"


@pytest.mark.usefixtures("kept_run")
def test_a_filter_and_a_bin_are_chosen_without_a_click(open_page):
    app = open_page("filterbank")
    app.slider("filterbank.number").set_value(33).run()
    assert "Filter 33 close up" in [one.value for one in app.header]
    open_page("kernels")
    assert charts(app) == 5, "two of one bin, the changes, the map, and the evolution"
    app.selectbox("kernels.bin.480").set_value(50).run()
    app.toggle("kernels.compare").set_value(True).run()
    assert_calm(app)
    assert [one.value for one in app.subheader] == ["Bin 2 · 67 Hz", "Bin 10 · 333 Hz", "Bin 20 · 667 Hz"]
    assert charts(app) == 11


def test_filters_that_began_at_random_are_not_measured_against_triangles(open_page, own_run):
    checkpoint = load_checkpoint(own_run)
    rng = np.random.default_rng(0)
    for name, tensor in checkpoint.initial.items():
        tensor.copy_(
            tensor.new_tensor(
                np.abs(rng.standard_normal(tensor.shape)) if name == "mel_basis" else rng.standard_normal(tensor.shape)
            )
        )
    save_checkpoint(own_run / runs.BEST, checkpoint)
    app = open_page("filterbank")
    assert_calm(app)
    assert "no order to keep or break" in texts(app)
    open_page("kernels")
    assert_calm(app)
    assert "random start" in texts(app)


def test_a_click_chooses_the_filter_or_the_bin(monkeypatch, own_run):
    state = {}
    monkeypatch.setattr("streamlit.session_state", state)
    filterbank._pick([7, 1200])
    filterbank._pick(8)
    filterbank._pick(None)
    kernels._pick(load_checkpoint(own_run).filters(), 30)
    assert state == {filterbank.NUMBER: 8, "kernels.bin.480": 30}


@pytest.mark.usefixtures("kept_run")
def test_the_name_of_the_model_stands_on_a_page_without_a_sidebar(open_page):
    assert GOOD in texts(open_page("kernels"))
