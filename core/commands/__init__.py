"""The command line's parser: one file a command, each with ``add`` (its options) and ``run`` (what it does)."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence

from core import __version__
from core.commands import (
    adapt,
    benchmark,
    classify,
    compare,
    data,
    detect,
    enrol,
    evaluate,
    experiment,
    export,
    grid,
    listen,
    output,
    report,
    robustness,
    runs,
    stream_test,
    train,
    word_length,
)
from core.errors import ConfigError, KeywordSpottingError, is_out_of_memory, name_error, system_error
from core.text import is_text

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
        enrol,
        adapt,
        grid,
        evaluate,
        compare,
        experiment,
        classify,
        detect,
        listen,
        stream_test,
        robustness,
        word_length,
        report,
        export,
        runs,
        benchmark,
    ):
        command.add(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0 when done, 2 for wrong use, 1 when it failed, 130 when interrupted.

    What stands in a person's way is told in a sentence. Any other exception is a mistake of ours and stays loud.

    Raises:
        SystemExit: After ``--help``, or when the arguments are none that a command has.
    """
    output.prepare()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        options = build_parser().parse_args(arguments)
    except SystemExit as end:
        raise SystemExit(_told(int(end.code or 0), "")) from None
    return _told(*_outcome(options))


def _outcome(options: argparse.Namespace) -> tuple[int, str]:
    """Exit code of a command, and what went wrong."""
    try:
        return int(options.run_command(options)), ""
    except ConfigError as error:
        return 2, f"error: {error}"
    except KeywordSpottingError as error:
        return 1, f"error: {error}"
    except KeyboardInterrupt:
        return 130, "interrupted"
    except BrokenPipeError:
        # The reader of our output went away, as `head` does: nothing more to say.
        return 0, ""
    except OSError as error:
        return 1, f"error: {system_error(error)}"
    except UnicodeEncodeError as error:
        if is_text(error.object):
            raise
        return 1, f"error: {name_error(error)}"
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        return 1, "error: This computer has not enough memory for that. Ask for less, or close other programs."


def _told(code: int, text: str) -> int:
    """The exit code, after everything was printed that can be."""
    lost = output.lost()
    if lost is not None and not isinstance(lost, BrokenPipeError):
        code = code or 1
        text = text or f"error: What the command found could not be printed ({lost.strerror or lost})."
    if text:
        output.note(text)
    return code
