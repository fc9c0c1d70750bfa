"""What other tests rely on: who waits until a page is calm has the answer to the last click."""

import os
import signal
from threading import Timer

from tests.browser.pages import main, wait_until_calm

BUSY_S = 0.5


def test_a_page_is_not_calm_before_a_busy_server_has_answered_the_last_click(visit, add_model, server):
    add_model()
    page = visit("live")
    os.kill(server.process.pid, signal.SIGSTOP)
    Timer(BUSY_S, os.kill, (server.process.pid, signal.SIGCONT)).start()
    page.get_by_role("radio", name="Drop a file").click()
    wait_until_calm(page)
    assert main(page).locator('input[type="file"]').count() == 1
