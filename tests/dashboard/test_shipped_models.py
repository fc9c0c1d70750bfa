"""Pages measure models that came with the project, and leave those as they came."""

import hashlib
import shutil

import pytest

from core import runs
from core.config import ListeningConfig
from core.studies.listening import operating_point
from dashboard.shared import jobs
from tests.dashboard.conftest import assert_calm, texts, wait_until

NAME = "shipped-linear-D"


@pytest.fixture
def shipped(finished_run, tmp_path):
    return shutil.copytree(finished_run, tmp_path / "runs" / NAME)


def content(folder):
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def measure(app, button):
    app.button(button).click().run()
    wait_until(lambda: not [job for job in jobs._jobs().values() if job.running])
    app.run()
    assert_calm(app)


@pytest.mark.slow
@pytest.mark.usefixtures("use_tiny_data")
def test_no_page_changes_what_came_with_the_project(open_page, shipped, tmp_path):
    before = content(shipped)
    app = open_page("evaluation")
    app.radio("clips").set_value("testing-list").run()
    measure(app, "evaluation.start")
    assert "Testing list: 12 clips" in texts(app)
    measure(open_page("robustness"), "robustness.start")
    measure(open_page("experiments"), "experiments.start.swap")
    app = open_page("live")
    app.slider(f"live.threshold.{NAME}").set_value(0.4).run()
    app.button(f"live.keep.{NAME}").click().run()
    assert_calm(app)
    assert operating_point.load(shipped) == ListeningConfig(threshold=0.4)
    for page in ("live", "training", "filterbank", "kernels", "hearing", "compare", "speed", "grid", "data"):
        assert_calm(open_page(page))
    assert content(shipped) == before
    assert [run.name for run in runs.list_runs()] == [NAME]
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {NAME, "results"}
