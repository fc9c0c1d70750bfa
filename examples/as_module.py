"""A trained model as a ``torch.nn.Module``: ``python as_module.py RUN_FOLDER FILE.wav``, from the project's folder."""

import sys
from pathlib import Path

import torch

from core.sound.reading import read_audio
from core.sound.word_second import word_second
from core.training.checkpoint import load_checkpoint


def main(run: str, sound_file: str) -> None:
    """Answer the second of a recording that holds its word."""
    checkpoint = load_checkpoint(Path(run))
    model = (
        checkpoint.model()
    )  # waveforms (batch, 16000) in, logits (batch, n_labels) out; model.front_end is trainable
    second, _ = word_second(read_audio(Path(sound_file)).waveform)
    with torch.no_grad():
        probabilities = model(torch.from_numpy(second)[None]).softmax(dim=1)[0]
    best = int(probabilities.argmax())
    print(f"{checkpoint.labels[best]} {float(probabilities[best]):.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
