"""Do something when a word is heard: ``python listen_onnx.py MODEL.onnx FILE.wav``, with NumPy and ONNX Runtime alone.

Chunks of a microphone (16 kHz, one channel) take the place of ``read_wav`` in a real program: anything that gives
rows of floats in -1 to 1, or of int16.
"""

import sys
from pathlib import Path

# Where the model was exported, earshot_runtime.py lies beside it and beside this file; then this line can go.
sys.path.append(str(Path(__file__).resolve().parents[1] / "core" / "export" / "runtime"))

from earshot_runtime import EarshotError, Model, listen, read_wav


def light(on: bool) -> None:
    """Stands for what your program does."""
    print("the light is", "on" if on else "off")


def main(model_file: str, sound_file: str) -> None:
    """Listen, and act on each word as soon as it is known."""
    for detection in listen(Model(model_file), read_wav(sound_file)):
        if detection.word in ("on", "off"):
            light(detection.word == "on")
        print(f"after {detection.heard_s:.1f} s: {detection.word}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except EarshotError as error:
        sys.exit(f"error: {error}")
