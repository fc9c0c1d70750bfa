"""Name the word in a second of sound: ``python tflite_words.py MODEL.tflite FILE.wav``, with NumPy and LiteRT alone.

MODEL.tflite and MODEL.tflite.features.npz come from ``python -m core export RUN --tflite MODEL.tflite``. The file holds
the network in int8. What comes before it, from samples to features, is written out below as a guide for a
microcontroller.
"""

import json
import sys
import wave
from zipfile import BadZipFile

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType


def features_of(sound: np.ndarray, basis: dict[str, np.ndarray]) -> np.ndarray:
    """A second of samples, -1 to 1, to what the network hears, (n_mels, n_frames)."""
    front_end = json.loads(str(basis["about"]))["front_end"]
    n_fft, hop = front_end["n_fft"], front_end["hop_length"]
    if front_end["center"]:
        sound = np.pad(sound, n_fft // 2, mode=front_end["pad_mode"])
    frames = np.lib.stride_tricks.sliding_window_view(sound, n_fft)[::hop]
    power = (frames @ basis["cosine"].T) ** 2 + (frames @ basis["sine"].T) ** 2
    features = np.log(basis["mel"] @ power.T + basis["offset"][:, None])
    if len(basis["pcen"]):
        features = stand_out(features, basis)
    return basis["scale"][:, None] * (features - basis["mean"][:, None])


def stand_out(log_mel: np.ndarray, basis: dict[str, np.ndarray]) -> np.ndarray:
    """Per-channel energy normalisation: each band is divided by its own level, which follows it slowly."""
    smoothing, gain, bias, root = (row[:, None] for row in basis["pcen"])
    floor = json.loads(str(basis["about"]))["pcen_floor"]
    mel = np.exp(log_mel)
    levels, level = np.empty_like(mel), mel[:, :1]
    for frame in range(mel.shape[1]):
        level = (1 - smoothing) * level + smoothing * mel[:, frame : frame + 1]
        levels[:, frame : frame + 1] = level
    return (mel / (floor + levels) ** gain + bias) ** root - bias**root


def main(model_file: str, sound_file: str) -> None:
    """Print the surest label and its probability."""
    with np.load(f"{model_file}.features.npz") as arrays:
        basis = dict(arrays)
    labels = json.loads(str(basis["about"]))["labels"]
    with wave.open(sound_file) as file:
        if file.getparams()[:4] != (1, 2, 16000, 16000):
            raise ValueError("this example reads one second, 16,000 samples, one channel of 16 bits")
        sound = np.frombuffer(file.readframes(-1), np.int16).astype(np.float32) / 32768

    # The reference kernels round as those for microcontrollers do.
    network = Interpreter(model_file, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    network.allocate_tensors()
    taken, given = network.get_input_details()[0], network.get_output_details()[0]
    scale, zero = taken["quantization"]
    kind = taken["dtype"]  # int8, or int16 where eight bits would lose too much
    rounded = np.round(features_of(sound, basis) / scale) + zero
    network.set_tensor(taken["index"], rounded.clip(np.iinfo(kind).min, np.iinfo(kind).max).astype(kind)[None])
    network.invoke()
    scale, zero = given["quantization"]
    logits = scale * (network.get_tensor(given["index"])[0].astype(np.float32) - zero)
    probabilities = np.exp(logits - logits.max())
    probabilities /= probabilities.sum()
    print(f"{labels[probabilities.argmax()]}  {100 * probabilities.max():.1f} %")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, wave.Error) as error:
        sys.exit(f"{sys.argv[1]} cannot be asked about {sys.argv[2]}: {str(error) or type(error).__name__}")
