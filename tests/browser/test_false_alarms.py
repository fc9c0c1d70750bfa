"""The False alarms page: a clicked point becomes a setting, what fired in talk becomes clips to learn from."""

import numpy as np
import pytest
import soundfile
from playwright.sync_api import expect

from core.config import SAMPLE_RATE, ListeningConfig
from core.data import near_misses
from core.records.listening import StreamReport, StreamScores, StreamTrack
from core.records.talk import FalseAlarm, TalkReport, TalkScores
from core.runs import keep
from core.studies.listening import operating_point, talk
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


@pytest.fixture
def near_misses_of_server(home):
    """Where the server keeps near-misses; another test shall not train with them."""
    folder = home / "recordings" / near_misses.FOLDER
    yield folder
    near_misses.clear(folder)


def test_what_fired_in_talk_is_learned_from_with_one_click_also_on_a_phone(
    visit, add_model, tmp_path, near_misses_of_server
):
    run, name = add_model(), "a-recording-with-a-name-that-is-longer-than-any-phone-is-wide-" * 2 + ".wav"
    soundfile.write(tmp_path / name, np.random.default_rng(0).normal(0, 0.1, 12 * SAMPLE_RATE), SAMPLE_RATE)
    alarms = tuple(FalseAlarm(name, "stop", 0.9, at, at + 0.5, at + 1.0) for at in range(10))
    scores = TalkScores(0.7, 10, 40.0, (20.0, 70.0))
    report = TalkReport(
        "browser",
        "talk",
        1,
        0.25,
        (),
        ListeningConfig(),
        scores,
        alarms,
        (scores,),
        keep.model_hash(run),
        "",
        str(tmp_path),
    )
    keep.save(talk.STUDY, run, talk.FILE, report)
    page = visit("false_alarms", size=PHONE)
    expect(main(page).get_by_text("40 false alarms an hour of talk")).to_be_visible()
    main(page).get_by_role("checkbox").first.uncheck(force=True)
    main(page).get_by_role("button", name="Learn from these 9").click()
    # Nine seconds from the second one on, those between them, and one on each side.
    expect(main(page).get_by_text("19 clips to learn from")).to_be_visible()
    assert near_misses.count(near_misses_of_server) == 19
    assert_not_scrolled_sideways(page)
    main(page).get_by_role("link", name="Train with them").click()
    expect(main(page).get_by_role("checkbox", name="near-misses too")).to_be_checked()
    assert_no_exception(page)
