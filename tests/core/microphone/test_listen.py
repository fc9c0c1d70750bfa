"""``python -m core listen`` at a virtual microphone: spoken words come back as they are heard."""

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from core.commands import main
from core.config import KEYWORDS
from core.inference import Engine
from core.inference.classifier import Classifier
from tests.browser.models import shipped_models, train_on_demo_words
from tests.browser.sounds import spoken, wav, with_pauses
from tests.virtual_microphone import virtual_microphone

PROJECT = Path(__file__).parents[3]

PAUSE_S = 0.5


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A trained model: a shipped one, or where there are none, one that is trained here."""
    found = shipped_models()
    if found:
        return found.get("bcresnet", found["linear"])
    return train_on_demo_words(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("runs"))


@pytest.fixture
def microphone():
    with virtual_microphone() as one:
        yield one


def ignore_interrupts():
    """What a shell does for a program that it starts in the background."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@pytest.fixture
def listen(microphone, model):
    """Starts the command and waits until it listens."""
    started = []

    def start(*options):
        program = subprocess.Popen(
            [sys.executable, "-m", "core", "listen", model, "--device", "cpu", *options],
            cwd=PROJECT,
            env=microphone.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=ignore_interrupts,
        )
        started.append(program)
        assert program.stderr.readline() == "Listening. Ctrl-C ends.\n", program.communicate()
        return program

    yield start
    for program in started:
        program.kill()
        program.communicate()


@pytest.fixture
def words(speech_commands_root, tmp_path):
    """All keywords, one after the other: a sound file, and what it holds (16 kHz)."""
    samples = with_pauses([spoken(speech_commands_root, word, number=1) for word in KEYWORDS], PAUSE_S)
    path = tmp_path / "words.wav"
    path.write_bytes(wav(samples))
    return path, samples


@pytest.mark.sound
@pytest.mark.slow
def test_words_that_are_played_are_heard_as_they_are_in_the_file(microphone, listen, words, model):
    path, samples = words
    engine = Engine(Classifier(model, "cpu"))
    decisions = [*engine.feed(samples), *engine.finish()]
    offline = [decision.detection.word for decision in decisions if decision.detection]
    program = listen("--json")
    assert microphone.play(path).wait(60) == 0
    # Time for the last word.
    with pytest.raises(subprocess.TimeoutExpired):
        program.wait(2)
    program.send_signal(signal.SIGINT)
    output, errors = program.communicate(timeout=20)
    assert program.returncode == 0, errors
    live = [json.loads(line) for line in output.splitlines()]
    assert len(set(offline)) >= 7
    # Nobody knows how the words will lie between two decisions, so one that is just recognised in one may fail in the
    # other, or be taken for another word.
    there, here = Counter(offline), Counter(word["word"] for word in live)
    assert ((there - here) + (here - there)).total() <= 2
    for word in live:
        assert set(word) == {"word", "score", "start_s", "end_s", "latency_s"}
        assert 0 < word["score"] <= 1
        assert 0 <= word["start_s"] < word["end_s"]
        assert 0 < word["latency_s"] < 2
    assert f" 0.0 s lost, {len(live)} detected." in errors


@pytest.mark.sound
def test_it_ends_by_itself_after_the_seconds_asked_for(listen):
    program = listen("--seconds", "2")
    output, errors = program.communicate(timeout=20)
    assert (program.returncode, output) == (0, "")
    heard_s = float(errors.split()[0])
    assert 2 <= heard_s < 3


@pytest.mark.sound
def test_a_microphone_that_vanishes_ends_it_with_the_reason(microphone, listen):
    program = listen()
    microphone.unplug()
    _, errors = program.communicate(timeout=20)
    assert program.returncode == 1
    assert errors.splitlines()[-1].startswith("error: The microphone default is gone")


@pytest.mark.sound
def test_devices_are_listed_with_the_default_marked(microphone):
    command = [sys.executable, "-m", "core", "listen", "--list-devices"]
    made = {"cwd": PROJECT, "env": microphone.environment, "capture_output": True, "text": True, "check": True}
    assert subprocess.run(command, **made).stdout == "*  0  default   32 channels, 44100 Hz\n"
    device = json.loads(subprocess.run([*command, "--json"], **made).stdout)
    assert device == {"number": 0, "name": "default", "channels": 32, "rate": 44_100, "is_default": True}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ((), "listen needs a RUN"),
        (("a-run", "--seconds", "0"), "--seconds is 0; it must be more than 0"),
    ],
)
def test_wrong_use_is_answered_in_words(capsys, options, text):
    assert main(["listen", *options]) == 2
    assert text in capsys.readouterr().err


def test_a_knob_out_of_range_is_refused(capsys, model):
    assert main(["listen", str(model), "--threshold", "2"]) == 2
    assert "threshold is 2.0; it must lie between 0 and 1" in capsys.readouterr().err
