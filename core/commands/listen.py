"""``listen``: say the words that this computer's microphone hears, as they are spoken."""

from __future__ import annotations

import argparse
import dataclasses
import queue
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from core.commands.options import Commands, add_device, add_json, add_knobs, open_listener
from core.commands.output import note
from core.errors import ConfigError, MicrophoneError
from core.files.strict import to_json
from core.microphone import Microphone, input_devices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.inference import Engine
    from core.records.answers import Detection

LOOK_S = 0.1
"""Seconds from one look at the microphone to the next, while no word comes."""

LOSS_S = 0.1
"""Sound lost since the last warning from which there is another (s)."""


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "listen",
        help="say the words that the microphone hears",
        description="Say the words that this computer's microphone hears, as they are spoken, until Ctrl-C. Words go "
        "to standard output, all else to standard error.",
    )
    parser.add_argument("run", metavar="RUN", nargs="?", help="run, folder or checkpoint file")
    parser.add_argument("--seconds", type=float, metavar="N", help="end after so much sound")
    parser.add_argument("--list-devices", action="store_true", help="list the devices that can record, and end")
    parser.add_argument("--device-number", type=int, metavar="N", help="which of them listens (default: marked *)")
    add_knobs(parser)
    add_device(parser)
    add_json(parser, "one JSON line a word")
    parser.set_defaults(run_command=run)


def run(options: argparse.Namespace) -> int:
    """Listen until there was enough sound, Ctrl-C, or the microphone fails."""
    if options.list_devices:
        _list_devices(options.json)
        return 0
    if options.run is None:
        raise ConfigError("listen needs a RUN, the model that listens. `python -m core runs` lists them.")
    if options.seconds is not None and not options.seconds > 0:
        raise ConfigError(f"--seconds is {options.seconds:g}; it must be more than 0.")
    classifier, config = open_listener(options)
    from core.inference import Engine

    _listen(Engine(classifier, config), options)
    return 0


def _listen(engine: Engine, options: argparse.Namespace) -> None:
    found: queue.SimpleQueue[Detection] = queue.SimpleQueue()

    def hear(samples: NDArray[Any], rate: int) -> None:
        for decision in engine.feed(samples, rate):
            if decision.detection is not None:
                found.put(decision.detection)

    # Also where a script that started this in the background had it ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    microphone = Microphone(hear, device=options.device_number, idle_s=None)
    n_words, told_s = 0, 0.0
    with suppress(KeyboardInterrupt):
        try:
            microphone.start()
            note("Listening. Ctrl-C ends.")
            while microphone.running and (options.seconds is None or engine.seconds < options.seconds):
                with suppress(queue.Empty):
                    _print_word(found.get(timeout=LOOK_S), microphone, options.json)
                    n_words += 1
                if microphone.lost_s - told_s >= LOSS_S:
                    told_s = microphone.lost_s
                    note(f"warning: {told_s:.1f} s of sound lost so far; this computer may be too busy")
        finally:
            microphone.stop()
    while not found.empty():
        _print_word(found.get(), microphone, options.json)
        n_words += 1
    note(f"{engine.seconds:.1f} s heard, {microphone.lost_s:.1f} s lost, {n_words} detected.")
    if microphone.error:
        raise MicrophoneError(microphone.error)


def _print_word(word: Detection, microphone: Microphone, as_json: bool) -> None:
    latency_s = microphone.age_s(word.end_s)
    if as_json:
        times = {"start_s": round(word.start_s, 3), "end_s": round(word.end_s, 3), "latency_s": round(latency_s, 3)}
        print(to_json({"word": word.word, "score": word.score, **times}), flush=True)
    else:
        when = f"{word.start_s:.2f} to {word.end_s:.2f} s"
        print(f"{word.word:8}{word.score:4.0%}   {when}   ({latency_s:.2f} s after its end)", flush=True)


def _list_devices(as_json: bool) -> None:
    devices = input_devices()
    if as_json:
        for device in devices:
            print(to_json(dataclasses.asdict(device)))
        return
    if not devices:
        note("There is no device that can record.")
    for device in devices:
        mark = "*" if device.is_default else " "
        print(f"{mark}{device.number:3}  {device.name}   {device.channels} channels, {device.rate} Hz")
