"""Score measures a model on the demo words and says what that is worth; Mistakes lets its cells be heard."""

import re
import uuid

import pytest
from playwright.sync_api import expect

from core import runs
from tests.browser.models import truncate
from tests.browser.pages import (
    WORK_S,
    alerts,
    assert_drawn,
    assert_no_exception,
    click_menu,
    data_of,
    figure,
    main,
    wait_for_page,
    wait_until_calm,
)


@pytest.fixture
def model(add_model):
    """A model that was not evaluated yet, under a name of its own: an evaluation goes on when its test has ended."""
    folder = add_model(f"model-{uuid.uuid4().hex[:8]}")
    for old in folder.glob("evaluation-*"):
        old.unlink()
    return folder


@pytest.fixture
def evaluation(visit, model):
    """The page."""
    return visit("evaluation")


def choose_protocol(page, name):
    main(page).get_by_role("button", name="Clips", exact=True).click()
    page.get_by_role("radio", name=name).check(force=True)
    wait_until_calm(page)
    page.keyboard.press("Escape")


def evaluate(page):
    """Press the button that measures; answers the number of clips that it names."""
    button = page.get_by_role("button", name=re.compile(r"^Evaluate on [\d,]+ clips$"))
    n_clips = re.search(r"[\d,]+", button.inner_text()).group()
    button.click()
    return n_clips


def metric(page, label):
    """The number below a label, as text."""
    return main(page).get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue").inner_text()


def percent(text):
    return float(text.removesuffix(" %"))


@pytest.mark.parametrize("protocol", ["Official test set", "Testing list"])
def test_a_score_names_protocol_clips_interval_and_baseline(evaluation, protocol):
    choose_protocol(evaluation, protocol)
    expect(alerts(evaluation)).to_contain_text(f"has not met the {protocol.lower()} of Demo words")
    n_clips = evaluate(evaluation)
    heading = main(evaluation).get_by_role("heading", name=f"{protocol}: {n_clips} clips of Demo words")
    expect(heading).to_be_visible(timeout=1000 * WORK_S)
    accuracy = percent(metric(evaluation, "Accuracy"))
    low, high = re.split(r"\s*–\s*", metric(evaluation, "95 % interval").removesuffix(" %"))
    assert float(low) < accuracy < float(high)
    baseline = percent(metric(evaluation, "Trivial baseline"))
    verdict = "is better than that" if float(low) > baseline else "is not clearly better than that"
    expect(main(evaluation)).to_contain_text(f"would score {baseline} %; the model {verdict}.")
    assert_no_exception(evaluation)
    assert_drawn(evaluation)


def test_the_confusion_matrix_shows_shares_or_counts_and_a_clicked_cell_is_heard(evaluation):
    n_clips = evaluate(evaluation)
    heading = main(evaluation).get_by_role("heading", name=f"Official test set: {n_clips} clips")
    expect(heading).to_be_visible(timeout=1000 * WORK_S)
    click_menu(evaluation, "mistakes")
    # It opens with a mix-up that can be heard beside the matrix.
    cell = main(evaluation).get_by_role("combobox", name="Cell").first
    expect(cell).to_have_value(re.compile("^(.+) heard as (?!\\1:)"))
    expect(main(evaluation).locator("audio").first).to_be_attached()
    matrix = figure(evaluation, "rows add up to")
    shares = [value for value in data_of(matrix, "customdata") if value is not None]
    assert sum(shares) == pytest.approx(12 * 100)
    evaluation.get_by_role("radio", name="Counts").click()
    matrix = figure(evaluation, "Number of clips; colour")
    assert sum(data_of(matrix, "customdata")) == int(n_clips)
    wait_until_calm(evaluation)
    place = matrix.evaluate(
        """one => {
            const {_size, xaxis, yaxis} = one._fullLayout;
            return {x: _size.l + xaxis.c2p(9), y: _size.t + yaxis.c2p(9)};
        }"""
    )
    matrix.click(position=place)
    expect(cell).to_have_value(re.compile("^yes heard as yes: "))
    expect(main(evaluation).locator("audio").first).to_be_attached()
    wait_until_calm(evaluation)
    assert_no_exception(evaluation)
    # The clips stand beside the matrix, and a reload brings them back.
    left, right = matrix.bounding_box(), main(evaluation).locator("audio").first.bounding_box()
    assert left["x"] + left["width"] <= right["x"]
    evaluation.reload()
    wait_for_page(evaluation, "mistakes")
    expect(cell).to_have_value(re.compile("^yes heard as yes: "))


def test_a_damaged_checkpoint_cannot_be_evaluated_and_says_so(evaluation, model):
    truncate(model / runs.BEST)
    evaluate(evaluation)
    damage = f"best.pt in {model.name} cannot be read: it is damaged"
    expect(alerts(evaluation).first).to_contain_text(damage, timeout=1000 * WORK_S)
    assert_no_exception(evaluation)
    evaluation.get_by_role("button", name="Dismiss").click()
    expect(evaluation.get_by_role("button", name=re.compile("^Evaluate on"))).to_be_enabled()
