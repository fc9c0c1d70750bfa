"""Ask a streaming model hop by hop: ``python stream_onnx.py MODEL.onnx FILE.wav``, with NumPy and ONNX Runtime alone.

MODEL.onnx comes from ``python -m core export RUN --streaming --onnx MODEL.onnx``. Each hop goes in once, and what the
model remembers goes in and out as one row of numbers. ``listen_onnx.py`` makes words of such answers.
"""

import json
import sys
import wave

import numpy as np
import onnxruntime


def main(model_file: str, sound_file: str) -> None:
    """Print the surest answer at the end of each hop."""
    session = onnxruntime.InferenceSession(model_file)
    about = json.loads(session.get_modelmeta().custom_metadata_map["earshot"])
    hop, rate, labels = about["hop_samples"], about["sample_rate"], about["labels"]
    with wave.open(sound_file) as file:
        assert file.getparams()[:3] == (1, 2, rate), f"this example reads one channel of 16 bits at {rate} Hz"
        sound = np.frombuffer(file.readframes(-1), np.int16).astype(np.float32) / 32768

    state = np.zeros((1, session.get_inputs()[1].shape[1]), np.float32)
    n_silent = 3 * rate // hop  # hops of silence first: a stream begins with nothing, a room with silence
    hops = np.concatenate([np.zeros(n_silent * hop, np.float32), sound[: len(sound) // hop * hop]]).reshape(-1, 1, hop)
    for number, newest in enumerate(hops, start=1 - n_silent):
        answer, state = session.run(["probabilities", "next_state"], {"sound": newest, "state": state})
        if number > 0:
            print(f"{number * hop / rate:5.2f} s  {labels[answer[0].argmax()]:10}  {100 * answer[0].max():5.1f} %")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
