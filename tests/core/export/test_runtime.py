"""The program that runs an exported model: the engine's decisions, no PyTorch, and a sentence for what is wrong."""

import functools
import os
import subprocess
import sys
import time
import wave
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, resample_poly, sosfilt

from core.config import KEYWORDS, LABELS, SAMPLE_RATE, ListeningConfig
from core.errors import ExportError
from core.export.read import read_onnx
from core.export.runtime import earshot_runtime as runtime
from core.export.runtime.earshot_runtime import Detector, EarshotError, Model, Resampler, listen, read_wav
from core.inference import Engine
from core.inference.engine import DEFAULT_CONFIG
from core.sound.onsets import BAND_EDGES_HZ
from core.sound.speech import HIGH_PASS_HZ
from tests.browser.sounds import spoken, wav, with_pauses
from tests.core.conftest import CHECKPOINTS
from tests.core.export.onnx_files import about, with_about, write_onnx

PROGRAM = Path(runtime.__file__)
ROOT = Path(__file__).parents[3]

WITHOUT_TORCH = """
import runpy, sys

class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "scipy", "soxr", "core"):
            raise ImportError(f"{name} is not to be imported here")

sys.meta_path.insert(0, Nothing())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""Runs a program where nothing of the project and nothing heavy can be imported."""


@pytest.fixture(scope="module")
def file_of(tmp_path_factory):
    """A function from the name of a shipped run, without ``shipped-``, to its exported file."""
    folder = tmp_path_factory.mktemp("exported")
    return functools.cache(lambda name: write_onnx(CHECKPOINTS / f"shipped-{name}", folder / f"{name}.onnx"))


@pytest.fixture(scope="module")
def model(file_of):
    """A function from the same name to the model at work."""
    return functools.cache(lambda name: Model(file_of(name)))


@pytest.fixture(scope="module")
def track(speech_commands_root):
    """Ten keywords with digital silence around each, two seconds of it, the same in noise, and noise alone."""
    words = with_pauses([spoken(speech_commands_root, word, 1) for word in KEYWORDS], 0.6)
    noise = 0.018 * np.random.default_rng(0).standard_normal(len(words))
    parts = [words, np.zeros(2 * SAMPLE_RATE), words + noise, 3 * noise[: 3 * SAMPLE_RATE]]
    return np.concatenate(parts).clip(-1, 1).astype(np.float32)


def as_the_engine(classifier, sound, config=DEFAULT_CONFIG):
    """What Earshot's own engine detects."""
    engine = Engine(classifier, config)
    decisions = engine.feed(sound) + engine.finish()
    return [decision.detection for decision in decisions if decision.detection is not None]


def in_chunks(sound, sizes):
    """The sound cut into chunks of these sizes, again and again."""
    first, number = 0, 0
    while first < len(sound):
        yield sound[first : first + sizes[number % len(sizes)]]
        first, number = first + sizes[number % len(sizes)], number + 1


def assert_the_same(found, expected):
    assert [one.word for one in found] == [one.word for one in expected]
    for one, other in zip(found, expected, strict=True):
        assert one.score == pytest.approx(other.score, abs=1e-3)
        assert (one.start_s, one.end_s, one.heard_s) == (other.start_s, other.end_s, other.heard_s)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bcresnet-1-A", "bcresnet-3-D", "embedding", "linear-D"])
def test_it_detects_what_the_engine_detects(name, shipped, model, track):
    sound = track if name == "bcresnet-1-A" else track[: 20 * SAMPLE_RATE]
    expected, ours = as_the_engine(shipped(name), sound), model(name)
    began = time.perf_counter()
    found = list(listen(ours, [sound]))
    took = time.perf_counter() - began
    print(f"{name}: {len(found)} words; {1000 * took / (10 * len(sound) / SAMPLE_RATE):.1f} ms a decision")
    assert_the_same(found, expected)
    assert name == "linear-D" or len({one.word for one in found}) >= 6, "the track is worth listening to"


@pytest.mark.parametrize("size", [7, 160, 1_601, 2 * SAMPLE_RATE])
def test_chunks_make_no_difference(size, model, track):
    sound = track[: 5 * SAMPLE_RATE]
    assert list(listen(model("bcresnet-1-A"), in_chunks(sound, [size]))) == list(listen(model("bcresnet-1-A"), [sound]))


def test_sound_may_come_sample_by_sample(model, track):
    sound = track[: 2 * SAMPLE_RATE]
    detector = Detector(model("bcresnet-1-A"))
    apart = [found for sample in in_chunks(sound, [1]) for found in detector.feed(sample)]
    assert detector.seconds == 2
    assert apart + detector.finish() == list(listen(model("bcresnet-1-A"), [sound]))


@settings(max_examples=10, deadline=None)
@given(sizes=st.lists(st.integers(0, 6_000), min_size=1, max_size=20).filter(sum))
def test_no_way_of_cutting_makes_a_difference(sizes, model, track):
    sound = track[: 3 * SAMPLE_RATE]
    assert list(listen(model("bcresnet-1-A"), in_chunks(sound, sizes))) == list(listen(model("bcresnet-1-A"), [sound]))


@pytest.mark.parametrize(
    "config",
    [
        ListeningConfig(threshold=0.5, minimum_count=1, refractory_s=0.0),
        ListeningConfig(threshold=0.97, average_s=0.6, minimum_count=4),
        ListeningConfig(threshold=0.9, word_thresholds=(("yes", 0.3), ("no", 1.0), ("up", 0.5)), refractory_s=2.5),
        ListeningConfig(average_s=0.0),
        ListeningConfig(hop_s=0.05),
        ListeningConfig(hop_s=0.23),
    ],
)
def test_it_follows_the_settings_in_the_file(config, shipped, file_of, track, tmp_path):
    hop = round(config.hop_s * 100) * 160
    said = about(LABELS, config, hop_samples=hop)
    file = with_about(file_of("bcresnet-1-A"), tmp_path / "other.onnx", said)
    sound = track[: 12 * SAMPLE_RATE]
    assert_the_same(list(listen(Model(file), [sound])), as_the_engine(shipped("bcresnet-1-A"), sound, config))


def test_words_without_pauses_and_held_ones_count_as_the_engine_counts_them(shipped, model, track):
    words = [track[number * 25_600 + 9_600 :][:16_000] for number in range(10)]
    close = np.concatenate([word[np.abs(word) > 0.02] for word in words for _ in range(2)])
    held = np.tile(words[0][6_000:8_000], 30)
    for sound in (close, held, np.concatenate([held, close, 0.2 * close])):
        expected = as_the_engine(shipped("bcresnet-1-A"), sound)
        assert_the_same(list(listen(model("bcresnet-1-A"), [sound])), expected)


def test_the_caller_may_choose_another_threshold(shipped, model, track):
    ours, sound = model("bcresnet-1-A"), track[: 10 * SAMPLE_RATE]
    found = list(listen(ours, [sound], replace(ours.listening, threshold=0.3)))
    assert_the_same(found, as_the_engine(shipped("bcresnet-1-A"), sound, ListeningConfig(threshold=0.3)))


def test_whole_numbers_are_heard_like_fractions(model, track):
    whole = np.round(32767 * track[: 4 * SAMPLE_RATE]).astype(np.int16)
    assert list(listen(model("bcresnet-1-A"), [whole])) == list(listen(model("bcresnet-1-A"), [whole / 32768]))


def test_a_second_is_classified_as_the_model_does(shipped, model, track):
    clip = track[9_600:25_600]
    answer = model("bcresnet-1-A").classify(clip)
    expected = dict(shipped("bcresnet-1-A").classify(clip).ranking)
    assert list(answer) == sorted(answer, key=lambda label: -answer[label])
    assert answer == {label: pytest.approx(share, abs=1e-4) for label, share in expected.items()}
    assert sum(model("bcresnet-1-A").classify(clip[:5_000]).values()) == pytest.approx(1)


def test_the_filters_are_butterworth_s():
    textbook = [butter(1, HIGH_PASS_HZ, "highpass", fs=SAMPLE_RATE, output="sos")]
    textbook += [butter(2, edges, "bandpass", fs=SAMPLE_RATE, output="sos") for edges in pairwise(BAND_EDGES_HZ)]
    click = np.eye(1, 4_000)[0]
    for ours, theirs in zip(runtime.sections(), textbook, strict=True):
        np.testing.assert_allclose(sosfilt(ours, click), sosfilt(theirs, click), atol=1e-12)


def test_settings_are_those_of_the_engine():
    from core.inference import detector, engine
    from core.sound import levels, onsets, speech

    names = [name for name in vars(runtime) if name.isupper()]
    shared = [
        (name, place) for place in (levels, onsets, speech, detector, engine) for name in names if name in vars(place)
    ]
    assert len(shared) >= 24
    assert {name: getattr(runtime, name) for name, _ in shared} == {
        name: getattr(place, name) for name, place in shared
    }


# Sound files


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_another_rate_becomes_16_khz(rate):
    time_s = np.arange(rate) / rate
    sound = sum(0.2 * np.sin(2 * np.pi * hz * time_s) for hz in (200, 1_000, 3_000)).astype(np.float32)
    resampler = Resampler(rate)
    ours = np.concatenate([resampler.push(sound[:1]), resampler.push(sound[1:777]), resampler.push(sound[777:])])
    ours = np.concatenate([ours, resampler.finish()])
    expected = sum(0.2 * np.sin(2 * np.pi * hz * np.arange(16_000) / 16_000) for hz in (200, 1_000, 3_000))
    assert len(ours) == 16_000
    np.testing.assert_allclose(ours[200:-200], expected[200:-200], atol=2e-3)


def test_what_16_khz_cannot_hold_is_left_out():
    sound = (0.5 * np.sin(2 * np.pi * 11_000 * np.arange(48_000) / 48_000)).astype(np.float32)
    assert np.abs(Resampler(48_000).push(sound)[200:-200]).max() < 1e-3


@pytest.mark.parametrize(("width", "precision"), [(1, 1 / 64), (2, 1e-4), (3, 1e-6), (4, 1e-6)])
def test_samples_of_every_width_are_read(width, precision, tmp_path):
    sound = 0.9 * np.sin(np.arange(20_000) * 0.3)
    whole = np.round(sound * (2 ** (8 * width - 1) - 1)).astype(np.int64)
    content = (whole + 128 if width == 1 else whole).astype("<i8").view(np.uint8).reshape(-1, 8)[:, :width]
    with wave.open(str(tmp_path / "tone.wav"), "wb") as file:
        file.setparams((1, width, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes(content.tobytes())
    np.testing.assert_allclose(np.concatenate(list(read_wav(tmp_path / "tone.wav"))), sound, atol=precision)


def test_a_recording_of_another_rate_and_two_channels_has_the_same_words(model, track, tmp_path):
    sound = track[: 16 * SAMPLE_RATE]
    other = np.round(32767 * resample_poly(sound, 3, 1).clip(-1, 1)).astype("<i2")
    with wave.open(str(tmp_path / "other.wav"), "wb") as file:
        file.setparams((2, 2, 48_000, 0, "NONE", ""))
        file.writeframes(np.stack([other, other], axis=1).tobytes())
    found = [one.word for one in listen(model("bcresnet-1-A"), read_wav(tmp_path / "other.wav"))]
    assert found == [one.word for one in listen(model("bcresnet-1-A"), [sound])]


# The program


def run(*arguments, code=WITHOUT_TORCH, cwd=None):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    # Only the interpreter's own packages: the project's folder is on no path.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, env=environment, timeout=120)


@pytest.fixture
def recording(track, tmp_path):
    file = tmp_path / "words.wav"
    file.write_bytes(wav(track[: 10 * SAMPLE_RATE]))
    return file


def test_it_runs_where_there_is_no_torch(file_of, model, recording, tmp_path):
    alone = tmp_path / "elsewhere" / PROGRAM.name
    alone.parent.mkdir()
    alone.write_bytes(PROGRAM.read_bytes())
    said = run(alone, file_of("bcresnet-1-A"), recording, cwd=alone.parent)
    assert (said.returncode, said.stderr) == (0, "")
    expected = list(listen(model("bcresnet-1-A"), read_wav(recording)))
    assert [line.split()[4] for line in said.stdout.splitlines()] == [one.word for one in expected]
    assert len(expected) >= 3


def test_the_block_on_torch_works(tmp_path):
    program = tmp_path / "wants_torch.py"
    program.write_text("import torch\n")
    assert "torch is not to be imported here" in run(program).stderr


def test_the_example_listens(file_of, model, recording):
    example = ROOT / "examples" / "listen_onnx.py"
    said = run(example, file_of("bcresnet-1-A"), recording)
    assert (said.returncode, said.stderr) == (0, "")
    expected = list(listen(model("bcresnet-1-A"), read_wav(recording)))
    heard = [line for line in said.stdout.splitlines() if line.startswith("after")]
    assert [line.split()[-1] for line in heard] == [one.word for one in expected]
    assert said.stdout.count("the light is") == sum(one.word in ("on", "off") for one in expected)


def test_silence_is_said_to_hold_no_word(file_of, tmp_path, capsys):
    (tmp_path / "silence.wav").write_bytes(wav(np.zeros(SAMPLE_RATE, np.float32)))
    assert runtime.main([str(file_of("bcresnet-1-A")), str(tmp_path / "silence.wav")]) == 0
    assert capsys.readouterr().out == "No word was detected.\n"


def test_a_reader_that_goes_away_is_no_error(file_of, recording):
    arguments = [sys.executable, str(PROGRAM), str(file_of("bcresnet-1-A")), str(recording)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        program.stdout.readline()
        program.stdout.close()
        assert program.stderr.read() == ""


# What is wrong


def complaint(capfd, *arguments):
    """The one sentence that the program says."""
    assert runtime.main([str(one) for one in arguments]) == 1
    said = capfd.readouterr()
    lines = said.err.splitlines()
    assert len(lines) == 1, said.err
    return lines[0]


def test_a_bad_model_is_one_sentence(file_of, recording, tmp_path, capfd):
    good = file_of("bcresnet-1-A")
    content = good.read_bytes()
    file = tmp_path / "bad.onnx"
    assert "No such file" in complaint(capfd, file, recording)
    assert "Is a directory" in complaint(capfd, tmp_path, recording)
    for damaged in (b"", b"hello", content[: len(content) // 2], content[:-7], b"\x00" * 5_000):
        file.write_bytes(damaged)
        assert str(file) in complaint(capfd, file, recording)
    said = about(LABELS)
    for values, words in (
        (None, "was not exported by Earshot"),
        ("{", "no JSON"),
        ([1], "no JSON table"),
        ("[" * 100_000, "no JSON"),
        ({**said, "format": 2}, "format 2"),
        ({**said, "labels": []}, "makes no sense"),
        ({**said, "labels": ["yes", "yes"]}, "makes no sense"),
        ({**said, "labels": ["yes", "no"]}, "probabilities of its 2 labels"),
        ({**said, "hop_samples": 0}, "makes no sense"),
        ({**said, "sample_rate": 8_000}, "makes no sense"),
        ({**said, "listening": 5}, "makes no sense"),
        ({**said, "listening": {**asdict(ListeningConfig()), "threshold": "high"}}, "makes no sense"),
        ({**said, "listening": {**asdict(ListeningConfig()), "word_thresholds": [["yes", 2]]}}, "makes no sense"),
        ({name: value for name, value in said.items() if name != "labels"}, "makes no sense"),
    ):
        assert words in complaint(capfd, with_about(good, file, values), recording)


def largest_weights(model):
    """The numbers of a file that are the most."""
    return max(model.graph.initializer, key=lambda one: len(one.raw_data))


def test_a_model_with_a_wrong_weight_is_known_by_its_checksum(file_of, tmp_path):
    content = bytearray(file_of("bcresnet-1-A").read_bytes())
    content[content.index(largest_weights(onnx.load_from_string(bytes(content))).raw_data) + 500] ^= 1
    (tmp_path / "bad.onnx").write_bytes(content)
    with pytest.raises(EarshotError, match="was changed after it was exported"):
        Model(tmp_path / "bad.onnx")


@pytest.mark.parametrize("read", [Model, read_onnx])
def test_another_word_in_a_file_is_known_by_its_checksum_too(file_of, tmp_path, read):
    content = file_of("bcresnet-1-A").read_bytes()
    assert content.count(b'"left"') == 1
    (tmp_path / "bad.onnx").write_bytes(content.replace(b'"left"', b'"lift"'))
    with pytest.raises((EarshotError, ExportError), match="was changed after it was exported"):
        read(tmp_path / "bad.onnx")


def test_answers_that_are_no_numbers_are_said(file_of, tmp_path):
    model = onnx.load(file_of("linear-D"))
    largest = largest_weights(model)
    largest.raw_data = np.full(len(largest.raw_data) // 4, np.nan, np.float32).tobytes()
    onnx.save(model, tmp_path / "bad.onnx")
    with_about(tmp_path / "bad.onnx", tmp_path / "bad.onnx", about(LABELS))
    with pytest.raises(EarshotError, match="no numbers"):
        Model(tmp_path / "bad.onnx").classify(np.ones(16_000))


def test_a_model_cut_anywhere_or_with_a_wrong_byte_never_ends_in_a_traceback(file_of, tmp_path):
    content = file_of("bcresnet-1-A").read_bytes()
    random = np.random.default_rng(0)
    file = tmp_path / "bad.onnx"
    for _ in range(30):
        damaged = bytearray(content[: random.integers(len(content))])
        damaged[random.integers(len(damaged))] ^= 0xFF
        file.write_bytes(damaged)
        with pytest.raises(EarshotError):
            Model(file)


def test_text_in_a_model_that_is_no_text_is_said(file_of, tmp_path):
    content = file_of("bcresnet-1-A").read_bytes()
    assert b'"down"' in content
    (tmp_path / "bad.onnx").write_bytes(content.replace(b'"down"', b'"\xffown"'))
    with pytest.raises(EarshotError, match="says about itself is damaged"):
        Model(tmp_path / "bad.onnx")


def test_a_bad_recording_is_one_sentence(file_of, recording, tmp_path, capfd):
    good = file_of("bcresnet-1-A")
    content = recording.read_bytes()
    file = tmp_path / "bad.wav"
    assert "No such file" in complaint(capfd, good, file)
    for damaged in (b"", b"RIFF", b"hello" * 100, content[:40], content[:20] + b"\x03\x00" + content[22:]):
        file.write_bytes(damaged)
        assert str(file) in complaint(capfd, good, file)
    file.write_bytes(content[: len(content) // 2])
    assert "is cut off: 5.0 s of its 10.0 s" in complaint(capfd, good, file)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros((2, 3)),
        np.zeros(3, np.int32),
        np.full(3, np.nan),
        np.full(3, 20_000.0),
        np.float32([1, np.inf]),
        "sound",
    ],
)
def test_what_is_no_sound_is_refused_and_not_heard(samples, model):
    detector = Detector(model("bcresnet-1-A"))
    with pytest.raises(EarshotError):
        detector.feed(samples)
    assert detector.seconds == 0


def test_an_ended_stream_wants_a_new_one(model, track):
    detector = Detector(model("bcresnet-1-A"))
    first = detector.feed(track[: 3 * SAMPLE_RATE]) + detector.finish()
    assert detector.finish() == []
    with pytest.raises(EarshotError, match="has ended"):
        detector.feed(track[:100])
    detector.reset()
    assert detector.feed(track[: 3 * SAMPLE_RATE]) + detector.finish() == first
    assert first[0].word in KEYWORDS
