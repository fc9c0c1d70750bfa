"""The pages Filters and Kernels: what is chosen, said and kept."""

import shutil

import numpy as np
import pytest

from core import runs
from core.config import to_dict
from core.files.writing import write_json
from core.models import build_model
from core.records.filters import FilterSnapshot
from core.training.checkpoint import checkpoint_of, load_checkpoint, save_checkpoint
from core.training.presets import preset_config
from dashboard.views import filterbank, kernels, looked_at
from tests.dashboard.conftest import GOOD, assert_calm, charts, chip, texts, unfold

FILTER_FOLDS = [f"filters.{name}" for name in ("one", "gain", "where", "bands", "numbers", "epochs")]
KERNEL_FOLDS = [f"kernels.{name}" for name in ("numbers", "changes", "all", "epochs")]


@pytest.fixture
def change_filters(own_run):
    """Changes the run's filters, and the bins of its STFT, by number."""

    def change(filters=(), bins=()):
        checkpoint = load_checkpoint(own_run)
        for name, numbers in (("mel_basis", filters), ("wcos", bins)):
            weights = next(tensor for key, tensor in checkpoint.weights.items() if key.endswith(name))
            for number in numbers:
                weights[number] = weights[number].flip(-1)
        save_checkpoint(own_run / runs.BEST, checkpoint)

    return change


@pytest.fixture
def kept_run(own_run, change_filters):
    """The run with a changed bin, and with filters and kernels of two epochs beside it."""
    change_filters(bins=[40])
    filters = load_checkpoint(own_run).filters()
    for epoch, one in ((0, filters.initial), (2, filters.learned)):
        snapshot = FilterSnapshot(epoch, one.mel_basis, one.stft_cos, one.stft_sin)
        runs.keep_filters(own_run, snapshot, kernels=True)
    return own_run


@pytest.mark.usefixtures("kept_run")
def test_the_filters_are_shown_whole_apart_and_over_the_epochs(open_page):
    app = open_page("filterbank")
    assert_calm(app)
    assert charts(app) == 1, "the rest is folded away"
    unfold(app, *FILTER_FOLDS)
    assert_calm(app)
    assert charts(app) == 7
    assert len(app.dataframe[1].value) == 40
    # The run's filter 10 was moved by six bins: past filters 11 and 12.
    assert "The order was broken: 1 pair of neighbours changed places (10 and 11)" in texts(app)
    for view, picture in (("shapes", "apart"), ("gains", "maps")):
        app.segmented_control("view").set_value(view)
        app.segmented_control("picture").set_value(picture)
        app.segmented_control("axis").set_value("mel")
        app.segmented_control("bands").set_value("ears").run()
        assert_calm(app)
    open_page("kernels")
    assert app.segmented_control("view").value == "gains", "one switch for both pages"


@pytest.mark.usefixtures("kept_run")
def test_a_filter_and_a_bin_are_chosen_without_a_click(open_page):
    app = open_page("filterbank")
    app.slider("filter").set_value(33).run()
    assert "Filter 33 close up" in [one.label for one in app.expander]
    open_page("hearing")
    assert app.slider("filter").value == 33, "one filter for both pages"
    open_page("kernels")
    unfold(app, *KERNEL_FOLDS)
    assert charts(app) == 5, "two of one bin, the changes, the map, and the evolution"
    app.slider("bin").set_value(50).run()
    unfold(app, "kernels.others")
    assert_calm(app)
    assert "Bin 50 (1,667 Hz): " in texts(app)
    assert [one.value for one in app.subheader] == ["Bin 2 · 67 Hz", "Bin 10 · 333 Hz", "Bin 20 · 667 Hz"]
    assert charts(app) == 11


def test_the_pages_open_on_what_changed_most_until_a_person_chooses(open_page, change_filters):
    app = open_page("filterbank")
    assert app.slider("filter").value == 10, "the filter that the run moved"
    change_filters(filters=[25], bins=[77])
    app.run()
    assert app.slider("filter").value == 25, "nobody chose filter 10"
    app.slider("filter").set_value(3).run()
    change_filters(filters=[25, 30])
    app.run()
    assert app.slider("filter").value == 3, "what a person chose stays"
    open_page("kernels")
    assert_calm(app)
    assert app.slider("bin").value == 77


def test_a_model_that_learned_nothing_says_so_and_offers_one_that_did(open_page, own_run, finished_run):
    shutil.copytree(finished_run, own_run.with_name("shipped-linear-D"))
    config = preset_config("linear", setting="A", epochs=2)
    write_json(own_run / runs.CONFIG, to_dict(config))
    save_checkpoint(
        own_run / runs.BEST,
        checkpoint_of(build_model(config), config, epoch=2, validation_accuracy=0.5, dataset="Tones"),
    )
    app = open_page("filterbank")
    for page, what in (("filterbank", "mel filters"), ("kernels", "STFT kernels"), ("hearing", "filters")):
        app.radio("model").set_value(GOOD).run()
        open_page(page)
        assert_calm(app)
        assert f"its {what} are as they began" in app.info[0].value
        assert not [one for one in app.segmented_control if one.key == "view"], "there are no gains and shapes to see"
        assert charts(app) == (2 if page == "kernels" else 1)
        app.button("see.learned").click().run()
        assert_calm(app)
        assert app.radio("model").value == "shipped-linear-D"
        assert "as they began" not in texts(app) or page == "kernels", "this one's kernels did not move either"


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
    unfold(app, "filters.where")
    assert "no order to keep or break" in texts(app)
    open_page("kernels")
    assert_calm(app)
    assert "random start" in texts(app)


def test_a_click_chooses_the_filter_or_the_bin(monkeypatch):
    state = {}
    monkeypatch.setattr("streamlit.session_state", state)
    filterbank._pick([7, 1200])
    filterbank._pick(8)
    filterbank._pick(None)
    kernels._pick(30)
    assert state == {looked_at.FILTER: 8, looked_at.BIN: 30}


@pytest.mark.usefixtures("kept_run")
def test_the_name_of_the_model_stands_on_a_page_without_a_sidebar(open_page):
    assert GOOD in chip(open_page("kernels"))
