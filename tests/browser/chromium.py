"""Chromium as the tests start it, with a microphone that hears a file."""

import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""What it may be called. Its shell without a window, a package of its own, starts sooner; no page of its hears a
microphone that it has to ask for."""

SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)
"""They let it run as root, in a container, and ask nothing of the network."""

MAY_HEAR = "--use-fake-ui-for-media-stream"
"""The switch with which no page has to ask for the microphone."""


def launch(chromium, signal, *switches):
    """A browser whose microphone hears a file; skips the test where none is installed.

    Args:
        chromium: Playwright's Chromium.
        signal: The file, with ``%noloop`` behind it if it is heard once.
        switches: Further ones.
    """
    executable = next((path for name in NAMES if (path := shutil.which(name))), None)
    if executable is None:
        pytest.skip("no browser: install Chromium (Debian, Ubuntu: apt-get install chromium)")
    hears = ("--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={signal}")
    return chromium.launch(executable_path=executable, args=[*SWITCHES, *hears, *switches])
