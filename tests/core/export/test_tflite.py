"""The network as a TFLite file: held to the model, refused where it loses too much, run by a program of its own."""

import json
import os
import runpy
import signal

import numpy as np
import pytest
import torch

from core.config import FrontEndConfig, ListeningConfig, ModelConfig, RunConfig
from core.errors import ExportError
from core.export import needed, tflite
from core.export.places import card_path, features_path
from core.export.plain import level_channels, plain_network
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


def test_levelled_channels_have_one_range_and_change_no_answer():
    network = choose.model(RunConfig(model=ModelConfig(name="bcresnet-1"))).network.eval()
    with torch.no_grad():
        network.blocks[2].along_frequency[0].weight[3] *= 50  # one channel far louder than the others
    features = torch.randn(4, 40, 101)
    plain = plain_network(network, 101)
    block, seen = plain.blocks[2], []
    block.entry.register_forward_hook(lambda _module, _given, out: seen.append(out.relu().amax(dim=(0, 2, 3))))
    with torch.inference_mode():
        before = plain(features)
        level_channels(plain, features.numpy())
        assert plain(features).numpy() == pytest.approx(before.numpy(), abs=1e-4)
        assert before.numpy() == pytest.approx(network(features).numpy(), abs=1e-4)
    first, last = seen[0], seen[-1]
    assert first.max() > 20 * first.median()
    alive = first > 0.02 * first.max()
    assert last[alive].numpy() == pytest.approx(float(last.max()), rel=1e-4)


@pytest.mark.parametrize("bits", [8, 16])
def test_a_channel_that_training_let_die_keeps_its_bias(bits):
    layer = torch.nn.Conv2d(1, 3, (3, 1))
    with torch.no_grad():
        layer.weight[1] = 1e-9
        layer.bias[1] = 0.7

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = layer

        def forward(self, features):
            return self.layer(features[:, None]).amax(dim=(2, 3))

    features = np.random.default_rng(0).standard_normal((8, 6, 5)).astype(np.float32)
    network = Network().eval()
    file = tflite._File(tflite._in_int8(tflite._converted(network, features[:1]), features, bits))
    with torch.inference_mode():
        exact = network(torch.from_numpy(features)).numpy()
    assert exact[:, 1] == pytest.approx(0.7)
    assert file.logits(features) == pytest.approx(exact, abs=0.05 if bits == 8 else 0.02)


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


def test_a_network_with_dead_and_loud_channels_loses_nothing_either(tmp_path):
    # Two of its channels have died, and the entry of a block puts out 45 beside a root mean square of 2.
    causal = CHECKPOINTS / "shipped-bcresnet-1-causal-A-in-noise"
    card = tflite.export_tflite(causal, tmp_path / "words.tflite", ListeningConfig(), bits=16, n_clips=100)
    assert card.lost <= 0.005
    assert card.same_in_int8 >= 98


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
    with pytest.raises(
        ExportError,
        match=r"was not exported to TFLite: int8 loses .* One of 60 is 1\.7%: --clips all .* --flow-bits 16",
    ):
        tflite.export_tflite(linear, tmp_path / "words.tflite", ListeningConfig(), n_clips=60)
    assert list(tmp_path.iterdir()) == []


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(needed, "find_spec", lambda name: None if name == "litert_torch" else True)
    with pytest.raises(ExportError, match=r"TFLite needs litert_torch, .* pip install -r requirements-tflite\.txt"):
        needed.require_packages("tflite")
    assert set(needed.EXTRAS) == {"export", "tflite"}


def test_an_interrupt_waits_for_the_converter_and_is_told_then(capfd):
    done = []

    def interrupted():
        with tflite._quietly():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("converted")

    # What runs in the background of a shell is started with Ctrl-C ignored.
    outside = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, outside)
    print("interrupted")
    assert done == ["converted"]
    assert capfd.readouterr().out == "interrupted\n"


@pytest.mark.parametrize(
    ("model", "sound", "words"),
    [
        ("gone.tflite", "word.wav", "gone.tflite"),
        ("words.tflite", "gone.wav", "No such file"),
        ("words.tflite", "short.wav", "reads one second"),
        ("words.tflite", "text.wav", "RIFF"),
        ("words.tflite", "empty.wav", "EOFError"),
        ("broken.tflite", "word.wav", "broken.tflite cannot be asked"),
    ],
)
def test_the_program_says_what_is_wrong_with_its_files(
    model, sound, words, exported, sounds, tmp_path, monkeypatch, capsys
):
    path, _ = exported
    for name, content in (("words.tflite", path.read_bytes()), ("broken.tflite", b"no model")):
        (tmp_path / name).write_bytes(content)
        features_path(tmp_path / name).write_bytes(features_path(path).read_bytes())
    (tmp_path / "word.wav").write_bytes(as_wav(as_recorded(sounds[0])))
    (tmp_path / "short.wav").write_bytes(as_wav(as_recorded(sounds[0][:8000])))
    (tmp_path / "text.wav").write_bytes(b"no sound at all")
    (tmp_path / "empty.wav").touch()
    with pytest.raises(SystemExit) as ended:
        run_example(monkeypatch, capsys, "tflite_words.py", tmp_path / model, tmp_path / sound)
    assert words in str(ended.value)
    assert "\n" not in str(ended.value)


def test_nothing_of_the_converter_is_seen(capfd):
    with tflite._quietly():
        print("progress")
        os.write(2, b"more of it")
    print("after")
    assert capfd.readouterr() == ("after\n", "")
