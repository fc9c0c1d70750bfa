"""The measured curve on the False alarms page: a click on a point becomes the setting that the model listens with."""

from playwright.sync_api import expect

from core.config import ListeningConfig
from core.records.listening import StreamReport, StreamScores, StreamTrack
from core.runs import keep
from core.studies.listening import operating_point
from core.studies.listening.measure import THRESHOLDS
from tests.browser.pages import (
    PHONE,
    assert_no_exception,
    assert_not_scrolled_sideways,
    figure,
    main,
    wait_until_calm,
    wait_until_still,
)
from tests.kept import save_report

PLACES = """one => {
    const {xaxis, yaxis, _size} = one._fullLayout, pick = one.data.at(-1), box = one.getBoundingClientRect();
    const across = Array.from(pick.x), up = Array.from(pick.y);
    return across.map((x, n) => [
        box.left + _size.l + xaxis.d2p(x), box.top + _size.t + yaxis.d2p(up[n]), pick.customdata[n],
    ]);
}"""
"""Where on the screen the points lie that can be clicked, and their thresholds."""


def made_up_report(run):
    """A model that misses more and raises fewer false alarms with each step of the threshold."""
    scores = tuple(
        StreamScores(
            threshold=threshold,
            n_keywords=50,
            hits=50 - 2 * step,
            wrong_words=1,
            false_alarms=2 ** (22 - step),
            free_hours=10.0,
            misses_interval=(0.0, 0.2),
            false_alarms_interval=(1.0, 5.0),
            latencies_s=(0.2,),
        )
        for step, threshold in enumerate(THRESHOLDS)
    )
    tracks = (
        StreamTrack(protocol, 10.0, 600.0, ("tap",), 80, 70, scores[0], scores)
        for protocol in ("validation", "official")
    )
    return StreamReport("browser", "A dataset", 0, ListeningConfig(), tuple(tracks), keep.model_hash(run))


def test_a_clicked_point_is_what_the_model_listens_with(visit, add_model):
    run = add_model()
    save_report(run, made_up_report(run))
    page = visit("false_alarms")
    curve = figure(page, "Missed words or false alarms")
    wait_until_calm(page)
    wait_until_still(page, curve)
    # Whole: a place below the window cannot be clicked.
    curve.evaluate("one => one.scrollIntoView({block: 'center'})")
    wait_until_still(page, curve)
    across, up, threshold = next(place for place in curve.evaluate(PLACES) if place[2] == 0.3)
    # A finger seldom hits the middle.
    page.mouse.click(across + 6, up - 5)
    heading = main(page).get_by_role("heading", name="On test clips at threshold 0.30")
    expect(heading).to_be_visible()
    main(page).get_by_role("button", name="Listen with threshold 0.30").click()
    expect(main(page).get_by_text("browser listens with threshold 0.30.")).to_be_visible()
    assert operating_point.load(run) == ListeningConfig(threshold=threshold)
    assert_no_exception(page)


def test_the_panel_fits_a_phone(visit, add_model):
    run = add_model()
    save_report(run, made_up_report(run))
    page = visit("false_alarms", size=PHONE)
    expect(main(page).get_by_role("heading", name="On test clips at threshold")).to_be_visible()
    assert_not_scrolled_sideways(page)
    assert_no_exception(page)
