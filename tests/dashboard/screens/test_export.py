"""Export: a file is made when it is asked for, kept with the run, told how it compares, and outdated with its model."""

import io
import json
import zipfile

import numpy as np
import onnxruntime
import pytest
import torch

from core import runs
from core.errors import ExportError
from core.export import kept, needed, web
from core.inference.classifier import Classifier
from dashboard.shared import jobs
from dashboard.views import export
from tests.dashboard.conftest import GOOD, assert_calm, texts, tone, train_further, wait_until

JOB = f"export.{GOOD}.float32"


@pytest.fixture
def exported(open_page, own_run, use_tiny_data):
    """The page after the file was made."""
    app = open_page("export")
    assert_calm(app)
    app.button("export.make.float32").click().run()
    wait_until(lambda: not jobs.find(JOB).running)
    assert jobs.find(JOB).state == "done", jobs.find(JOB).message
    app.run()
    assert_calm(app)
    yield app
    jobs.forget(JOB)


def downloads(app):
    return {one.key: one for one in app.get("download_button")}


def test_the_file_answers_as_the_model_does_and_says_how_it_compares(exported, own_run):
    assert "It answers all" in texts(exported)
    assert exported.dataframe[0].value["Form"].tolist() == ["This model", "ONNX, float32"]
    assert {"export.onnx", "export.runtime", "export.card"} <= set(downloads(exported))
    session = onnxruntime.InferenceSession(kept.onnx_file(own_run, "float32"), providers=["CPUExecutionProvider"])
    second = tone(500)
    found = session.run(["probabilities"], {"waveform": second[None]})[0][0]
    ranking = dict(Classifier(own_run, "cpu").classify_at(second, 0).ranking)
    labels = json.loads(session.get_modelmeta().custom_metadata_map["earshot"])["labels"]
    np.testing.assert_allclose(found, [ranking[label] for label in labels], atol=1e-5)


def test_a_web_page_is_made_around_it_and_goes_with_the_file(exported, own_run, monkeypatch):
    monkeypatch.setattr(web, "runtime_files", lambda: {"onnxruntime-web.js": b"//", "onnxruntime-web.wasm": b"wasm"})
    exported.button("export.make.page.float32").click().run()
    wait_until(lambda: not jobs.find(f"{JOB}.page").running)
    assert jobs.find(f"{JOB}.page").state == "done", jobs.find(f"{JOB}.page").message
    exported.run()
    assert_calm(exported)
    assert "export.page" in downloads(exported)
    with zipfile.ZipFile(kept.page_file(own_run, "float32")) as archive:
        assert archive.read(f"{GOOD}/model.onnx") == kept.onnx_file(own_run, "float32").read_bytes()
        assert f"{GOOD}/index.html" in archive.namelist()
    kept.export(own_run, "float32", n_clips=30)
    assert not kept.page_file(own_run, "float32").exists(), "it held the file before"
    jobs.forget(f"{JOB}.page")


def test_a_file_of_an_earlier_model_is_not_offered_any_more(exported, own_run):
    train_further(own_run)
    exported.run()
    assert_calm(exported)
    assert "The model was trained further since." in texts(exported)
    assert "export.onnx" not in downloads(exported)
    assert exported.button("export.make.float32")


def test_without_the_packages_it_is_said_what_to_install_and_the_filters_are_there(open_page, own_run, monkeypatch):
    def missing():
        raise ExportError("ONNX files need two more packages. Install them: pip install onnx onnxruntime")

    monkeypatch.setattr(needed, "require_packages", missing)
    app = open_page("export")
    assert_calm(app)
    assert "pip install onnx onnxruntime" in texts(app)
    assert {"export.nnaudio", "export.npz"} <= set(downloads(app))
    assert not [one for one in app.button if one.key and one.key.startswith("export.make")]


def test_the_filters_are_given_as_files_that_load(own_run):
    from core.export.basis import write_nnaudio, write_npz

    run = next(one for one in runs.list_runs() if one.name == GOOD)
    state = torch.load(io.BytesIO(export._written(run, write_nnaudio, "one.pt")), weights_only=True)
    assert all(isinstance(one, torch.Tensor) for one in state.values())
    with np.load(io.BytesIO(export._written(run, write_npz, "one.npz")), allow_pickle=False) as arrays:
        assert not np.array_equal(arrays["mel_initial"][10], arrays["mel_learned"][10])
        np.testing.assert_array_equal(arrays["mel_initial"][11], arrays["mel_learned"][11])


def test_the_program_that_is_given_along_is_the_one_that_was_tested():
    assert b"class Model" in export._runtime()
