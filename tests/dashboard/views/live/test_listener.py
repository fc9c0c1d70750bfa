"""What a visitor listens with: sound comes in by messages, words and pictures go out, and nothing gets lost between."""

import base64
import time
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st
import torch

from core import runs
from core.config import LABELS, SAMPLE_RATE, FrontEndConfig, ListeningConfig
from core.errors import AudioError
from core.frontend.mel import TrainableMel
from core.inference.classifier import Classifier
from core.training.checkpoint import load_checkpoint, save_checkpoint
from dashboard.components.messages import read_message
from dashboard.views.live import listener
from dashboard.views.live.listener import Listener
from dashboard.views.live.listening_picture import LONGEST_S, SCALE, look
from tests.dashboard.components.test_messages import SESSION, message
from tests.dashboard.conftest import tone

CHUNK = 3200


@pytest.fixture(scope="module")
def run(finished_run, tmp_path_factory):
    """A model that takes every sound for "yes", with 93 %."""
    folder = tmp_path_factory.mktemp("says-yes")
    checkpoint = load_checkpoint(finished_run)
    weight, bias = checkpoint.weights["network.classify.weight"], checkpoint.weights["network.classify.bias"]
    weight.zero_()
    bias.copy_(torch.where(torch.arange(len(LABELS)) == LABELS.index("yes"), 5.0, 0.0))
    save_checkpoint(folder / runs.BEST, checkpoint)
    return folder


@pytest.fixture(scope="module")
def classifier(run):
    return Classifier(run, "cpu")


@pytest.fixture(scope="module")
def looks(classifier):
    one = look("model", LABELS, classifier.checkpoint.filters())
    return {"model": one, "other": one}


@pytest.fixture
def visitor(classifier):
    one = Listener()
    one.use({"model": classifier}, {"model": ListeningConfig()})
    return one


def said(n_words, pause_s=1.5):
    """Sounds with pauses before, between and after them, as 16-bit numbers."""
    pause = 0.0003 * tone(0, pause_s)
    parts = [pause, *(part for _ in range(n_words) for part in (tone(500, 0.5), pause))]
    return np.round(32767 * np.concatenate(parts)).astype(np.int16)


class Browser:
    """Sends a sound in messages, as the microphone's part does."""

    def __init__(self, visitor, session=SESSION):
        self.visitor, self.session, self.number, self.first = visitor, session, 0, 0

    def send(self, samples, *, again=0, **other):
        for start in range(0, len(samples), CHUNK):
            chunk = samples[start : start + CHUNK]
            self.number += 1
            values = message(self.number, self.first, chunk, session=self.session, seen=[], **other)
            for _ in range(1 + again):
                self.visitor.take(read_message(values))
            self.first += len(chunk)


def test_sounds_become_words_with_the_second_that_was_decided_on(visitor):
    sound = said(3)
    Browser(visitor).send(sound)
    heard = visitor.heard()
    assert [one.number for one in heard] == [1, 2, 3]
    assert {(one.model, one.detection.word) for one in heard} == {("model", "yes")}
    for place, one in enumerate(heard):
        begin_s = 1.5 + 2 * place
        assert one.detection.start_s == pytest.approx(begin_s, abs=0.05)
        assert begin_s < one.detection.heard_s < begin_s + 1
        end = round(one.detection.heard_s * SAMPLE_RATE)
        np.testing.assert_allclose(one.clip, sound[end - SAMPLE_RATE : end] / 32768, atol=1e-4)


def test_what_is_sent_again_is_heard_once(visitor, looks):
    once = Listener()
    once.use(visitor._classifiers, {})
    sound = said(2)
    Browser(once).send(sound)
    Browser(visitor).send(sound, again=2)
    assert len(visitor.heard()) == len(once.heard()) == 2
    answer = visitor.answer(looks, "browser", "learned")
    assert (answer["received"], answer["missing"]) == (len(sound), 0)
    assert answer["seconds"] == pytest.approx(len(sound) / SAMPLE_RATE)
    assert answer["lanes"] == once.answer(looks, "browser", "learned")["lanes"]


def test_numbers_go_on_after_stop_and_start_and_with_other_models(visitor, classifier, looks):
    Browser(visitor).send(said(1))
    Browser(visitor, session=SESSION[::-1]).send(said(1))
    assert [one.number for one in visitor.heard()] == [1, 2]
    assert visitor.heard()[1].detection.heard_s < 3, "times are counted from the last press of Start"
    visitor.use({"model": classifier, "other": classifier}, {})
    assert len(visitor.heard()) == 2, "what was heard stays in the list"
    assert visitor.answer(looks, "browser", "learned")["lanes"][0]["detections"] == [], "and leaves the picture"
    Browser(visitor, session="f" * 32).send(said(1))
    assert [(one.number, one.model) for one in visitor.heard()][2:] == [(3, "model"), (4, "other")]


def test_other_models_in_the_middle_lose_no_sound_and_know_where_they_begin(visitor, classifier, looks):
    browser, sound = Browser(visitor), said(2)
    cut = 5 * CHUNK
    browser.send(sound[:cut])
    visitor.use({"model": classifier}, {})
    assert visitor.answer(looks, "browser", "learned")["base_s"] == 0, "the same model: nothing is interrupted"
    before = visitor.answer(looks, "browser", "learned")["stream"]
    visitor.use({"model": classifier, "other": classifier}, {})
    browser.send(sound[cut:])
    answer = visitor.answer(looks, "browser", "learned")
    assert answer["stream"] != before
    assert answer["base_s"] == pytest.approx(cut / SAMPLE_RATE)
    assert answer["base_s"] + answer["seconds"] == pytest.approx(len(sound) / SAMPLE_RATE)
    assert (answer["received"], answer["missing"]) == (len(sound), 0)


def test_sound_that_was_dropped_on_the_way_shifts_the_clock_by_as_much(visitor, looks):
    browser, sound = Browser(visitor), said(1)
    browser.send(sound[:CHUNK])
    browser.first += 4000
    browser.send(sound[CHUNK:])
    answer = visitor.answer(looks, "browser", "learned")
    assert (answer["missing"], answer["base_s"]) == (4000, pytest.approx(0.25))


def test_a_knob_holds_at_once(visitor):
    browser = Browser(visitor)
    browser.send(said(1))
    visitor.configure("model", ListeningConfig(threshold=1.0, word_thresholds=(("yes", 1.0),)))
    browser.send(said(1))
    assert len(visitor.heard()) == 1
    visitor.configure("model", ListeningConfig())
    browser.send(said(1))
    assert len(visitor.heard()) == 2


def test_nothing_is_taken_before_there_is_a_model():
    visitor = Listener()
    Browser(visitor).send(said(1)[:CHUNK])
    assert visitor.inbox.number == 0, "so the browser sends it again"
    assert visitor.answer({}, "browser", "learned")["lanes"] == []


def test_a_stream_that_changes_its_rate_is_explained_and_goes_on_with_the_next_start(visitor, looks):
    browser = Browser(visitor)
    browser.send(said(1)[:CHUNK])
    browser.send(said(1)[:CHUNK], rate=48_000)
    answer = visitor.answer(looks, "browser", "learned")
    assert "48000" in answer["trouble"]
    assert answer["answered"]["number"] == browser.number, "or the browser would send it for ever"
    Browser(visitor, session="e" * 32).send(said(1))
    assert visitor.answer(looks, "browser", "learned")["trouble"] == ""
    assert len(visitor.heard()) == 1


def test_the_last_seconds_can_be_had_once_something_was_heard(visitor):
    with pytest.raises(AudioError, match="Press Start"):
        visitor.recent(3)
    sound = said(2)
    Browser(visitor).send(sound)
    np.testing.assert_allclose(visitor.recent(2), sound[-2 * SAMPLE_RATE :] / 32768, atol=1e-4)
    assert len(visitor.recent(1000)) == len(sound)


def test_latencies_are_kept_as_long_as_their_words(visitor):
    browser = Browser(visitor)
    browser.send(said(1))
    visitor.take(read_message(message(browser.number + 1, browser.first, (), seen=[[1, 310], [77, 5]])))
    assert visitor.latency_ms == {1: 310}


# Two ways to hear


@pytest.fixture(scope="module")
def hears_no_word_through_the_textbook_s_filters(run, tmp_path_factory):
    """The same model, but its initial filters pass nothing on, and what is that quiet is silence to its network."""
    folder = tmp_path_factory.mktemp("deaf-before")
    checkpoint = load_checkpoint(run)
    checkpoint.initial["mel_basis"].zero_()
    save_checkpoint(folder / runs.BEST, checkpoint)
    deaf = Classifier(folder, "cpu")
    hiss = 0.0003 * tone(0)[None]
    nothing, hiss_heard = (float(one.sum()) for one in (deaf.initial_log_mel(hiss), deaf.log_mel(hiss)))
    assert nothing < hiss_heard
    silence = LABELS.index("_silence_")
    checkpoint.weights["network.classify.weight"][silence] = -1
    checkpoint.weights["network.classify.bias"][silence] = 5 + (nothing + hiss_heard) / 2
    save_checkpoint(folder / runs.BEST, checkpoint)
    return Classifier(folder, "cpu")


def test_each_word_stands_beside_what_the_textbook_s_filters_make_of_it(visitor, looks):
    Browser(visitor).send(said(2))
    [lane] = visitor.answer(looks, "browser", "learned")["lanes"]
    assert [one["number"] for one in lane["detections"]] == [1, 2]
    assert [one["word"] for one in lane["beside"]] == ["yes", "yes"]
    assert [one["number"] for one in lane["beside"]] == [0, 0], "they are in no list"
    [other] = visitor.answer(looks, "browser", "initial")["lanes"]
    assert (other["detections"], other["beside"]) == (lane["beside"], lane["detections"])
    assert other["columns"]["bytes"] != lane["columns"]["bytes"]
    assert other["name"] == lane["name"], "it takes the other's place in the browser"
    assert [one.model for one in visitor.heard()] == ["model", "model"]


def test_filters_that_hear_nothing_give_no_word(hears_no_word_through_the_textbook_s_filters, looks):
    visitor = Listener()
    visitor.use({"model": hears_no_word_through_the_textbook_s_filters}, {})
    Browser(visitor).send(said(2))
    [lane] = visitor.answer(looks, "browser", "initial")["lanes"]
    assert (len(lane["detections"]), len(lane["beside"])) == (0, 2)


def test_knobs_hold_for_both_ways_and_a_new_stream_has_no_old_words(visitor, looks):
    visitor.configure("model", ListeningConfig(threshold=0.99))
    Browser(visitor).send(said(1))
    [lane] = visitor.answer(looks, "browser", "learned")["lanes"]
    assert (lane["detections"], lane["beside"]) == ([], [])
    visitor.configure("model", ListeningConfig())
    Browser(visitor, session=SESSION[::-1]).send(said(1))
    assert len(visitor.answer(looks, "browser", "initial")["lanes"][0]["detections"]) == 1
    Browser(visitor, session="f" * 32).send(said(0))
    assert visitor.answer(looks, "browser", "initial")["lanes"][0]["detections"] == []


def test_two_models_on_one_stream_each_hear_in_one_way(visitor, classifier, looks):
    assert visitor.has_both
    visitor.use({"model": classifier, "other": classifier}, {})
    assert not visitor.has_both
    Browser(visitor).send(said(1))
    assert [lane["beside"] for lane in visitor.answer(looks, "browser", "learned")["lanes"]] == [None, None]


# The picture


def drawn_by_a_browser(visitor, looks, sound, basis, *, lost):
    """Columns and end times that a browser has after a stream, of whose answers some are lost."""
    browser, rng = Browser(visitor), np.random.default_rng(0)
    columns, times, stream = np.zeros((0, looks["model"].n_mels), np.uint8), [], ""
    for start in range(0, len(sound), CHUNK):
        have = {"stream": stream, "until_s": times[-1] if times else -1}
        browser.send(sound[start : start + CHUNK], have=have)
        answer = visitor.answer(looks, "browser", basis)
        if rng.random() < lost:
            continue
        [lane] = answer["lanes"]
        new = np.frombuffer(base64.b64decode(lane["columns"]["bytes"]), np.uint8).reshape(-1, lane["n_mels"])
        if answer["stream"] != stream:
            columns, times, stream = columns[:0], [], answer["stream"]
        first = lane["columns"]["end"] - len(new)
        assert first <= len(columns) or not len(new), "a gap"
        columns = np.concatenate([columns[:first], new])
        times += [end_s for end_s in lane["decisions"]["end_s"] if not times or end_s > times[-1]]
        smoothed = base64.b64decode(lane["decisions"]["smoothed"])
        assert len(smoothed) == len(lane["decisions"]["end_s"]) * len(LABELS)
    return columns, times


@pytest.mark.parametrize("basis", ["learned", "initial"])
def test_answers_that_get_lost_leave_no_gap_in_the_picture(classifier, looks, basis):
    pictures = []
    for lost in (0.0, 0.6):
        visitor = Listener()
        visitor.use({"model": classifier}, {})
        pictures.append(drawn_by_a_browser(visitor, looks, said(4), basis, lost=lost))
    (whole, times), (holey, holey_times) = pictures
    np.testing.assert_array_equal(holey, whole[: len(holey)])
    assert holey_times == times[: len(holey_times)]
    assert np.diff(times) == pytest.approx(0.1)
    assert len(holey) > 0.8 * len(whole)


def test_the_picture_is_the_log_mel_that_the_front_end_computes(visitor, classifier, looks):
    sound = said(1)
    columns, _ = drawn_by_a_browser(visitor, looks, sound, "learned", lost=0)
    whole = classifier.log_mel((sound / 32768).astype(np.float32)[None])[0].numpy().T
    n = len(columns) - 4  # where the window mirrors its end, columns are not final yet
    values = SCALE[0] + columns[:n] / 255 * (SCALE[1] - SCALE[0])
    shifts = {shift: np.abs(values[5:] - whole[5 - shift : n - shift]).max() for shift in range(4)}
    assert min(shifts.values()) <= 0.51 * (SCALE[1] - SCALE[0]) / 255, shifts


def test_an_answer_never_holds_more_than_the_browser_shows(visitor, looks):
    Browser(visitor).send(said(10))
    [lane] = visitor.answer(looks, "browser", "learned")["lanes"]
    assert len(lane["decisions"]["end_s"]) == pytest.approx(10 * LONGEST_S, abs=1)
    assert all(one["heard_s"] > 21.5 - LONGEST_S for one in lane["detections"])


def test_the_frequency_axis_names_round_frequencies_from_low_to_high(looks):
    bands, texts = zip(*looks["model"].ticks, strict=True)
    hz = [float(text.replace(",", "")) for text in texts]
    assert list(bands) == sorted(bands)
    assert hz == sorted(hz)
    assert {500, 1000, 4000} <= set(hz)
    assert looks["model"].axis == "frequency (Hz)"


def test_filters_without_an_order_are_numbered():
    filters = TrainableMel(FrontEndConfig(mel_start="random")).filters()
    drawn = look("model", LABELS, filters)
    assert drawn.axis == "filter (number)"
    assert drawn.ticks == ((0.0, "0"), (10.0, "10"), (20.0, "20"), (30.0, "30"))


# Who has which


@pytest.fixture
def visit(monkeypatch):
    """Becomes another visitor."""

    def come(session):
        monkeypatch.setattr(st, "session_state", session)
        return listener.mine()

    return come


def test_every_visitor_has_a_listener_of_their_own(visit):
    ann, bob = {}, {}
    first = visit(ann)
    assert visit(bob) is not first
    assert visit(ann) is first


def test_listeners_are_forgotten_after_a_while_and_never_more_than_a_few(visit, monkeypatch):
    clock = [time.monotonic()]
    monkeypatch.setattr(listener, "time", SimpleNamespace(monotonic=lambda: clock[0], time=time.time))
    ann, bob = {}, {}
    first = visit(ann)
    clock[0] += listener.IDLE_S / 2
    second = visit(bob)
    clock[0] += listener.IDLE_S / 2 + 1
    assert visit(bob) is second
    assert visit(ann) is not first, "a new one after so long"
    for _ in range(2 * listener.MOST_LISTENERS):
        clock[0] += 1
        visit({})
    assert len(listener._listeners()) == listener.MOST_LISTENERS
