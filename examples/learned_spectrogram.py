"""The spectrogram that a model learned, in a program of your own: ``python learned_spectrogram.py BASIS.pt FILE.wav``.

``BASIS.pt`` is what ``python -m core export RUN --nnaudio BASIS.pt`` wrote; that command prints the call below, with
the settings of that run. Needs PyTorch, nnAudio and soundfile, and nothing of this project.
"""

import sys

import soundfile
import torch
from nnAudio.features import MelSpectrogram


def main(basis_file: str, sound_file: str) -> None:
    """Load the learned filters, and say in which of them the sound is loudest."""
    spectrogram = MelSpectrogram(
        sr=16000,
        n_fft=480,
        win_length=None,
        n_mels=40,
        hop_length=160,
        window="hann",
        center=True,
        pad_mode="reflect",
        power=2.0,
        htk=False,
        fmin=0.0,
        fmax=None,
        norm=1,
        trainable_mel=True,
        trainable_STFT=True,
        verbose=False,
    )
    spectrogram.load_state_dict(torch.load(basis_file, weights_only=True))
    samples, rate = soundfile.read(sound_file, dtype="float32")
    if rate != 16_000 or samples.ndim != 1:
        sys.exit(f"{sound_file} has {rate} Hz; these filters were learned at 16000 Hz, from one channel.")
    with torch.no_grad():
        energy = spectrogram(torch.from_numpy(samples))[0].mean(dim=1)
    print(f"{len(energy)} learned filters; the loudest is filter {int(energy.argmax())}")


if __name__ == "__main__":
    main(*sys.argv[1:])
