"""The first thing that a working process runs: own the folder, and only then load PyTorch and begin.

``python -m core.jobs.program MODULE FOLDER`` calls ``main(folder, held)`` of the module.
"""

from __future__ import annotations

import importlib
import io
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from core import runs
from core.errors import KeywordSpottingError
from core.fast.malloc import keep_freed_memory
from core.runs import owner

log = logging.getLogger(__name__)


def main(arguments: Sequence[str]) -> int:
    """Work on a folder; 0 when done, 1 if it failed or another process works on it. SIGTERM asks for a stop."""
    module, folder = arguments[0], Path(arguments[1])
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(encoding="utf-8")  # the log of a run, which pages read, whatever the locale
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")

    def stop(_signal: int, _frame: FrameType | None) -> None:
        runs.request_stop(folder)

    signal.signal(signal.SIGTERM, stop)
    try:
        with owner.owned(folder) as held:
            keep_freed_memory()
            importlib.import_module(module).main(folder, held)
    except KeywordSpottingError as error:
        log.error("%s", error)
        return 1
    except Exception:
        log.exception("Training failed")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
