"""A command in the process of the tests, with outputs of its own."""

import io
import sys

import pytest

from core.commands import main


def run_command(arguments, encoding="utf-8"):
    """Run a command; answers its exit code, and what it wrote to the output and to the errors."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", streams[0])
        patch.setattr(sys, "stderr", streams[1])
        try:
            code = main([str(one) for one in arguments])
        except SystemExit as end:
            code = end.code
    for stream in streams:
        stream.flush()
    return code, *(stream.buffer.getvalue().decode(encoding) for stream in streams)
