"""A run's report is one button away, on the Training and the Evaluation page."""

import pytest

from core import runs
from dashboard.shared.report_button import _report
from tests.dashboard.conftest import assert_calm


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
