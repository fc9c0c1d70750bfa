"""Try: sounds in, words out, and clear words for what is no sound."""

import json
import re
import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from core import runs
from core.config import LABELS, SAMPLE_RATE, ListeningConfig
from core.data import near_misses
from core.data.near_misses import near_misses_folder
from core.errors import ExportError
from core.export import needed, web
from core.inference.classifier import Classifier
from core.records.answers import Detection
from core.sound.reading import read_audio
from core.sound.wav import as_recorded
from core.studies.listening import operating_point
from core.training.checkpoint import load_checkpoint, save_checkpoint
from dashboard.components.messages import read_message
from dashboard.shared import cache, jobs
from dashboard.views.live import listener, sound_card
from tests.core.microphone.fake_sounddevice import Device, FakeSounddevice
from tests.dashboard.components.test_messages import message
from tests.dashboard.conftest import GOOD, assert_calm, texts, tone, train_further, wait_until, wav

pytestmark = pytest.mark.usefixtures("own_run")


@pytest.fixture
def upload(open_page):
    """Uploads a file in Try."""

    def upload_it(name, content, kind="audio/wav"):
        app = open_page("live")
        app.segmented_control("live.source").set_value("upload").run()
        app.file_uploader("live.file").upload(name, content, kind).run()
        return app

    return upload_it


def heard(app):
    """The word that the page says it heard."""
    headings = [one.value for one in app.subheader if one.value.startswith("I hear: ")]
    assert len(headings) == 1, texts(app)
    return headings[0].removeprefix("I hear: ").split(" (")[0]


def charts(app):
    """Number of figures of the answer: the picture of what was learned stands on the page in any case."""
    ids = [one.proto.id for one in app.get("plotly_chart")]
    assert sum("overview.picture" in one for one in ids) == 1, ids
    return len(ids) - 1


WORDS = {label.strip("_") for label in LABELS}


def test_an_uploaded_second_is_answered_with_its_word_and_three_figures(upload):
    app = upload("word.wav", wav(tone(440)))
    assert_calm(app)
    assert heard(app) in WORDS
    assert charts(app) == 3
    assert "one second long" in texts(app)


def test_a_recording_is_answered(open_page):
    app = open_page("live")
    app.segmented_control("live.source").set_value("record").run()
    app.audio_input("live.recording").set_value(("audio.wav", wav(tone(600, seconds=1.4)), "audio/wav")).run()
    assert_calm(app)
    assert heard(app) in WORDS


def test_a_recording_of_one_word_is_answered_by_the_second_that_holds_it(upload):
    sound = np.concatenate([0 * tone(440, seconds=2), tone(440, seconds=0.5), 0 * tone(440, seconds=1)])
    app = upload("word.wav", wav(sound))
    assert_calm(app)
    assert heard(app) in WORDS
    found = re.search(r"Of 3.5 s, the second with the word \((\d\.\d+) to (\d\.\d+) s\) was heard", texts(app))
    assert float(found[1]) <= 2.0
    assert float(found[2]) >= 2.5


def let_hear(monkeypatch, said):
    """Let the model detect these words, whatever it is given."""
    whole = cache.answer_to

    def answer(*arguments, **options):
        best, along = whole(*arguments, **options)
        return best, replace(along, detections=said)

    monkeypatch.setattr(cache, "answer_to", answer)


def test_the_answer_to_a_longer_sound_is_every_word_that_is_detected_in_it(upload, monkeypatch):
    said = (Detection("yes", 0.91, 1.0, 1.5, 1.7), Detection("no", 0.82, 6.0, 6.4, 6.6))
    let_hear(monkeypatch, said)
    app = upload("long.wav", wav(tone(440, seconds=9)))
    assert_calm(app)
    assert heard(app) == "yes, no"
    assert charts(app) == 4
    assert app.dataframe[0].value["Word"].tolist() == ["yes", "no"]
    assert app.dataframe[0].value["Time (s)"].tolist() == ["1.00–1.50", "6.00–6.40"]


def test_every_detection_of_a_file_can_be_played(upload, monkeypatch):
    said = tuple(Detection("yes", 0.9, second, second + 0.5, second + 0.7) for second in np.arange(0.5, 16.5))
    let_hear(monkeypatch, said)
    app = upload("long.wav", wav(tone(440, seconds=18)))
    assert_calm(app)
    n = len(app.get("audio"))
    pills = app.pills("live.detection")
    assert len(pills.options) == 12
    assert pills.options[1] == "1.5 s **yes** 90 %"
    pills.set_value(1).run()
    assert_calm(app)
    assert len(app.get("audio")) == n + 1


def test_a_false_detection_in_a_file_is_given_to_the_next_training_and_taken_back(upload, monkeypatch):
    let_hear(monkeypatch, (Detection("yes", 0.9, 3.0, 3.5, 4.0), Detection("no", 0.9, 6.0, 6.5, 7.0)))
    content = wav(tone(440, seconds=9))
    app = upload("long.wav", content)
    folder = near_misses_folder()
    assert not [button.key for button in app.button if "near_miss" in (button.key or "")], "it is heard first"
    app.pills("live.detection").set_value(0).run()
    app.button("near_miss.add.file.0").click().run()
    assert_calm(app)
    assert near_misses.are_kept(near_misses.cuts(read_audio(content).waveform, 4.0), folder)
    assert near_misses.count(folder) == 3
    assert "Train learns that this is no keyword" in texts(app)
    app.button("near_miss.undo.file.0").click().run()
    assert_calm(app)
    assert near_misses.count(folder) == 0
    assert app.button("near_miss.add.file.0")


def test_the_same_sound_is_answered_through_the_textbook_s_filters_too(upload, own_run):
    app = upload("word.wav", wav(tone(440)))
    app.segmented_control("live.basis").set_value("initial").run()
    assert_calm(app)
    headings = [one.value for one in app.subheader if one.value.startswith("I hear")]
    assert len(headings) == 1
    assert headings[0].startswith("I hear through textbook filters: ")
    one = Classifier(own_run, "cpu").put_back().classify(tone(440))
    assert f"({100 * one.score:.1f} %)" in headings[0]
    assert charts(app) == 3


def test_where_no_filter_was_trained_there_is_nothing_to_switch(upload, own_run):
    checkpoint = load_checkpoint(own_run)
    fixed = replace(checkpoint.config, front_end=replace(checkpoint.config.front_end, setting="A"))
    save_checkpoint(own_run / runs.BEST, replace(checkpoint, config=fixed))
    app = upload("word.wav", wav(tone(440)))
    assert_calm(app)
    assert "live.basis" not in [one.key for one in app.segmented_control]
    app.segmented_control("live.source").set_value("listen").run()
    assert_calm(app)
    assert "live.basis" not in [one.key for one in app.segmented_control]


def test_a_longer_sound_without_a_word_says_so(upload):
    app = upload("long.wav", wav(0 * tone(440, seconds=5)))
    assert_calm(app)
    assert heard(app) == "no word"
    assert "no word was sure enough" in texts(app)
    assert not app.dataframe


def test_a_refused_file_leaves_no_answer_of_the_one_before(upload):
    app = upload("word.wav", wav(tone(440)))
    assert heard(app)
    app.file_uploader("live.file").set_value(("strange.wav", b"nothing", "audio/wav")).run()
    assert app.error
    assert "I hear" not in texts(app)
    assert not charts(app)


def test_a_sound_is_still_there_after_another_page_until_it_is_removed(upload):
    app = upload("word.wav", wav(tone(440)))
    answer = heard(app)
    app.switch_page("screens/speed.py").run()
    app.switch_page("screens/live.py").run()
    assert_calm(app)
    assert heard(app) == answer
    assert "Still here: word" in texts(app)
    app.button("live.file.remove").click().run()
    assert "Record yourself or upload a file" in texts(app)


def test_a_file_that_the_browser_takes_back_is_gone(upload):
    app = upload("word.wav", wav(tone(440)))
    app.file_uploader("live.file").set_value([]).run()
    assert "I hear" not in texts(app)


def test_a_large_file_is_answered_and_not_kept(upload, monkeypatch):
    monkeypatch.setattr("dashboard.views.live.one_sound.MOST_KEPT_BYTES", 100)
    app = upload("word.wav", wav(tone(440)))
    assert heard(app) in WORDS
    app.switch_page("screens/speed.py").run()
    app.switch_page("screens/live.py").run()
    assert_calm(app)
    assert "Record yourself or upload a file" in texts(app)


def test_a_short_sound_is_said_to_be_filled_up(upload):
    app = upload("short.wav", wav(tone(440, seconds=0.4)))
    assert_calm(app)
    assert "0.40 s long; silence was added" in texts(app)


def test_a_sound_of_another_rate_and_format_is_read(upload, tmp_path):
    path = tmp_path / "word.flac"
    soundfile.write(path, tone(440, rate=44_100), 44_100)
    app = upload("word.flac", path.read_bytes(), "audio/flac")
    assert_calm(app)
    assert heard(app) in WORDS


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"this is a text, not a sound" * 50, "no sound file that can be read"),
        (wav(tone(440))[:30], "cannot be read|no sound|damaged"),
        (wav(tone(440)[:0]), "no sound"),
    ],
    ids=["empty", "text", "cut short", "header only"],
)
def test_a_file_that_is_no_sound_gets_an_explanation(upload, content, said):
    app = upload("strange.wav", content)
    assert not app.exception
    assert len(app.error) == 1
    assert any(words in app.error[0].value for words in said.split("|")), app.error[0].value
    assert charts(app) == 0


def test_after_a_bad_file_a_good_one_works(upload):
    app = upload("strange.wav", b"nothing")
    app.file_uploader("live.file").set_value(("word.wav", wav(tone(440)), "audio/wav")).run()
    assert_calm(app)
    assert heard(app) in WORDS


def test_digital_silence_is_answered_too(upload):
    app = upload("silence.wav", wav(0 * tone(440)))
    assert_calm(app)
    assert heard(app) in WORDS


def test_nothing_is_answered_before_there_is_a_sound(open_page):
    app = open_page("live")
    app.segmented_control("live.source").set_value("record").run()
    assert charts(app) == 0
    assert "Record yourself or upload a file" in texts(app)
    assert SAMPLE_RATE == 16_000


# Listening


@pytest.fixture(autouse=True)
def at_this_computer(monkeypatch):
    """AppTest's visitors come from nowhere."""
    monkeypatch.setattr(sound_card, "is_at_this_computer", lambda: True)


@pytest.fixture(autouse=True)
def own_recordings(tmp_path, monkeypatch):
    monkeypatch.setenv("KWS_RECORDINGS", str(tmp_path / "recordings"))


def visitor():
    """The listener of the only visitor."""
    [one] = listener._listeners().values()
    return one


def config(model=GOOD):
    return visitor()._configs[model]


def models():
    """Names of the models that listen."""
    return set(visitor()._configs)


def knob(app, name, model=GOOD):
    return app.slider(f"live.{name}.{model}")


def hear(sound):
    """What the microphone's part does when it has heard something."""
    samples = np.round(32767 * sound).astype(np.int16)
    number, first = visitor().inbox.number, visitor().inbox.received
    for begin in range(0, len(samples), 3200):
        number += 1
        chunk = samples[begin : begin + 3200]
        visitor().take(read_message(message(number, first + begin, chunk, seen=[[1, 310]])))


def test_listening_comes_first_with_the_settings_of_the_model(open_page, own_run):
    operating_point.save(own_run, ListeningConfig(threshold=0.55, minimum_count=3))
    app = open_page("live")
    assert_calm(app)
    assert app.segmented_control("live.source").value == "listen"
    assert "Words heard" in [one.value for one in app.subheader]
    assert models() == {GOOD}
    assert knob(app, "threshold").value == 0.55
    assert config() == ListeningConfig(threshold=0.55, minimum_count=3)


def test_the_filters_are_switched_while_listening(open_page):
    app = open_page("live")
    hear(tone(440, 2))
    app.segmented_control("live.basis").set_value("initial").run()
    assert_calm(app)
    [ear] = [one.proto for one in app.get("bidi_component") if "live.ear" in one.proto.id]
    assert '"basis":"initial"' in str(ear).replace("\\", "").replace(" ", "")


def test_a_knob_holds_at_once_and_reset_takes_it_back(open_page):
    app = open_page("live")
    before = config()
    knob(app, "threshold").set_value(0.9)
    knob(app, "refractory_s").set_value(1.5).run()
    assert_calm(app)
    assert (config().threshold, config().refractory_s) == (0.9, 1.5)
    app.button(f"live.reset.{GOOD}").click().run()
    assert config() == before
    assert knob(app, "threshold").value == before.threshold


def test_settings_that_are_kept_for_the_model_are_those_of_the_next_visit(open_page, own_run):
    app = open_page("live")
    knob(app, "average_s").set_value(0.5).run()
    app.button(f"live.keep.{GOOD}").click().run()
    assert_calm(app)
    assert operating_point.load(own_run).average_s == 0.5


def test_a_threshold_chosen_elsewhere_moves_the_knob(open_page, own_run):
    app = open_page("live")
    knob(app, "threshold").set_value(0.9).run()
    chosen = ListeningConfig(threshold=0.35, word_thresholds=(("go", 0.8),))
    operating_point.save(own_run, chosen)
    app.run()
    assert knob(app, "threshold").value == 0.35
    assert app.toggle(f"live.by_word.{GOOD}").value is True
    assert config() == chosen
    app.toggle(f"live.by_word.{GOOD}").set_value(False).run()
    assert config().word_thresholds == ()


def test_damaged_settings_are_explained_and_the_defaults_used(open_page, own_run):
    (own_run / operating_point.FILE).write_text("{")
    app = open_page("live")
    assert not app.exception
    assert any("defaults are used" in one.value for one in app.warning)
    assert config() == ListeningConfig()


@pytest.fixture
def second_run(finished_run, tmp_path):
    return shutil.copytree(finished_run, tmp_path / "runs" / "second")


def test_a_second_model_listens_to_the_same_sound(open_page, second_run):
    app = open_page("live")
    (other,) = {GOOD, "second"} - models()
    app.selectbox("live.compare").set_value(other).run()
    assert_calm(app)
    assert models() == {GOOD, "second"}
    hear(tone(440, 2))
    answer = visitor().answer({name: _look() for name in models()}, "browser", "learned")
    assert [len(lane["decisions"]["end_s"]) for lane in answer["lanes"]] == [20, 20]


def _look():
    from dashboard.views.live.listening_picture import Look

    return Look(title="", labels=(), axis="", ticks=(), n_mels=40, frame_s=0.01)


def test_a_damaged_second_model_leaves_the_first_one_listening(open_page, second_run, own_run):
    app = open_page("live")
    (other,) = {GOOD, "second"} - models()
    (runs.runs_folder() / other / runs.BEST).write_bytes(b"nothing")
    app.selectbox("live.compare").set_value(other).run()
    assert not app.exception
    assert len(app.error) == 1
    assert other not in models()
    assert len(models()) == 1


def test_words_are_listed_newest_first_and_can_be_played_and_judged(open_page):
    app = open_page("live")
    # An untrained model takes a sound for anything, so anything may count.
    visitor().configure(GOOD, ListeningConfig(threshold=0.0, minimum_count=1))
    for hz in (300, 600, 900, 1200, 1500):
        hear(np.concatenate([0 * tone(0, 1.5), tone(hz, 0.5), 0 * tone(0, 1)]))
    heard = visitor().heard()
    assert heard, "five sounds and no word: the test needs others"
    app.run()
    assert_calm(app)
    rows = [one.value for one in app.markdown if one.value.startswith("**") and "%" in one.value]
    assert [row.split("**")[1] for row in rows] == [one.detection.word for one in heard[::-1]]
    assert "delay 0.31 s" in rows[-1]
    assert not app.get("audio")
    app.button(f"live.open.{heard[-1].number}").click().run()
    assert len(app.get("audio")) == 1
    yes = next(button for button in app.button if str(button.key).startswith("recordings.yes"))
    yes.click().run()
    assert_calm(app)
    assert "Saved as" in texts(app)


def test_a_false_detection_of_the_microphone_is_learned_from_or_tested_on_and_never_both(open_page):
    app = open_page("live")
    visitor().configure(GOOD, ListeningConfig(threshold=0.0, minimum_count=1))
    hear(np.concatenate([0 * tone(0, 1.5), tone(600, 0.5), 0 * tone(0, 1)]))
    one = visitor().heard()[-1]
    asked, folder = f"recordings.yes.{one.number}.{round(1000 * one.detection.heard_s)}", near_misses_folder()
    app.run()
    app.button(f"live.open.{one.number}").click().run()
    app.button(f"near_miss.add.heard.{one.number}").click().run()
    assert_calm(app)
    assert near_misses.are_kept([as_recorded(one.clip)], folder)
    assert near_misses.count(folder) == 1
    assert asked not in {button.key for button in app.button}
    app.button(f"near_miss.undo.heard.{one.number}").click().run()
    assert near_misses.count(folder) == 0
    app.button(asked).click().run()
    assert_calm(app)
    assert f"near_miss.add.heard.{one.number}" not in {button.key for button in app.button}


@pytest.fixture
def sounddevice(monkeypatch):
    module = FakeSounddevice([Device("Built-in"), Device("Headset")])
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    return module


def test_the_devices_of_this_computer_are_listed_and_the_list_renewed(open_page, sounddevice):
    app = open_page("live")
    app.segmented_control("live.microphone").set_value("card").run()
    assert_calm(app)
    assert app.selectbox("live.input").options == ["Built-in", "Headset"]
    app.selectbox("live.input").set_value("Headset").run()
    sounddevice.plugged[:] = [Device("Table microphone"), *sounddevice.plugged]
    app.button("live.refresh").click().run()
    assert app.selectbox("live.input").options == ["Table microphone", "Built-in", "Headset"]
    assert app.selectbox("live.input").value == "Headset", "the choice goes by the name, not by the place"
    sounddevice.plugged.clear()
    app.button("live.refresh").click().run()
    assert not app.exception
    assert any("There is no microphone at this computer" in one.value for one in app.warning)


def test_a_computer_without_portaudio_says_so_and_the_page_lives_on(open_page, monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    app = open_page("live")
    app.segmented_control("live.microphone").set_value("card").run()
    assert not app.exception
    assert any("Sound cards cannot be used" in one.value for one in app.warning)
    app.segmented_control("live.microphone").set_value("browser").run()
    assert_calm(app)
    assert not app.warning


def test_the_sound_card_is_not_offered_to_somebody_elsewhere(open_page, monkeypatch):
    monkeypatch.setattr(sound_card, "is_at_this_computer", lambda: False)
    app = open_page("live")
    assert_calm(app)
    assert app.segmented_control("live.microphone").options == ["Browser's microphone", "The browser alone"]
    assert "What you say is sent to the server" in texts(app)


# The browser alone


@pytest.fixture
def alone(open_page, own_run, monkeypatch, tmp_path):
    """Try with nothing made yet, once its visitor has chosen that the browser listens alone."""
    from core.export import served

    monkeypatch.setattr(served, "packs_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(served, "N_CLIPS", 30)
    monkeypatch.setattr(web, "runtime_files", lambda: {"onnxruntime-web.js": b"//", "onnxruntime-web.wasm": b"wasm"})

    def choose():
        app = open_page("live")
        app.segmented_control("live.microphone").set_value("alone").run()
        return app

    yield choose
    jobs.forget(ALONE)


ALONE = f"live.page.{GOOD}"


def make_ready(app):
    app.button("live.page.make").click().run()
    wait_until(lambda: not jobs.find(ALONE).running)
    app.run()


def part(app, name):
    """What is said to a part of the page that runs in the browser; None where it is not drawn."""
    found = [one.proto for one in app.get("bidi_component") if name in one.proto.id]
    return json.loads(found[0].json) if found else None


def test_the_browser_listens_alone_once_the_model_was_made_ready(alone, own_run):
    app = alone()
    assert_calm(app)
    assert "Your sound stays in this browser." in texts(app)
    assert part(app, "live.ear") is None, "the server's ear is not on the page"
    assert part(app, "live.page") is None
    make_ready(app)
    assert_calm(app)
    said = part(app, "live.page")
    assert re.fullmatch("/listens/[0-9a-f]{32}/index.html", said["address"])
    assert said["listening"]["threshold"] == ListeningConfig().threshold
    assert "live.page.make" not in {button.key for button in app.button}
    assert "Words heard" not in texts(app)
    app.slider(f"live.threshold.{GOOD}").set_value(0.5).run()
    assert part(app, "live.page") == {**said, "listening": {**said["listening"], "threshold": 0.5}}
    app.segmented_control("live.microphone").set_value("browser").run()
    assert_calm(app)
    assert part(app, "live.ear") is not None


def test_a_model_that_was_trained_further_has_to_be_made_ready_again(alone, own_run):
    app = alone()
    make_ready(app)
    train_further(own_run)
    app.run()
    assert_calm(app)
    assert part(app, "live.page") is None
    assert app.button("live.page.make")


def test_without_the_packages_it_is_said_what_to_install_to_listen_in_the_browser(alone, monkeypatch):
    monkeypatch.setattr(needed, "find_spec", lambda _: None)
    app = alone()
    assert_calm(app)
    assert "pip install -r requirements-export.txt" in texts(app)
    assert "live.page.make" not in {button.key for button in app.button}


def test_where_nothing_can_be_fetched_it_is_said_what_to_bring(alone, monkeypatch):
    def offline():
        raise ExportError("On a computer with a connection, run: npm pack")

    monkeypatch.setattr(web, "runtime_files", offline)
    app = alone()
    make_ready(app)
    assert not app.exception
    assert any("npm pack" in one.value for one in app.error)
    assert app.button("live.page.make"), "it can be tried again"


def test_a_damaged_model_is_told_before_it_is_made_ready(alone, own_run):
    (own_run / runs.BEST).write_bytes(b"hello")
    app = alone()
    assert not app.exception
    assert any("damaged" in one.value for one in app.error)
    assert "live.page.make" not in {button.key for button in app.button}
