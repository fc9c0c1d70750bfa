"""The command line's parser: one file a command, each with ``add`` (its options) and ``run`` (what it does)."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from core import __version__
from core.commands import (
    benchmark,
    classify,
    compare,
    data,
    detect,
    evaluate,
    experiment,
    grid,
    listen,
    report,
    robustness,
    runs,
    stream_test,
    train,
)
from core.errors import ConfigError, KeywordSpottingError

DESCRIPTION = """Train keyword spotters whose spectrogram is learned, measure them, and use them.

A newcomer's first three commands (they use the demo words, synthetic voices that come with the project):

  python -m core train --preset linear --setting D --epochs 10 --run my-first
  python -m core evaluate my-first
  python -m core classify my-first recording.wav

A RUN is the name of a run, its folder, or a checkpoint file (the nnAudio tutorial's included).
A ROOT is the folder that holds SpeechCommands/; the environment variable KWS_DATA names it for all commands.
"""


def build_parser() -> argparse.ArgumentParser:
    """The parser with all commands."""
    parser = argparse.ArgumentParser(
        prog="python -m core", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"earshot {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in (
        data,
        train,
        grid,
        evaluate,
        compare,
        experiment,
        classify,
        detect,
        listen,
        stream_test,
        robustness,
        report,
        runs,
        benchmark,
    ):
        command.add(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0 when done, 2 for wrong use, 1 when it failed, 130 when interrupted."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    options = build_parser().parse_args(arguments)
    try:
        return int(options.run_command(options))
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeywordSpottingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output went away, as `head` does: nothing more to say.
        sys.stderr.close()
        return 0
