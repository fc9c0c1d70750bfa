"""Try hears: uploaded files, and a microphone whose signal is known."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from core import runs
from core.config import KEYWORDS, LABELS
from tests.browser.conftest import WORD
from tests.browser.models import truncate
from tests.browser.pages import alerts, assert_drawn, assert_no_exception, data_of, figure, main, wait_until_calm
from tests.browser.sounds import spoken, wav, with_pauses

RECORDED_S = 4
"""Long enough for one whole word of the looped signal, whenever the recording begins."""

AUDIBLE = 0.02
"""A peak that only a signal reaches (1 is full scale): a microphone without one gives 0."""


@pytest.fixture
def live(visit, add_model):
    add_model()
    return visit("live")


def upload(page, name, content):
    """Choose a file as a person does."""
    page.get_by_role("radio", name="Drop a file").check(force=True)
    file = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    main(page).locator('input[type="file"]').set_input_files(file)


def record(page, until="00:04"):
    """Press the microphone, wait until its clock shows some seconds, press again."""
    page.get_by_role("radio", name="Record one word").check(force=True)
    main(page).get_by_role("button", name="Record", exact=True).click()
    expect(main(page).get_by_text(until)).to_be_visible()
    main(page).get_by_role("button", name="Stop recording").click()


def answer(page):
    """The word that the page says it hears, once all of the answer is there."""
    heading = main(page).get_by_role("heading", name=re.compile("^I hear: "))
    expect(heading).to_be_visible()
    wait_until_calm(page)
    assert_drawn(page)
    word, percent = re.search(r"I hear: (\w+) \((\d+\.\d) %\)", heading.inner_text()).groups()
    assert float(percent) > 100 / len(LABELS), "the first of twelve words that add up to 100 %"
    return word


def ranked(page):
    """Words and probabilities (%) of the ranking."""
    bars = figure(page, "Word (best first)")
    return data_of(bars, "y"), data_of(bars, "x")


def assert_shown(page, word, length_s):
    """The figures show the answer and the sound it was given to."""
    words, percents = ranked(page)
    assert word == words[0]
    assert percents == sorted(percents, reverse=True)
    assert 0 < sum(percents) <= 100.1
    wave = figure(page, "Waveform")
    assert np.ptp(data_of(wave, "y")) > AUDIBLE, "the waveform is flat"
    assert max(data_of(wave, "x")) > length_s - 0.1, "a part is missing"
    assert np.ptp(data_of(figure(page, "Log-mel"), "z")) > 1, "the spectrogram is the same everywhere"


def test_an_uploaded_word_is_ranked_and_shown(live, speech_commands_root):
    upload(live, "word.wav", wav(spoken(speech_commands_root, WORD)))
    word = answer(live)
    assert_shown(live, word, length_s=1)
    assert word in (*KEYWORDS, "silence", "unknown")
    expect(main(live).get_by_text("The sound is one second long.")).to_be_visible()
    expect(live.locator("audio")).to_be_attached()


def test_the_answer_to_a_longer_sound_is_every_word_in_it(visit, add_model, trained_models, speech_commands_root):
    good = "bcresnet" in trained_models
    add_model(kind="bcresnet" if good else "linear")
    page = visit("live")
    said = ("yes", "stop", "left", "go", "up", "right", "no")
    upload(page, "words.wav", wav(with_pauses([spoken(speech_commands_root, word) for word in said], pause_s=0.6)))
    heading = main(page).get_by_role("heading", name=re.compile("^I hear: "))
    expect(heading).to_be_visible()
    wait_until_calm(page)
    assert_drawn(page)
    heard = heading.inner_text().removeprefix("I hear: ").split(", ")
    timeline = figure(page, "Detected (word)")
    lanes = timeline.evaluate("plot => plot.data.filter(one => /detected$/.test(one.name)).map(one => one.name)")
    assert {f"{word} detected" for word in heard} == set(lanes or ["no word detected"])
    if good:  # a linear model hears few words along the way
        assert len(set(heard) & set(said)) >= 5, heard


def test_a_file_that_is_no_sound_is_explained_and_the_next_one_works(live, speech_commands_root):
    upload(live, "holiday.wav", b"this is no sound" * 1000)
    expect(alerts(live)).to_contain_text("holiday.wav is no sound file that can be read")
    assert_no_exception(live)
    upload(live, "nothing.wav", b"")
    expect(alerts(live)).to_contain_text("nothing.wav")
    assert_no_exception(live)
    upload(live, "word.wav", wav(spoken(speech_commands_root, WORD)))
    answer(live)
    expect(alerts(live)).to_have_count(0)


def test_a_word_recorded_through_the_microphone_is_ranked_and_shown(visit, add_model, trained_models):
    good = "bcresnet" in trained_models
    add_model(kind="bcresnet" if good else "linear")
    page = visit("live")
    record(page)
    word = answer(page)
    assert_shown(page, word, length_s=RECORDED_S)
    if good:  # a linear model may well mishear
        assert word == WORD, ranked(page)


def test_a_damaged_model_is_explained_once_there_is_a_sound(live, server, speech_commands_root):
    truncate(server.runs / "browser" / runs.BEST)
    upload(live, "word.wav", wav(spoken(speech_commands_root, WORD)))
    expect(alerts(live)).to_contain_text("best.pt in browser cannot be read: it is damaged")
    assert_no_exception(live)
