"""The network as a TFLite file: held to the model, refused where it loses too much, run by a program of its own."""

import json
import os
import runpy

import numpy as np
import pytest
import torch

from core.config import FrontEndConfig, ListeningConfig, ModelConfig, RunConfig
from core.errors import ExportError
from core.export import needed, tflite
from core.export.places import card_path, features_path
from core.export.plain import plain_network
from core.fast import choose
from core.inference.classifier import Classifier
from core.sound.wav import as_recorded, as_wav
from tests.core.conftest import CHECKPOINTS
from tests.core.export.test_examples import EXAMPLES
from tests.core.export.test_examples import run as run_example

IN_NOISE = CHECKPOINTS / "shipped-bcresnet-1-A-in-noise"


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A network as a file, and its card."""
    path = tmp_path_factory.mktemp("tflite") / "words.tflite"
    return path, tflite.export_tflite(IN_NOISE, path, ListeningConfig(threshold=0.6), n_clips=60)


@pytest.mark.parametrize("name", ["linear", "bcresnet-1", "bcresnet-1.5", "bcresnet-1-causal"])
@pytest.mark.parametrize("n_mels", [20, 40])
def test_plain_layers_answer_as_the_network_does(name, n_mels):
    config = RunConfig(
        model=ModelConfig(name=name), front_end=FrontEndConfig(n_mels=n_mels, center="causal" not in name)
    )
    network = choose.model(config).network.eval()
    for buffer in network.buffers():
        if buffer.is_floating_point():
            buffer.uniform_(0.5, 2)
    features = torch.randn(3, n_mels, config.front_end.n_frames())
    with torch.inference_mode():
        plain = plain_network(network, features.shape[2])
        assert plain(features).numpy() == pytest.approx(network(features).numpy(), abs=1e-4)


def test_an_embedding_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(ExportError, match=r"SpeechEmbedding cannot be exported to TFLite yet; .* --onnx FILE"):
        tflite.export_tflite(CHECKPOINTS / "shipped-embedding", tmp_path / "words.tflite", ListeningConfig(), n_clips=5)
    assert list(tmp_path.iterdir()) == []


def test_the_file_is_int8_throughout_and_loses_nothing_that_matters(exported):
    path, card = exported
    interpreter = tflite.Interpreter(str(path))
    interpreter.allocate_tensors()
    kinds = {one["dtype"] for one in interpreter.get_tensor_details()}
    # Beside them stand shapes and the sums of products.
    assert kinds <= {np.int8, np.int32, np.int64}
    assert card.misses == ()
    assert card.takes == "features"
    assert card.largest_difference < 1e-4
    assert card.same == card.n
    assert card.lost <= 0.005
    assert card.flow_bits == 8
    assert json.loads(card_path(path).read_text())["sha256"] == card.sha256


def test_ranges_hold_what_is_rare(exported):
    path, _ = exported
    spotter = Classifier(IN_NOISE, "cpu").checkpoint.model("cpu")
    file = tflite._File(path.read_bytes())
    loud = np.random.default_rng(0).uniform(-1, 1, (1, 16_000)).astype(np.float32)
    for sound in (np.zeros((1, 16_000), np.float32), loud):
        features = tflite._features(spotter, sound)
        with torch.inference_mode():
            exact = spotter.network(torch.from_numpy(features))[0].numpy()
        assert file(features[0]) == pytest.approx(exact, abs=1.0)


@pytest.mark.parametrize("run", ["bcresnet-1-A-in-noise", "linear-B-pcen-in-noise"])
def test_a_program_with_numpy_alone_makes_its_features_and_hears_the_word(
    run, exported, sounds, tmp_path, monkeypatch, capsys
):
    path, _ = exported
    if "linear" in run:
        path = tmp_path / "words.tflite"
        tflite.export_tflite(CHECKPOINTS / f"shipped-{run}", path, ListeningConfig(), bits=16, n_clips=60)
    classifier = Classifier(CHECKPOINTS / f"shipped-{run}", "cpu")
    (tmp_path / "word.wav").write_bytes(as_wav(as_recorded(sounds[0])))
    label, score = classifier.classify(sounds[0]).ranking[0]
    said = run_example(monkeypatch, capsys, "tflite_words.py", path, tmp_path / "word.wav")
    assert said.split()[0] == label
    assert float(said.split()[1]) == pytest.approx(100 * score, abs=10)
    example = runpy.run_path(str(EXAMPLES / "tflite_words.py"))
    with np.load(features_path(path)) as arrays:
        features = example["features_of"](sounds[0], dict(arrays))
    ours = tflite._features(classifier.checkpoint.model("cpu"), sounds[:1])[0]
    assert features == pytest.approx(ours, abs=1e-3)


def test_a_file_that_loses_too_much_is_refused_and_leaves_nothing(tmp_path, monkeypatch):
    # Ranges of the first clip alone.
    monkeypatch.setattr(tflite.qsv_utils, "min_max_update", lambda before, _: before)
    linear = CHECKPOINTS / "shipped-linear-D"
    with pytest.raises(ExportError, match=r"was not exported to TFLite: int8 loses .* --flow-bits 16"):
        tflite.export_tflite(linear, tmp_path / "words.tflite", ListeningConfig(), n_clips=60)
    assert list(tmp_path.iterdir()) == []


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(needed, "find_spec", lambda name: None if name == "litert_torch" else True)
    with pytest.raises(ExportError, match=r"TFLite needs litert_torch, .* pip install -r requirements-tflite\.txt"):
        needed.require_packages("tflite")
    assert set(needed.EXTRAS) == {"export", "tflite"}


def test_nothing_of_the_converter_is_seen(capfd):
    with tflite._quietly():
        print("progress")
        os.write(2, b"more of it")
    print("after")
    assert capfd.readouterr() == ("after\n", "")
