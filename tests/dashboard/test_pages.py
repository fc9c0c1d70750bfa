"""Every page, found by listing the folder, in each state that a user can meet."""

import json
import shutil

import pytest
import torch

from core import runs
from core.models import build_model
from core.studies.evaluation import evaluate
from core.training.checkpoint import checkpoint_of, save_checkpoint
from core.training.presets import preset_config
from tests.dashboard.conftest import GOOD, PAGES, TITLES, assert_calm, charts, texts, tone, wav
from tests.kept import evaluation_path, save_evaluation

USE_A_MODEL = (
    "filterbank", "kernels", "hearing", "evaluation", "mistakes", "robustness", "false_alarms", "report", "export",
    "thresholds", "live",
)  # fmt: skip

FIGURES_WITH_A_MODEL = {
    "data": 2,
    "training": 2,
    "filterbank": 1,
    "kernels": 2,
    "evaluation": 1,
    "speed": 0,
    "live": 1,
    "hearing": 1,
    "robustness": 0,
}
"""How many figures each page shows for a finished linear D and a prepared dataset."""


def truncate(folder):
    content = (folder / runs.BEST).read_bytes()
    (folder / runs.BEST).write_bytes(content[: len(content) // 2])


def fill_with_garbage(folder):
    (folder / runs.BEST).write_bytes(b"this is no model" * 100)


def raise_the_version(folder):
    content = torch.load(folder / runs.BEST, weights_only=True)
    torch.save({**content, "version": 99}, folder / runs.BEST)


def change_a_shape(folder):
    content = torch.load(folder / runs.BEST, weights_only=True)
    content["weights"] = {name: tensor[:3] if tensor.ndim else tensor for name, tensor in content["weights"].items()}
    torch.save(content, folder / runs.BEST)


DAMAGES = {truncate: "damaged", fill_with_garbage: "weights", raise_the_version: "version 99", change_a_shape: "fit"}
"""What can be wrong with a checkpoint, and a word of the text that has to say so."""


def test_the_expected_pages_are_there():
    assert set(TITLES) >= {"data", "training", "filterbank", "kernels", "evaluation", "speed", "live"}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_greets_a_user_who_has_trained_nothing(open_page, page):
    app = open_page(page)
    assert_calm(app)
    assert [title.value for title in app.title] == [TITLES[page]]
    if page in USE_A_MODEL:
        assert "Nothing is trained yet" in texts(app)
        assert charts(app) == 0
        assert "Train a first model" in [link.label for link in app.main.get("page_link")]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.usefixtures("own_run", "use_tiny_data")
def test_a_page_shows_a_finished_run(open_page, page):
    app = open_page(page)
    assert_calm(app)
    assert [title.value for title in app.title] == [TITLES[page]]
    assert charts(app) == FIGURES_WITH_A_MODEL.get(page, charts(app))
    if page in USE_A_MODEL:
        assert app.radio("model").options == [GOOD]
        assert "Nothing is trained yet" not in texts(app)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.usefixtures("use_tiny_data")
def test_every_page_explains_a_damaged_checkpoint(open_page, own_run, damage):
    damage(own_run)
    for page in PAGES:
        app = open_page(page)
        assert not app.exception, page
        assert [title.value for title in app.title] == [TITLES[page]]
        if page in ("filterbank", "kernels", "hearing"):
            errors = [error.value for error in app.error]
            assert any(DAMAGES[damage] in error for error in errors), (page, errors)
        elif page == "live":
            app.segmented_control("live.source").set_value("upload").run()
            app.file_uploader("live.file").upload("word.wav", wav(tone(440)), "audio/wav").run()
            assert not app.exception
            assert any(DAMAGES[damage] in error.value for error in app.error)


@pytest.mark.parametrize("content", ["{not json", '{"preset": "linear", "unheard_of": 1}', "[]", ""])
def test_every_page_survives_an_unreadable_config(open_page, own_run, content):
    (own_run / runs.CONFIG).write_text(content)
    for page in PAGES:
        app = open_page(page)
        assert not app.exception, page
        if page in ("filterbank", "kernels"):
            assert runs.CONFIG in app.warning[0].value
            assert charts(app) == FIGURES_WITH_A_MODEL[page], "the model itself is in its own file and can be shown"
        if page == "training":
            assert runs.CONFIG in app.error[0].value


def test_every_page_survives_files_of_a_run_that_make_no_sense(open_page, own_run):
    (own_run / runs.STATUS).write_text(json.dumps({"state": 3, "epoch": "many", "best_accuracy": "high"}))
    (own_run / runs.PROGRESS).write_text("half a line")
    for evaluation in own_run.glob("evaluation-*.npz"):
        evaluation.write_bytes(b"nothing")
    for page in PAGES:
        assert not open_page(page).exception, page


@pytest.mark.usefixtures("own_run")
def test_the_picker_keeps_its_choice_across_pages(open_page, finished_run, tmp_path):
    shutil.copytree(finished_run, tmp_path / "runs" / "second")
    app = open_page("filterbank")
    other = next(name for name in (GOOD, "second") if name != app.radio("model").value)
    app.radio("model").set_value(other).run()
    for page in ("data", "kernels", "live"):
        open_page(page)
    assert app.radio("model").value == other


def test_the_picker_takes_a_shipped_model_and_offers_own_runs_next_the_newest_first(
    open_page, own_run, finished_run, tmp_path
):
    for name in ("shipped-linear-D", "newest"):
        shutil.copytree(finished_run, tmp_path / "runs" / name)
    runs.write_status(tmp_path / "runs" / "newest", **runs.read_status(own_run))
    app = open_page("kernels")
    assert app.radio("model").value == "shipped-linear-D"
    assert app.radio("model").options == ["shipped-linear-D", "newest", GOOD]


@pytest.mark.usefixtures("own_run")
def test_a_model_deleted_behind_the_pages_back_is_no_error(open_page, finished_run, tmp_path):
    shutil.copytree(finished_run, tmp_path / "runs" / "second")
    app = open_page("filterbank")
    app.radio("model").set_value("second").run()
    shutil.rmtree(tmp_path / "runs" / "second")
    app.run()
    assert_calm(app)
    assert app.radio("model").value == GOOD


BASES = {
    "random": {"mel_start": "random", "stft_start": "random", "start_seed": 1},
    "bells-masked": {"mel_shape": "bell", "masked_bins": (25, 49), "n_mels": 10},
}


@pytest.fixture(params=BASES)
def run_with_another_basis(request, tmp_path, tiny_root, tiny_pack):
    """A run whose spectrogram is not the tutorial's, a little way from its start."""
    config = preset_config("linear", setting="D", epochs=1, **BASES[request.param])
    folder = runs.new_run(config, tiny_root, name=request.param)
    model = build_model(config)
    with torch.no_grad():
        for parameter in model.front_end.parameters():
            parameter.mul_(1.01)
    model.front_end.project()
    checkpoint = checkpoint_of(model, config, epoch=1, validation_accuracy=0.5, dataset=tiny_pack.title)
    save_checkpoint(folder / runs.BEST, checkpoint)
    runs.keep_filters(folder, model.front_end.filters(1).learned, kernels=True)
    runs.write_status(folder, state="done", message="", epoch=1, epochs=1, dataset=tiny_pack.title, device="cpu")
    path = evaluation_path(folder, tiny_pack.title, "official")
    save_evaluation(path, evaluate(folder, tiny_pack, "official", device="cpu"))
    return folder


@pytest.mark.usefixtures("use_tiny_data")
def test_every_page_takes_a_spectrogram_of_another_kind(open_page, run_with_another_basis):
    for page in PAGES:
        app = open_page(page)
        assert_calm(app)
        if page in USE_A_MODEL:
            assert app.radio("model").options == [run_with_another_basis.name]
