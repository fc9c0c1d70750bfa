"""The programs in examples/ do what their first lines say; ``listen_onnx.py`` is run with the runtime's own tests, and
``tflite_words.py`` with those of its file."""

import runpy
import sys

import numpy as np
import pytest
import torch

from core.data.pack import open_data
from core.export.basis import nnaudio_arguments, write_nnaudio
from core.inference import Engine
from core.inference.classifier import Classifier
from core.sound.wav import as_recorded, as_wav
from core.training.checkpoint import load_checkpoint
from tests.conftest import PROJECT
from tests.core.export.onnx_files import write_onnx

EXAMPLES = PROJECT / "examples"
LINEAR = PROJECT / "checkpoints" / "shipped-linear-D"


@pytest.fixture
def word(tmp_path):
    """A recording of one of the demo words."""
    pack = open_data(None)
    clip = pack.clip(int(pack.indices("official")[5]))
    (tmp_path / "word.wav").write_bytes(as_wav(as_recorded(clip)))
    return tmp_path / "word.wav", clip


def run(monkeypatch, capsys, name, *arguments):
    monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    return capsys.readouterr().out


def test_a_model_is_a_module(word, monkeypatch, capsys):
    path, clip = word
    label, score = Classifier(PROJECT / "checkpoints" / "shipped-bcresnet-1-D", "cpu").classify(clip).ranking[0]
    said = run(monkeypatch, capsys, "as_module.py", PROJECT / "checkpoints" / "shipped-bcresnet-1-D", path)
    assert said.split()[0] == label
    assert float(said.split()[1]) == pytest.approx(score, abs=2e-3)


def test_the_learned_spectrogram_is_used_without_this_project(word, tmp_path, monkeypatch, capsys):
    path, clip = word
    checkpoint = load_checkpoint(LINEAR)
    assert nnaudio_arguments(checkpoint.config.front_end).items() <= EXPECTED.items(), (
        "the example's call is another run's"
    )
    write_nnaudio(tmp_path / "basis.pt", checkpoint)
    said = run(monkeypatch, capsys, "learned_spectrogram.py", tmp_path / "basis.pt", path)
    with torch.no_grad():
        energy = checkpoint.model().front_end.layer(torch.from_numpy(clip)[None])[0].mean(dim=1)
    assert said == f"40 learned filters; the loudest is filter {int(energy.argmax())}\n"


def test_a_stream_is_asked_hop_by_hop(tmp_path, monkeypatch, capsys):
    pack = open_data(None)
    sound = np.concatenate([pack.clip(int(row)) for row in pack.indices("official")[:3]])
    (tmp_path / "words.wav").write_bytes(as_wav(as_recorded(sound)))
    run_folder = PROJECT / "checkpoints" / "shipped-bcresnet-1-causal-A-in-noise"
    file = write_onnx(run_folder, tmp_path / "m.onnx", streaming=True)
    said = run(monkeypatch, capsys, "stream_onnx.py", file, tmp_path / "words.wav").splitlines()
    engine = Engine(Classifier(run_folder, "cpu"))
    decisions = engine.feed(as_recorded(sound))
    assert len(said) == len(decisions) == 30
    labels = load_checkpoint(run_folder).labels
    for line, decision in zip(said, decisions, strict=True):
        assert float(line.split()[0]) == pytest.approx(decision.end_s)
        assert line.split()[2] == labels[int(decision.probabilities.argmax())]
        assert float(line.split()[3]) == pytest.approx(100 * decision.probabilities.max(), abs=0.06)


EXPECTED = {
    "sr": 16000,
    "n_fft": 480,
    "win_length": None,
    "n_mels": 40,
    "hop_length": 160,
    "window": "hann",
    "center": True,
    "pad_mode": "reflect",
    "power": 2.0,
    "htk": False,
    "fmin": 0.0,
    "fmax": None,
    "norm": 1,
    "trainable_mel": True,
    "trainable_STFT": True,
}
"""The call in ``learned_spectrogram.py``."""


def test_every_example_is_run_by_a_test():
    ours = {"as_module.py", "learned_spectrogram.py", "stream_onnx.py"}
    assert {path.name for path in EXAMPLES.glob("*.py")} == ours | {"listen_onnx.py", "tflite_words.py"}
    assert "from core" not in (EXAMPLES / "learned_spectrogram.py").read_text()
