"""``stream-test``: how well a model listens, on a long track of test clips with pauses, other words and noise."""

from __future__ import annotations

import argparse
from functools import partial

from core import runs
from core.commands.options import (
    Commands,
    add_data,
    add_device,
    add_json,
    add_knobs,
    add_run,
    listening_config,
    open_dataset,
    progress_bar,
)
from core.commands.output import show
from core.config import OWN, PROTOCOLS
from core.records.listening import StreamReport, StreamScores, StreamTrack


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "stream-test",
        help="measure how well a model listens: misses, false alarms an hour, latency",
        description="Lay test clips out on a long track with pauses, words that are no keywords and background noise, "
        "let the model listen to it, and count what it detects. Choose a threshold with --protocol validation --curve, "
        "and measure it on the test clips.",
    )
    add_run(parser)
    add_data(parser)
    parser.add_argument(
        "--snr", nargs="+", type=snr_of, default=[None, 10.0], metavar="DB",
        help="speech over background noise in dB, or 'clean' for no noise; a track for each (default: clean 10)",
    )  # fmt: skip
    parser.add_argument("--minutes", type=float, default=20.0, help="length of each track (default: 20)")
    parser.add_argument("--seed", type=int, default=0, help="another seed gives another track (default: 0)")
    parser.add_argument(
        "--protocol", choices=[name for name in PROTOCOLS if name != OWN], default="official",
        help="which clips (default: the official test set)",
    )  # fmt: skip
    parser.add_argument("--curve", action="store_true", help="show all thresholds, not only the one that is set")
    add_knobs(parser)
    add_device(parser)
    add_json(parser, "one JSON object, with all thresholds,")
    parser.set_defaults(run_command=run)


def snr_of(text: str) -> float | None:
    """A signal-to-noise ratio as typed.

    >>> snr_of("clean"), snr_of("10")
    (None, 10.0)
    """
    if text == "clean":
        return None
    try:
        return float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is neither 'clean' nor a number of dB") from error


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    path = runs.find_run(options.run)
    config = listening_config(options, path)
    from core.inference.classifier import Classifier
    from core.studies.listening.measure import stream_test

    with progress_bar("s") as progress:
        data = open_dataset(options, progress)
        report = stream_test(
            Classifier(path, options.device), data, config, name=path.name, protocols=[options.protocol],
            snrs_db=options.snr, minutes=options.minutes, seed=options.seed, progress=progress,
        )  # fmt: skip
    show(options, report, partial(as_text, curve=options.curve))
    return 0


def as_text(report: StreamReport, *, curve: bool) -> str:
    """The report for a person; ``curve`` adds all thresholds."""
    first, listening = report.tracks[0], report.listening
    own = "".join(f", {word} {threshold:g}" for word, threshold in listening.word_thresholds)
    noise = ", ".join(dict.fromkeys(name for track in report.tracks for name in track.noise))
    lines = [
        f"{report.run} on {report.dataset}, {PROTOCOLS[first.protocol]}",
        f"  {first.minutes:g} minutes a track, seed {report.seed}; noise: {noise or 'none'}",
        f"  threshold {listening.threshold:g}{own}, averaged over {listening.average_s:g} s, "
        f"{listening.minimum_count} in a row, then {listening.refractory_s:g} s of rest",
        "",
        f"  {'noise':>7}{'threshold':>11}{'found':>12}{'missed':>9} {'(95 %)':16}{'wrong':>6}"
        f"{'false alarms an hour (95 %)':>30}{'hours':>7}{'latency (p95)':>17}",
    ]
    rows = [(track, scores) for track in report.tracks for scores in (track.scores if curve else (track.as_set,))]
    return "\n".join([*lines, *(_line(track, scores) for track, scores in rows)])


def _line(track: StreamTrack, scores: StreamScores) -> str:
    background = "none" if track.snr_db is None else f"{track.snr_db:g} dB"
    (low, high), (fewest, most) = scores.misses_interval, scores.false_alarms_interval
    median, p95 = scores.latency_s(0.5), scores.latency_s(0.95)
    latency = "-" if median is None or p95 is None else f"{median:.2f} s ({p95:.2f} s)"
    found = f"{scores.hits} of {scores.n_keywords}"
    missed = f"{low:.1%} to {high:.1%}"
    alarms = f"{scores.false_alarms_per_hour:.1f} ({fewest:.1f} to {most:.1f})"
    return (
        f"  {background:>7}{scores.threshold:11.2f}{found:>12}{scores.miss_share:>9.1%} {missed:16}"
        f"{scores.wrong_words:6d}{alarms:>30}{scores.free_hours:7.2f}{latency:>17}"
    )
