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

from core.config import SAMPLE_RATE
from core.microphone import Microphone, input_devices

BLOCK_S = 0.105
"""Seconds of sound that are always on their way: a block."""

SETTLE_S = 0.5
"""After the first sound: what had gathered before this program came may arrive at once."""


def main(seconds: float, path: Path) -> None:
    blocks, rates = [], set()

    def consume(samples: np.ndarray, rate: int) -> None:
        if not blocks:
            print("listening", flush=True)
        blocks.append(samples)
        rates.add(rate)

    def heard_s() -> float:
        return sum(map(len, blocks)) / SAMPLE_RATE

    devices = input_devices()
    microphone = Microphone(consume, idle_s=None)
    microphone.start()
    while microphone.running and not blocks:
        time.sleep(0.002)
    time.sleep(SETTLE_S)
    before_s = microphone.captured_s + microphone.lost_s
    began = time.monotonic()
    while microphone.running and time.monotonic() - began < seconds:
        time.sleep(0.02)
    # On a busy computer more than the latest block may be on its way to ``consume``: what is stopped then is not heard.
    waited = time.monotonic()
    while microphone.running and microphone.captured_s - heard_s() > BLOCK_S and time.monotonic() - waited < 5:
        time.sleep(0.002)
    ended = time.monotonic()
    accounted_s = microphone.captured_s + microphone.lost_s - before_s
    microphone.stop()
    report = {
        "devices": [[device.name, device.is_default] for device in devices],
        "rates": list(rates),
        "seconds": ended - began,
        "accounted_s": accounted_s,
        "stop_s": time.monotonic() - ended,
        "captured_s": microphone.captured_s,
        "lost_s": microphone.lost_s,
        "error": microphone.error,
    }
    np.save(path, np.concatenate(blocks))
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]), Path(sys.argv[2]))
