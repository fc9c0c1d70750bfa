"""A program that listens through ``core.microphone`` and says what happened, for the tests of the sound card.

    python -m tests.core.microphone.record SECONDS SAMPLES.npy

It prints a line when sound arrives and, at the end, a line of JSON. It ends early if the microphone does.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from core.microphone import Microphone, input_devices


def main(seconds: float, path: Path) -> None:
    blocks, rates = [], set()

    def consume(samples: np.ndarray, rate: int) -> None:
        if not blocks:
            print("listening", flush=True)
        blocks.append(samples)
        rates.add(rate)

    devices = input_devices()
    microphone = Microphone(consume, idle_s=None)
    microphone.start()
    began = time.monotonic()
    while microphone.running and time.monotonic() - began < seconds:
        time.sleep(0.02)
    ended = time.monotonic()
    microphone.stop()
    report = {
        "devices": [[device.name, device.is_default] for device in devices],
        "rates": list(rates),
        "seconds": ended - began,
        "stop_s": time.monotonic() - ended,
        "captured_s": microphone.captured_s,
        "lost_s": microphone.lost_s,
        "error": microphone.error,
    }
    np.save(path, np.concatenate(blocks))
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]), Path(sys.argv[2]))
