"""``stream-test``: how well a model listens to a long track of clips with pauses, other words and noise, or to talk."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from core import runs
from core.commands.options import (
    Commands,
    add_data,
    add_device,
    add_json,
    add_knobs,
    add_run,
    asked_protocol,
    listening_config,
    open_dataset,
    progress_bar,
)
from core.commands.output import note, show
from core.config import OWN, PROTOCOLS, ListeningConfig, Vocabulary, protocol_title
from core.errors import ConfigError
from core.files.paths import path_from
from core.records.listening import StreamReport, StreamScores, StreamTrack, ThresholdChoice
from core.records.talk import TalkReport
from core.runs import keep
from core.studies.listening import operating_point
from core.text import printable, shortened


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
        "--protocol", choices=[name for name in PROTOCOLS if name != OWN],
        help="which clips (default: the official test set; the testing list where nothing is unknown)",
    )  # fmt: skip
    parser.add_argument(
        "--talk", metavar="FOLDER",
        help="listen to a folder of recordings in which no keyword is said instead, and count the false alarms an hour",
    )  # fmt: skip
    parser.add_argument(
        "--save", metavar="FOLDER",
        help="with --talk: cut what fired into clips of a second there, from which train --more FOLDER learns",
    )  # fmt: skip
    parser.add_argument(
        "--choose", type=float, metavar="RATE",
        help="choose a threshold for each word, for at most RATE false alarms an hour, on tracks of validation clips "
        "(and on --talk, which must then not be used to report), and keep them with the run",
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
    if options.save is not None and (options.talk is None or options.choose is not None):
        raise ConfigError("--save keeps what fired in --talk FOLDER: give that too, and no --choose.")
    if options.choose is not None:
        return _choose(options, path, config)
    if options.talk is not None:
        return _run_on_talk(options, path, config)
    from core.inference.classifier import Classifier
    from core.studies.listening.measure import stream_test

    protocol = asked_protocol(options, path)
    with progress_bar("s") as progress:
        data = open_dataset(options, progress)
        report = stream_test(
            Classifier(path, options.device), data, config, name=path.name, protocols=[protocol],
            snrs_db=options.snr, minutes=options.minutes, seed=options.seed, progress=progress,
        )  # fmt: skip
    show(options, report, partial(as_text, curve=options.curve))
    return 0


def _run_on_talk(options: argparse.Namespace, path: Path, config: ListeningConfig) -> int:
    folder = _talk_folder(options.talk)
    target = None if options.save is None else _save_folder(options.save)
    from core.inference.classifier import Classifier
    from core.studies.listening.talk import learn_from, require_outside, talk_test

    if target is not None:
        require_outside(folder, target)
    with keep.unchanged(path) as checkpoint, progress_bar("file") as progress:
        classifier = Classifier(path, options.device)
        report = talk_test(classifier, folder, config, name=path.name, checkpoint=checkpoint, progress=progress)
    show(options, report, partial(talk_as_text, curve=options.curve))
    if target is not None:
        with progress_bar("file") as progress:
            n_new, n = learn_from(report.alarms, folder, target, progress=progress)
        note(f"{n_new:,} new clips of what fired in {printable(target)}, {n:,} in all: train --more learns from it")
    return 0


def _talk_folder(text: str) -> Path:
    """The folder of ``--talk``."""
    folder = path_from(text, "--talk")
    if not folder.is_dir():
        raise ConfigError(
            f"--talk is {shortened(text)!r}, and there is no such folder. Give one with recordings of talk."
        )
    return folder


def _save_folder(text: str) -> Path:
    """The folder of ``--save``; it may not be there yet."""
    folder = path_from(text, "--save")
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"--save is {shortened(text)!r}, which is no folder. Give one, or a new name.")
    return folder


def _choose(options: argparse.Namespace, path: Path, config: ListeningConfig) -> int:
    folder = None if options.talk is None else _talk_folder(options.talk)
    operating_point.require_folder(path)
    from core.inference.classifier import Classifier
    from core.studies.listening.choose import choose_thresholds, occasions_of_talk, occasions_of_tracks

    with progress_bar("s") as progress:
        data = open_dataset(options, progress)
        classifier = Classifier(path, options.device)
        occasions = occasions_of_tracks(
            classifier, data, config, snrs_db=options.snr, minutes=options.minutes, seed=options.seed
        )
        if folder is not None:
            occasions += occasions_of_talk(classifier, folder, config, progress)
        choice = choose_thresholds(occasions, config, options.choose)
    operating_point.save(path, choice.listening)
    show(options, choice, partial(choice_as_text, path.name))
    return 0


def choice_as_text(run: str, choice: ThresholdChoice) -> str:
    """What was chosen, for a person."""
    lines = [f"{run} listens from now on with", f"  {settings_line(choice.listening)}"]
    for when, scores in (("before", choice.before), ("now", choice.after)):
        fewest, most = scores.false_alarms_interval
        lines.append(
            f"  {when:>6}: {scores.hits} of {scores.n_keywords} found, {scores.wrong_words} taken for another, "
            f"{scores.false_alarms_per_hour:.1f} false alarms an hour ({fewest:.1f} to {most:.1f}, "
            f"{scores.free_hours:.2f} hours)"
        )
    if not choice.reached:
        lines.append(f"  no thresholds give as few as {choice.false_alarms_per_hour:g} an hour")
    lines.append("  where thresholds are chosen they flatter: report what other clips and other talk give")
    return "\n".join(lines)


def talk_as_text(report: TalkReport, *, curve: bool) -> str:
    """The false alarms in talk for a person; ``curve`` adds all thresholds."""
    rows = (report.as_set, *report.scores) if curve else (report.as_set,)
    lines = [
        f"{report.run} on {printable(report.folder)}: {report.n_files} recordings, {report.hours:.2f} hours of talk",
        f"  {settings_line(report.listening)}",
        "  every detection counts as a false alarm: where keywords are said, the rate is too high",
        "",
        f"  {'threshold':>9}{'false alarms':>14}{'an hour (95 %)':>28}",
        *(
            f"  {one.threshold:9.2f}{one.false_alarms:14d}"
            + f"{one.per_hour:.1f} ({one.per_hour_interval[0]:.1f} to {one.per_hour_interval[1]:.1f})".rjust(28)
            for one in rows
        ),
    ]
    if report.alarms:
        lines += ["", "  " + ", ".join(f"{word} {count}" for word, count in report.by_word.items())]
        lines += [
            f"  {printable(alarm.file)}: {alarm.word} {alarm.score:.0%} ({alarm.start_s:.2f} to {alarm.end_s:.2f} s)"
            for alarm in report.alarms
        ]
    lines += [f"  left out: {printable(file)}: {why}" for file, why in report.left_out]
    return "\n".join(lines)


def settings_line(listening: ListeningConfig) -> str:
    """The knobs, for a person."""
    own = "".join(f", {word} {threshold:g}" for word, threshold in listening.word_thresholds)
    return (
        f"threshold {listening.threshold:g}{own}, averaged over {listening.average_s:g} s, "
        f"{listening.minimum_count} in a row, then {listening.refractory_s:g} s of rest"
    )


def as_text(report: StreamReport, *, curve: bool) -> str:
    """The report for a person; ``curve`` adds all thresholds."""
    first = report.tracks[0]
    noise = ", ".join(dict.fromkeys(name for track in report.tracks for name in track.noise))
    lines = [
        f"{report.run} on {report.dataset}, {protocol_title(first.protocol, Vocabulary.of_labels(report.labels))}",
        f"  {first.minutes:g} minutes a track, seed {report.seed}; noise: {noise or 'none'}",
        f"  {settings_line(report.listening)}",
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
