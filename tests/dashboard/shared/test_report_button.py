"""A run's report is one button away, on the Train and the Report page."""

import pytest

from core import runs
from core.studies.evaluation import scores
from dashboard.shared.report_button import _report
from tests.dashboard.conftest import assert_calm, texts, train_further
from tests.kept import evaluation_path, load_evaluation


@pytest.mark.parametrize("page", ["training", "report"])
def test_the_report_is_offered(open_page, own_run, use_tiny_data, page):
    app = open_page(page)
    assert_calm(app)
    labels = [button.label for button in app.get("download_button") if button.key == f"{page}.report"]
    assert labels == ["Report (HTML)"]


def test_a_damaged_model_gives_a_file_that_says_so(own_run):
    (own_run / runs.BEST).write_bytes(b"nothing")
    assert "it is damaged" in _report(own_run)
    assert "Traceback" not in _report(own_run)


def test_the_scores_that_it_will_give_stand_beside_it(open_page, own_run, tiny_pack):
    app = open_page("report")
    assert_calm(app)
    table = app.dataframe[0].value
    result = scores(load_evaluation(evaluation_path(own_run, tiny_pack.title, "official")))
    assert table["Clips"].tolist() == ["Official test set"]
    assert table["Number"].tolist() == [13]
    assert table["Accuracy"].tolist() == [f"{100 * result.accuracy:.1f} %"]
    assert tiny_pack.title in table["Dataset"].tolist()


def test_a_score_of_an_earlier_model_is_said_to_be_left_out(open_page, own_run):
    train_further(own_run)
    app = open_page("report")
    assert_calm(app)
    assert not app.dataframe
    assert "the report will hold none" in texts(app)
    assert "Left out" in texts(app)
    assert "is left out" in _report(own_run)
