"""The page of an exported model: a folder, any static server, and the decisions that are made outside the browser."""

import http.server
import threading
import time
from dataclasses import asdict, replace
from difflib import SequenceMatcher
from functools import partial
from statistics import median

import numpy as np
import pytest
from playwright.sync_api import expect

from core.config import KEYWORDS, SAMPLE_RATE
from core.export.runtime.earshot_runtime import Model, Resampler, listen
from core.export.web import write_page
from tests.browser.axe import assert_accessible
from tests.browser.chromium import launch
from tests.browser.pages import PHONE, new_page
from tests.browser.pages import listen as note_complaints
from tests.browser.server import PROJECT
from tests.browser.sounds import spoken, wav, with_pauses
from tests.browser.test_listening import REFUSALS, REMEMBER_TRACKS
from tests.core.export.onnx_files import write_onnx

PAUSE_S = 0.5

REMEMBER_SOUND = """() => {
    const post = Worker.prototype.postMessage;
    window.sent = [];
    Worker.prototype.postMessage = function (message, ...rest) {
        if (message.kind === 'sound') window.sent.push(Array.from(message.block));
        if (message.kind === 'begin') window.rate = message.rate;
        window.post = block => post.call(this, { kind: 'sound', block });
        post.call(this, message, ...rest);
    };
}"""
"""In the browser, before the page: what the page hands to its worker is remembered, to be heard again elsewhere."""

WITHOUT_MICROPHONE = """async ([name, rate, size, first = [], then = []]) => {
    const sound = new Float32Array(await (await fetch(name)).arrayBuffer());
    const worker = new Worker('worker.js', { type: 'module' });
    const heard = [], times = [];
    return await new Promise((done, failed) => {
        worker.onmessage = ({ data }) => {
            if (data.kind === 'failed') failed(new Error(data.text));
            if (data.kind === 'heard') { heard.push(...data.detections); times.push(...data.decisionMs); }
            if (data.kind === 'ended') done({ heard, times });
            // What waits may not grow beyond some seconds: the next part comes when this one is through.
            if (data.kind === 'ready') {
                [...first, { kind: 'begin', rate }, ...then].forEach(message => worker.postMessage(message));
                next(0);
            }
            if (data.kind === 'heard' && !ended) next(at);
        };
        let at = 0, ended = false;
        function next(from) {
            at = from + size;
            worker.postMessage({ kind: 'sound', block: sound.slice(from, at) });
            if (at >= sound.length) { ended = true; worker.postMessage({ kind: 'end' }); }
        }
    });
}"""
"""In the browser: the page's worker on a sound that the server has, in parts of some size; ``first`` and ``then`` it is
told more."""


@pytest.fixture(autouse=True)
def no_runs_yet():
    """These tests need no dashboard."""


@pytest.fixture(scope="module")
def track(speech_commands_root):
    """Each keyword once, some in noise, and two seconds of silence."""
    clips = [spoken(speech_commands_root, word, number) for number, word in enumerate(KEYWORDS)]
    words = with_pauses(clips, PAUSE_S)
    noise = 0.01 * np.random.default_rng(0).standard_normal(len(words)) * (np.arange(len(words)) > len(words) / 2)
    return np.concatenate([words + noise, np.zeros(2 * SAMPLE_RATE)]).clip(-1, 1).astype(np.float32)


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    return write_onnx(PROJECT / "checkpoints" / "shipped-bcresnet-1-A", tmp_path_factory.mktemp("model") / "m.onnx")


@pytest.fixture(scope="module")
def folder(model_file, tmp_path_factory):
    """The page, as it would be copied to a server."""
    folder = tmp_path_factory.mktemp("page") / "listens"
    write_page(model_file, folder)
    return folder


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Python's own static server, without its log."""

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site(folder):
    """Address of the page."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser(chromium, track, tmp_path_factory):
    signal = tmp_path_factory.mktemp("track").resolve() / "track.wav"
    signal.write_bytes(wav(track))
    one = launch(chromium, f"{signal}%noloop")
    yield one
    one.close()


@pytest.fixture
def open_site(browser, site):
    """Opens the page as a new visitor; at the end nothing went wrong in the browser, and nobody else was asked."""
    complaints, contexts = [], []

    def open_it(folder="", **options):
        page = new_page(browser, **{"permissions": ["microphone"], **options})
        contexts.append(page.context)
        note_complaints(page, complaints)
        page.add_init_script(f"({REMEMBER_SOUND})()")
        page.goto(f"{site}/{folder}")
        expect(page.locator("body")).to_have_attribute("data-phase", "idle")
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert not complaints, "\n".join(complaints)


def assert_the_same(found, expected):
    assert [one["word"] for one in found] == [one.word for one in expected]
    for one, other in zip(found, expected, strict=True):
        assert one["score"] == pytest.approx(other.score, abs=1e-3)
        times = (one["startS"], one["endS"], one["heardS"])
        assert times == pytest.approx((other.start_s, other.end_s, other.heard_s), abs=1e-9)


def in_common(words, others):
    """Number of words that two lists have in the same order."""
    return sum(block.size for block in SequenceMatcher(None, words, others, autojunk=False).get_matching_blocks())


@pytest.mark.parametrize("size", [320, 1_601, 32_000])
def test_the_browser_detects_what_python_detects(open_site, folder, track, model_file, size):
    (folder / "track.f32").write_bytes(track.tobytes())
    took = open_site().evaluate(WITHOUT_MICROPHONE, ["track.f32", SAMPLE_RATE, size])
    print(f"{len(took['times'])} decisions, {median(took['times']):.1f} ms each, at most {max(took['times']):.0f} ms")
    expected = list(listen(Model(model_file), [track]))
    assert len(expected) >= 6
    assert_the_same(took["heard"], expected)


def test_a_streaming_model_detects_in_the_browser_what_it_detects_in_python(open_site, folder, track, tmp_path):
    file = write_onnx(
        PROJECT / "checkpoints" / "shipped-bcresnet-1-causal-A-in-noise", tmp_path / "m.onnx", streaming=True
    )
    write_page(file, folder / "streaming")
    (folder / "streaming" / "track.f32").write_bytes(track.tobytes())
    took = open_site("streaming/").evaluate(WITHOUT_MICROPHONE, ["track.f32", SAMPLE_RATE, 1_601])
    print(f"{len(took['times'])} hops, {median(took['times']):.1f} ms each, at most {max(took['times']):.0f} ms")
    expected = list(listen(Model(file), [track]))
    assert len(expected) >= 6
    assert len(took["times"]) >= len(track) / 1_600, "it hears every hop"
    assert_the_same(took["heard"], expected)


@pytest.mark.parametrize("when", ["before it listens", "while it listens"])
def test_settings_that_it_is_told_hold_instead_of_the_model_s_own(open_site, folder, track, model_file, when):
    (folder / "track.f32").write_bytes(track.tobytes())
    model = Model(model_file)
    other = replace(model.listening, threshold=0.97, minimum_count=4, word_thresholds=(("yes", 0.1), ("no", 1.0)))
    told = [{"kind": "listening", "listening": asdict(other)}]
    first, then = (told, []) if when == "before it listens" else ([], told)
    took = open_site().evaluate(WITHOUT_MICROPHONE, ["track.f32", SAMPLE_RATE, 1_601, first, then])
    expected = list(listen(model, [track], other))
    assert expected != list(listen(model, [track]))
    assert_the_same(took["heard"], expected)


def test_a_microphone_of_another_rate_is_heard_as_python_hears_it(open_site, folder, track, model_file):
    sound = np.repeat(track[: 8 * SAMPLE_RATE], 3)
    (folder / "fast.f32").write_bytes(sound.tobytes())
    took = open_site().evaluate(WITHOUT_MICROPHONE, ["fast.f32", 48_000, 960])
    resampler = Resampler(48_000)
    chunks = [resampler.push(sound), resampler.finish()]
    expected = list(listen(Model(model_file), chunks))
    assert len(expected) >= 2
    assert_the_same(took["heard"], expected)


def words_of(page):
    """The words on the page, the first one first."""
    rows = page.locator("#words tr").evaluate_all("rows => rows.map(row => ({...row.dataset}))")
    return [{"word": row["word"], **{name: float(row[key]) for name, key in KEYS.items()}} for row in reversed(rows)]


KEYS = {"score": "score", "startS": "start", "endS": "end", "heardS": "heard"}


def test_a_microphone_is_listened_to_and_the_words_are_those_that_python_hears_in_it(open_site, track, model_file):
    page = open_site()
    page.get_by_role("button", name="Start listening").click()
    expect(page.locator("body")).to_have_attribute("data-phase", "on")
    time.sleep(len(track) / SAMPLE_RATE)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("body")).to_have_attribute("data-phase", "idle")
    heard, took = words_of(page), float(page.locator("body").get_attribute("data-decision-ms"))
    model, rate = Model(model_file), page.evaluate("rate")
    sound = np.concatenate([np.float32(block) for block in page.evaluate("sent")])
    resampler = Resampler(rate)
    same = list(listen(model, [resampler.push(sound), resampler.finish()]))
    played = [one.word for one in listen(model, [track])]
    print(
        f"{len(sound) / rate:.1f} s at {rate} Hz; {len(heard)} words in the browser, {len(played)} in the file, "
        f"{in_common([one['word'] for one in heard], played)} in common; a decision takes {took:.1f} ms"
    )
    assert_the_same(heard, same)
    assert len(sound) / rate >= 0.9 * len(track) / SAMPLE_RATE
    assert in_common([one["word"] for one in heard], played) >= len(played) - 2
    expect(page.locator("#word")).to_have_text(heard[-1]["word"])
    assert_accessible(page)


def test_the_page_says_what_it_listens_for_and_asks_nobody_else(open_site, site):
    asked = []
    page = open_site()
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    expect(page.locator("body")).to_have_attribute("data-phase", "idle")
    expect(page.get_by_role("heading", level=1)).to_have_text("shipped-bcresnet-1-A")
    assert page.locator("#known li").all_text_contents() == list(KEYWORDS)
    assert len(asked) >= 8
    assert all(url.startswith(site) for url in asked), asked
    expect(page.locator(".needs")).to_be_hidden()


def test_it_fits_a_phone_and_turns_dark(open_site):
    page = open_site(viewport=PHONE, color_scheme="dark")
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    expect(page.locator("body")).to_have_css("background-color", "rgb(18, 24, 31)")


def test_a_microphone_that_cannot_be_opened_is_explained(open_site):
    page = open_site()
    start, trouble = page.get_by_role("button", name="Start listening"), page.get_by_role("alert")
    for refusal, said in {**REFUSALS, "NotAllowedError": "does not allow this page"}.items():
        page.evaluate(
            """refusal => {
                navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', refusal) };
            }""",
            refusal,
        )
        start.click()
        expect(trouble).to_contain_text(said)
        expect(page.locator("body")).to_have_attribute("data-phase", "idle")
    page.evaluate("() => Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
    start.click()
    expect(trouble).to_contain_text("only to pages of this computer and to https pages")


def test_a_microphone_that_is_unplugged_is_explained_and_listening_can_begin_again(open_site):
    page = open_site()
    page.evaluate(REMEMBER_TRACKS)
    page.get_by_role("button", name="Start listening").click()
    expect(page.locator("#state")).to_contain_text("0:01")
    page.evaluate("tracks[0].dispatchEvent(new Event('ended'))")
    expect(page.get_by_role("alert")).to_contain_text("The microphone went away")
    expect(page.locator("body")).to_have_attribute("data-phase", "idle")
    page.get_by_role("button", name="Start listening").click()
    expect(page.locator("#state")).to_contain_text("0:00")
    expect(page.get_by_role("alert")).to_be_hidden()


def test_a_computer_that_falls_behind_drops_sound_and_says_so(open_site):
    page = open_site()
    page.get_by_role("button", name="Start listening").click()
    expect(page.locator("#state")).to_contain_text("0:01")
    page.evaluate("post(new Float32Array(11 * 16000))")
    expect(page.get_by_role("alert")).to_contain_text("11 s of sound were not listened to")
    expect(page.locator("body")).to_have_attribute("data-phase", "on")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("body")).to_have_attribute("data-phase", "idle")


@pytest.mark.parametrize("name", ["model.onnx", "model.json", "onnxruntime-web.wasm"])
def test_a_folder_that_lacks_a_file_says_which(browser, site, folder, name):
    (folder / name).rename(folder / "away")
    page = new_page(browser)
    page.goto(site)
    expect(page.get_by_role("alert")).to_contain_text(f"{name} is not there (404)")
    page.context.close()
    (folder / "away").rename(folder / name)
