"""The Speed page draws a kept report, on a desk and on a phone, and hands its numbers out."""

import json
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.studies.benchmark.kept import keep_report, reports_folder
from tests import benchmark_reports
from tests.browser.pages import (
    DESKTOP,
    PHONE,
    assert_drawn,
    assert_no_exception,
    assert_not_scrolled_sideways,
    axis_titles,
    data_of,
    figure,
    main,
    wait_until_calm,
)


@pytest.fixture
def add_report(server, home, monkeypatch):
    """Lays a report where the server looks for them; they are gone after the test."""
    monkeypatch.setenv("KWS_CACHE", str(home / "packs"))
    yield lambda *moment, **options: keep_report(benchmark_reports.report(*moment, **options))
    shutil.rmtree(reports_folder(), ignore_errors=True)


def choose(page, name):
    """Press a button of the page; what stands below it belongs to the choice before until the page is calm."""
    button = main(page).get_by_role("radio", name=name, exact=True)
    button.click()
    expect(button).to_be_checked()
    wait_until_calm(page)


def test_every_task_of_a_report_is_drawn_and_fits(visit, add_report):
    add_report()
    page = visit("speed", size=PHONE)
    expect(main(page)).to_contain_text("where nnAudio needs 48.2")
    wanted = {
        "Spectrograms": "Time for 100 clips (ms)",
        "Gradients": "Time for 100 clips (ms)",
        "Epoch, linear": "Time for 8,999 clips (s)",
        "Epoch, BC-ResNet 1": "Time for 8,999 clips (s)",
        "One clip": "Time for one clip (ms)",
    }
    for task, axis in wanted.items():
        choose(page, task)
        assert_no_exception(page)
        for size in (DESKTOP, PHONE):
            page.set_viewport_size(size)
            assert_drawn(page)
            assert_not_scrolled_sideways(page)
        expect(axis_titles(page).filter(has_text="Time for")).to_have_text([axis])


def test_parts_and_history_open_on_request(visit, add_report):
    add_report("2026-11-19T08:00:00+00:00", quick=True)
    add_report()
    page = visit("speed")
    choose(page, "Epoch, linear")
    main(page).get_by_text("Where the time goes").first.click()
    parts = figure(page, "Where the time goes")
    loading = [0.06 * 1.4, 0.4 * 12.9, 0.06 * 2.2, 0.4 * 13.8, 0.06 * 6.4, 0.4 * 19.1, 0.06 * 7.1, 0.4 * 19.6]
    assert data_of(parts, "x") == pytest.approx(loading), "ours and the tutorial's, setting by setting"
    choose(page, "Spectrograms")
    main(page).get_by_text("Earlier measurements of this machine").first.click()
    history = figure(page, "From report to report")
    assert data_of(history, "y") == pytest.approx([0.048 / 0.0061] * 2)
    wait_until_calm(page)
    assert_drawn(page)


def test_the_device_can_be_chosen_and_the_numbers_downloaded(visit, add_report):
    add_report(gpu=True)
    page = visit("speed")
    limits = page.get_by_text("GFLOP/s")
    main(page).get_by_text("Machine and versions").click()
    expect(limits).to_contain_text("51,000 GFLOP/s")
    page.keyboard.press("Escape")
    choose(page, "CPU")
    main(page).get_by_text("Machine and versions").click()
    expect(limits).to_contain_text("118 GFLOP/s")
    page.keyboard.press("Escape")
    main(page).get_by_text("All numbers").click()
    wait_until_calm(page)  # a file that is asked for while the page still runs may not be offered yet
    with page.expect_download() as download:
        main(page).get_by_role("button", name="Download the numbers").click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert len(lines) == len(benchmark_reports.report(gpu=True).timings)
    assert json.loads(lines[0])["ratio_to_nnaudio"] == pytest.approx(0.048 / 0.0061)
