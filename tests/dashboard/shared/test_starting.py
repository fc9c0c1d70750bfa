"""What takes seconds to import is there before a page goes on, and a fault in it is said."""

import subprocess
import sys

import pytest

from dashboard.shared import starting
from tests.dashboard.conftest import PROJECT


@pytest.fixture(autouse=True)
def nothing_begun(monkeypatch):
    monkeypatch.setattr(starting, "_thread", None)


def test_pages_that_no_server_shows_do_not_wait():
    assert starting.is_done()
    starting.wait()


def test_a_page_that_waited_finds_all_of_it_imported(monkeypatch, tmp_path):
    names = ("slow_to_import", "wanted_after_it")
    (tmp_path / "slow_to_import.py").write_text("import time\ntime.sleep(0.2)\nREADY = True\n")
    (tmp_path / "wanted_after_it.py").write_text("import slow_to_import\nREADY = slow_to_import.READY\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(starting, "MODULES", names)
    starting.begin()
    assert not starting.is_done()
    starting.wait()
    assert starting.is_done()
    assert all(sys.modules.pop(name).READY for name in names)


def test_what_cannot_be_imported_is_logged_and_nobody_waits_for_ever(monkeypatch, caplog):
    monkeypatch.setattr(starting, "MODULES", ("no_such_module",))
    starting.begin()
    starting.wait()
    assert starting.is_done()
    assert "No module named 'no_such_module'" in caplog.text


def test_the_first_button_needs_neither_pytorch_nor_pandas_nor_figures():
    """Whoever opens the first page of a fresh server sees its button before these are there."""
    code = """
import sys
import streamlit as st
from dashboard.shared import address, picker, places, saving, starting, state, widgets
from dashboard.components import microphone
from dashboard.views.live import choices
microphone.draw_waiting("a")
print([name for name in ("torch", "pandas", "scipy.stats", "sklearn", "core.figures") if name in sys.modules])
"""
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"
