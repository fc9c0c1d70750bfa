"""The command line: ``python -m core``. The same doors as the pages. Exit codes: 0 done, 2 wrong use, 1 failed."""

from __future__ import annotations

import sys

try:
    from core.commands import main
except KeyboardInterrupt:  # importing takes a second
    print("interrupted", file=sys.stderr)
    sys.exit(130)

if __name__ == "__main__":
    sys.exit(main())
