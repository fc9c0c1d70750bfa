"""Noise in a browser: a click on a point of the curve lets its clips be heard."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from core.data.pack import open_data
from core.records.robustness import Robustness
from core.runs import keep
from core.studies.robustness.changes import VALUES
from core.studies.robustness.kept import STUDY, file_of
from tests.browser.pages import (
    PHONE,
    WORK_S,
    assert_drawn,
    assert_no_exception,
    assert_not_scrolled_sideways,
    click_menu,
    figure,
    main,
    wait_until_calm,
)

PLACES = """figure => {
    const pick = figure.data.find(trace => trace.name === "pick"), layout = figure._fullLayout;
    const box = figure.getBoundingClientRect();
    return Array.from(pick.x).map((x, number) => [
        box.left + layout._size.l + layout.xaxis.d2p(x),
        box.top + layout._size.t + layout.yaxis.d2p(pick.y[number]),
        pick.customdata[number],
    ]);
}"""
"""Where on the screen the points lie that can be clicked, and what a click tells."""


@pytest.fixture
def made_up_record(add_model):
    """A measurement of a model on the demo words, with answers drawn by lot, more of them wrong from value to value."""
    run, pack = add_model(), open_data(None)
    for other in run.glob("robustness-*"):  # of other clips, which came with the model
        other.unlink()
    rows = pack.indices("official")
    truth, rng = pack.labels[rows], np.random.default_rng(0)
    values = VALUES["noise"]
    answers = np.where(rng.random((len(values), len(rows))) < np.arange(7)[:, None] / 7, 0, truth)
    record = Robustness(
        run="browser",
        checkpoint=keep.model_hash(run),
        dataset=pack.title,
        data_key=pack.content,
        protocol="official",
        kind="noise",
        seed=0,
        n_all=len(rows),
        values=values,
        rows=rows,
        truth=truth,
        noises=("rumble",),
        noise=np.zeros(len(rows), np.int64),
        answers=answers,
        scores=rng.random(answers.shape, np.float32),
        truth_scores=rng.random(answers.shape, np.float32),
    )
    keep.save(STUDY, run, file_of(pack.title, "official", "noise", None), record)


def test_a_click_on_the_curve_brings_up_the_clips_of_that_point(visit, made_up_record):
    page = visit("data")
    expect(main(page).get_by_role("heading", name=re.compile("^Demo words"))).to_be_visible(timeout=1000 * WORK_S)
    click_menu(page, "robustness")
    curve = figure(page, "Accuracy in noise")
    wait_until_calm(page)
    assert_drawn(page)
    expect(main(page)).to_contain_text("browser at 0 dB:")
    curve.scroll_into_view_if_needed()
    across, up, _ = next(place for place in curve.evaluate(PLACES) if place[2] == "0,2")
    page.mouse.move(across + 3, up - 3)
    expect(page.locator(".hovertext")).to_contain_text("browser, at 15 dB")
    page.mouse.click(across + 3, up - 3)
    expect(main(page)).to_contain_text("browser at 15 dB:")
    wait_until_calm(page)
    expect(main(page).get_by_test_id("stAudio").first).to_be_visible()
    assert_no_exception(page)
    page.set_viewport_size(PHONE)
    assert_not_scrolled_sideways(page)
