"""When it pays: the map that comes with the project, one's own grids, and the way from a cell to its models."""

import pytest

from core import runs
from core.studies.gain_map import CLEAN
from dashboard.shared import jobs, state
from dashboard.views.gain_map import CELL, JOB, SHOWN
from tests.dashboard.conftest import assert_calm, charts, open_fold, texts, wait_until


@pytest.fixture
def trained(train_grid):
    return train_grid(pcens=("off", "learned"))


def test_the_map_that_came_with_the_project_is_there_at_once_and_says_how_a_model_is_made(open_page, use_tiny_data):
    app = open_page("gain_map")
    assert_calm(app)
    assert charts(app) == 1
    assert "none of which any training heard" in texts(app)
    app.session_state[CELL] = ["linear-in-noise", "mel", 10, "B", "off"]
    app.run()
    assert_calm(app)
    assert "python -m core train --preset linear-in-noise --setting B --epochs 20 --seed" in app.code[0].value
    assert list(app.dataframe[0].value["Seed"]) == sorted(app.dataframe[0].value["Seed"])
    assert len(app.dataframe[0].value) >= 2


def test_ones_own_grid_is_tested_in_noise_and_a_model_of_it_looked_at(open_page, use_tiny_data, trained):
    app = open_page("gain_map")
    app.selectbox(SHOWN).set_value("mine").run()
    assert_calm(app)
    assert app.segmented_control("condition").options == ["Clean"]
    assert app.button("gain_map.measure").label == "Test 8 models in noise"
    app.button("gain_map.measure").click().run()
    wait_until(lambda: not jobs.find(JOB).running)
    app.run()
    assert_calm(app)
    assert app.segmented_control("condition").options == ["Clean", "In noise, 10 dB", "In noise, 0 dB"]
    assert "gain_map.measure" not in [button.key for button in app.button]
    app.session_state[CELL] = ["linear", "mel", 10, "B", "learned"]
    app.run()
    assert_calm(app)
    assert CLEAN in app.dataframe[0].value.columns
    app.button("gain_map.open").click().run()
    assert not app.exception
    copied = runs.run_state(runs.runs_folder() / "mine-linear-mel-10-learned-pcen-B-0")
    assert copied.state == "done"
    assert (copied.folder / runs.BEST).read_bytes() == (
        trained / "linear-mel-10-learned-pcen-B-0" / runs.BEST
    ).read_bytes()
    filters = open_page("filterbank")
    filters.session_state[state.MODEL] = copied.name
    assert "Levels last" in texts(open_fold(filters, "filters.pcen"))
