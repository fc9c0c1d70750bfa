"""The command line: ``python -m core``. The same doors as the pages. Exit codes: 0 done, 2 wrong use, 1 failed."""

from __future__ import annotations

import sys

from core.commands import main

if __name__ == "__main__":
    sys.exit(main())
