"""Training from the page: a run belongs to nobody's browser and to no server, and stops when asked to."""

import re
import time

import psutil
from playwright.sync_api import expect

from core import runs
from core.training.checkpoint import load_checkpoint
from tests.browser.models import remove_runs
from tests.browser.pages import (
    WORK_S,
    assert_drawn,
    assert_no_exception,
    assert_not_scrolled_sideways,
    data_of,
    figure,
    figures,
    main,
    wait_for_page,
)
from tests.browser.server import running_server

LONG = 5000
"""Epochs of a run that does not end by itself while a test looks."""


def start(page, name, epochs):
    """Fill in the form as a person does, to train from scratch, and press the button."""
    scratch = page.get_by_role("radio", name="From scratch")
    if scratch.count():  # not where there is no model to begin with
        scratch.check(force=True)
        expect(page.get_by_role("combobox", name="Preset")).to_be_visible()
    page.get_by_role("button", name="Learned mel filters (B)").click()
    main(page).get_by_text("More settings").click()
    page.get_by_role("spinbutton", name="Epochs").fill(str(epochs))
    page.get_by_role("textbox", name="Name (may stay empty)").fill(name)
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    assert_no_exception(page)


def stop_button(page):
    return page.get_by_role("button", name="Stop", exact=True)


def badge(page, state):
    """The small coloured label that says what became of a run; its icon is text too."""
    return main(page).locator(".stMarkdownBadge").filter(has_text=state).first


def wait_for_curves(page):
    """Wait until the first epoch is finished and drawn."""
    expect(figures(page).filter(has_text="Accuracy (%)")).to_be_visible(timeout=1000 * WORK_S)


def wait_until(condition, seconds=WORK_S):
    """Wait for something that another process does; answers how long it took (s)."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"it did not happen within {seconds:g} s"
        time.sleep(0.05)
    return time.monotonic() - began


def test_a_run_started_from_the_page_shows_its_progress_and_its_curves(visit, server):
    page = visit("training")
    start(page, "short", epochs=2)
    expect(stop_button(page)).to_be_visible()
    expect(badge(page, "finished")).to_be_visible(timeout=1000 * WORK_S)
    curves = figure(page, "Accuracy (%)")
    assert data_of(curves, "x") == [1, 2]
    assert_drawn(page)
    assert_not_scrolled_sideways(page)
    assert runs.run_state(server.runs / "short").state == "done"
    expect(main(page).get_by_text("clips it never saw").first).to_be_visible()
    page.get_by_role("button", name="See what it learned").first.click()
    wait_for_page(page, "filterbank")
    expect(page).to_have_url(re.compile(r"[?&]model=short(&|$)"))


def test_a_run_outlives_the_page_and_stops_on_request_with_a_usable_checkpoint(visit, server):
    page = visit("training")
    start(page, "long", LONG)
    wait_for_curves(page)
    page.close()
    folder = server.runs / "long"
    seen = runs.run_state(folder).epoch
    wait_until(lambda: runs.run_state(folder).epoch > seen)

    page = visit("training")
    expect(main(page).get_by_text("long", exact=True)).to_be_visible()
    step_s = 100 / runs.run_state(folder).clips_per_second
    stop_button(page).click()
    took = wait_until(lambda: not runs.run_state(folder).alive)
    assert took < 3 + 3 * step_s, "a second or two, unless the computer is so busy that a step takes longer"
    expect(badge(page, "stopped")).to_be_visible()
    expect(main(page).get_by_text("Stopped on request; the checkpoint holds its best epoch so far.")).to_be_visible()
    assert load_checkpoint(folder).filters().trains_mel

    stopped = runs.run_state(folder)
    page.get_by_role("button", name="Resume").click()
    wait_until(lambda: runs.run_state(folder).epoch > stopped.epoch)
    expect(stop_button(page)).to_be_visible()


def test_a_run_outlives_the_server_and_the_next_one_finds_it(visit, home, tmp_path):
    apart = tmp_path / "apart"
    apart.mkdir()
    (apart / "packs").symlink_to(home / "packs")
    try:
        with running_server(apart) as first:
            page = visit("training", url=first.url)
            start(page, "orphan", LONG)
            wait_for_curves(page)
            page.close()
        folder = first.runs / "orphan"
        assert not psutil.pid_exists(first.process.pid)
        seen = runs.run_state(folder)
        assert seen.alive
        wait_until(lambda: runs.run_state(folder).epoch > seen.epoch)
        with running_server(apart) as second:
            page = visit("training", url=second.url)
            expect(main(page).get_by_text("orphan", exact=True)).to_be_visible()
            stop_button(page).click()
            expect(page.get_by_role("button", name="Resume")).to_be_visible()
            assert runs.run_state(folder).state == "stopped"
            page.close()
    finally:
        remove_runs(apart / "runs")
