"""What the server lets go of once visitors have left."""

import asyncio
import subprocess
import sys

from dashboard import tidying
from dashboard.views.live import listener
from tests.dashboard.conftest import PROJECT


def test_what_visitors_listened_with_is_forgotten_until_nothing_is_left(monkeypatch):
    left = [1, 0]
    monkeypatch.setattr(listener, "forget_idle", lambda: left.pop(0))
    monkeypatch.setattr(tidying, "MARGIN_S", -tidying.st.get_option("server.disconnectedSessionTTL"))
    monkeypatch.setattr(tidying, "AGAIN_S", 0.0)
    asyncio.run(tidying._tidy_later())
    assert left == []


def test_a_server_that_nobody_visited_has_no_use_for_pytorch():
    code = "import sys; from dashboard import serving; print(*(name in sys.modules for name in sys.argv[1:]))"
    told = subprocess.run(
        [sys.executable, "-c", code, "torch", tidying.LISTENER], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["False", "False"]
