"""A streaming file remembers what it needs of a stream, and gives the answers and detections of the engine."""

import json

import numpy as np
import onnx
import pytest
import torch

from core.config import FrontEndConfig, ListeningConfig, ModelConfig, RunConfig, Vocabulary
from core.export import along
from core.export.model import about as about_model
from core.export.model import as_file, streaming_model
from core.export.places import card_path
from core.export.read import read_onnx
from core.export.runtime.earshot_runtime import EarshotError, Model, listen
from core.export.session import open_session
from core.export.write import export_onnx
from core.fast import choose
from core.inference import Engine
from core.inference.frames import FramePlan
from core.models.embedding import SPECTROGRAM
from core.training.checkpoint import checkpoint_of
from tests.core.conftest import CHECKPOINTS
from tests.core.export.onnx_files import write_onnx

CAUSAL = "bcresnet-1-causal-A-in-noise"


@pytest.fixture(scope="module")
def track(sounds):
    """Demo words, silence, full scale and noise in a row, with pauses."""
    return np.pad(sounds, ((0, 0), (4_000, 4_000))).reshape(-1)


FRONT_ENDS = {
    "centred": FrontEndConfig(setting="A"),
    "constant": FrontEndConfig(setting="D", pad_mode="constant", masked_bins=(20, 40), hop_length=200),
    "not centred": FrontEndConfig(setting="A", center=False, n_fft=512, win_length=400),
    "of many pieces": FrontEndConfig(setting="A", n_fft=512, hop_length=50),
    "under a window that does not fold": FrontEndConfig(setting="A", window="boxcar"),
    "long": FrontEndConfig(setting="A", n_fft=4_096, hop_length=1_000, n_mels=10),
}


@pytest.mark.parametrize(
    ("model", "front_end"),
    [
        *(("linear", name) for name in FRONT_ENDS),
        ("bcresnet-1", "centred"),
        ("embedding", "its own"),
        ("bcresnet-1-causal", "not centred"),
        ("bcresnet-3-causal", "80 mels"),
    ],
)
@pytest.mark.parametrize("hop_s", [0.1, 0.23, 0.5])
def test_it_answers_as_the_model_does_along_the_whole_stream(model, front_end, hop_s, track):
    others = {"its own": SPECTROGRAM, "80 mels": FrontEndConfig(setting="C", center=False, n_mels=80)}
    config = RunConfig(
        front_end={**FRONT_ENDS, **others}[front_end],
        model=ModelConfig(name=model, normalise=model != "embedding"),
        vocabulary=Vocabulary(words=("yes", "no")),
    )
    spotter = choose.model(config).eval()
    graph, _ = streaming_model(spotter, config.vocabulary.labels, hop_s)
    onnx.checker.check_model(graph, full_check=True)
    plan = FramePlan.of_hop(config.front_end, hop_s)
    some = track[: 6 * 16_000]
    ours = along.of_file(open_session(graph.SerializeToString()), some, plan.hop_samples)
    theirs = np.concatenate(list(along.of_model(spotter, some, plan)))
    assert len(ours) == len(some) // plan.hop_samples
    assert ours == pytest.approx(theirs, abs=1e-4)


def test_several_streams_are_followed_at_once(track):
    config = RunConfig(model=ModelConfig(name="bcresnet-1-causal"), front_end=FrontEndConfig(center=False))
    spotter = choose.model(config).eval()
    session = open_session(streaming_model(spotter, config.vocabulary.labels, 0.1)[0].SerializeToString())
    streams = np.stack([track[:16_000], track[20_000:36_000]])
    state = np.repeat(along.first_state(session), 2, axis=0)
    for first in range(0, 16_000, 1_600):
        given = {"sound": streams[:, first : first + 1_600], "state": state}
        together, state = session.run(["logits", "next_state"], given)
    for number, stream in enumerate(streams):
        state = along.first_state(session)
        for first in range(0, 16_000, 1_600):
            given = {"sound": stream[None, first : first + 1_600], "state": state}
            alone, state = session.run(["logits", "next_state"], given)
        assert together[number] == pytest.approx(alone[0], abs=1e-5)


@pytest.mark.parametrize("name", ["bcresnet-1-A", CAUSAL])
def test_the_runtime_detects_with_it_what_the_engine_detects(name, shipped, track, tmp_path):
    listening = ListeningConfig(threshold=0.5)
    model = Model(write_onnx(CHECKPOINTS / f"shipped-{name}", tmp_path / "m.onnx", streaming=True, listening=listening))
    engine = Engine(shipped(name), listening)
    expected = [one.detection for one in engine.feed(track) + engine.finish() if one.detection]
    cut = np.split(track, [7, 1_000, 20_001, 20_002, 90_000])
    found = list(listen(model, cut))
    assert found == list(listen(model, [track]))
    assert [(one.word, one.start_s, one.end_s, one.heard_s) for one in found] == [
        (one.word, one.start_s, one.end_s, one.heard_s) for one in expected
    ]
    assert [one.score for one in found] == pytest.approx([one.score for one in expected], abs=1e-3)
    assert len(expected) > 3, "there is nothing to compare"


def test_the_runtime_answers_a_second_that_follows_silence(sounds, shipped, tmp_path):
    model = Model(write_onnx(CHECKPOINTS / f"shipped-{CAUSAL}", tmp_path / "m.onnx", streaming=True))
    second = sounds[0]
    spotter = shipped(CAUSAL).checkpoint.model("cpu")
    with torch.inference_mode():
        after_silence = torch.from_numpy(np.pad(second, (48_000, 0))[None])
        known = spotter.network.along(spotter.normalise(spotter.front_end(after_silence)))
        answer = spotter.network.classify(known[:, :, -98:].mean(dim=2)).softmax(dim=1)[0]
    assert model.classify(second) == pytest.approx(dict(zip(model.labels, answer.tolist(), strict=True)), abs=1e-4)


@pytest.mark.parametrize(("name", "asked"), [("bcresnet-1-A", True), (CAUSAL, False)])
def test_an_export_is_compared_hop_by_hop(name, asked, tmp_path):
    path = tmp_path / "m.onnx"
    run = CHECKPOINTS / f"shipped-{name}"
    card = export_onnx(run, path, ListeningConfig(), streaming=asked, int8=True, n_clips=24)
    assert read_onnx(path).about.streaming
    assert card.streaming
    assert card.compared[0].n == 240
    assert card.float32.n == 24
    assert card.original.right == card.float32.right
    assert card.calibration == ""
    assert "hops of a stream" in card.finding
    assert json.loads(card_path(path).read_text())["streaming"] is True


def test_a_file_whose_graph_does_not_fit_what_it_says_is_refused(tmp_path):
    config = RunConfig(model=ModelConfig(name="bcresnet-1-causal"), front_end=FrontEndConfig(center=False))
    spotter = choose.model(config).eval()
    checkpoint = checkpoint_of(spotter, config, epoch=1, validation_accuracy=None, dataset="none")
    graph, _ = streaming_model(spotter, checkpoint.labels, 0.1)
    says = about_model(checkpoint, ListeningConfig(hop_s=0.2), run="", model_hash="", streaming=True)
    path = tmp_path / "m.onnx"
    path.write_bytes(as_file(graph, says))
    with pytest.raises(EarshotError, match="does not turn a hop of a stream"):
        Model(path)
