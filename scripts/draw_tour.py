"""Film the first minute, and photograph the five places, for the README.

    streamlit run dashboard/app.py --server.port=8501      in another terminal, with KWS_RUNS=/a/copy/of/checkpoints
    python scripts/draw_tour.py http://127.0.0.1:8501 docs

Uses Chromium through playwright, as the browser tests do; its microphone hears some of the demo words.
"""

from __future__ import annotations

import argparse
import io
import shutil
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from core.config import SAMPLE_RATE
from core.data.pack import open_data

SPOKEN = ("yes", "stop", "left", "go", "no", "right")
"""What the microphone hears, one after the other, and then again."""

PAUSE_S = 0.9
VIEW = {"width": 1280, "height": 800}
FRAME = (800, 500)
"""Size of a picture of the film (px)."""

PHOTOGRAPH = (1024, 640)
"""Size of a photograph (px)."""

LONGEST_S = 240
"""Wait for a training on a slow computer (s)."""

PLACES = {"try": "", "train": "training", "see": "filterbank", "judge": "mistakes", "use": "export"}
"""Name of each place's photograph, and where it is taken."""


class Film:
    """Pictures of a page, each with how long it is shown (ms)."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.frames: list[tuple[Image.Image, int]] = []

    def take(self, shown_ms: int) -> None:
        """One picture of the page as it is now."""
        shot = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        self.frames.append((shot.resize(FRAME, Image.Resampling.LANCZOS), shown_ms))

    def roll(self, n: int, every_ms: int, shown_ms: int) -> None:
        """Several pictures, some time apart."""
        for _ in range(n):
            self.take(shown_ms)
            self.page.wait_for_timeout(every_ms)

    def save(self, path: Path) -> None:
        """Write the film."""
        first, *others = (frame for frame, _ in self.frames)
        times = [shown_ms for _, shown_ms in self.frames]
        first.save(path, save_all=True, append_images=others, duration=times, loop=0, quality=60, method=6)


def microphone(folder: Path) -> Path:
    """A sound file that stands for a microphone: demo words with pauses."""
    words = open_data(None)
    parts = []
    for word in SPOKEN:
        row = np.flatnonzero((words.words == word) & (words.splits == "official"))[0]
        parts += [words.clip(int(row)), np.zeros(round(PAUSE_S * SAMPLE_RATE), np.float32)]
    path = folder / "words.wav"
    soundfile.write(path, np.concatenate(parts), SAMPLE_RATE)
    return path


def settle(page: Page) -> None:
    """Wait until the page stands still."""
    page.wait_for_timeout(500)
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for(timeout=1000 * LONGEST_S)
    page.wait_for_timeout(1000)


def photograph(page: Page, path: Path) -> None:
    """A picture of the page; on Export the file is made first, and on Try somebody talks."""
    if (make := page.get_by_role("button", name="Make the file")).count():
        make.click()
        page.get_by_text("It answers").wait_for(timeout=1000 * LONGEST_S)
        settle(page)
    if (start := page.get_by_role("button", name="Start listening")).count():
        start.click()
        page.wait_for_timeout(9000)
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    shot.resize(PHOTOGRAPH, Image.Resampling.LANCZOS).save(path, quality=80, method=6)


def first_minute(page: Page, url: str) -> Film:
    """Talk, flip the filters, train, and look at what became of it."""
    film = Film(page)
    page.goto(url)
    page.get_by_role("button", name="Start listening").wait_for(timeout=1000 * LONGEST_S)
    settle(page)
    film.take(1200)
    page.get_by_role("button", name="Start listening").click()
    page.wait_for_timeout(2500)
    film.roll(16, 350, 350)
    flip = page.get_by_role("radio", name="Textbook filters")
    if flip.count():
        flip.check(force=True)
        page.wait_for_timeout(1500)
        film.roll(6, 350, 400)
        page.get_by_role("radio", name="Learned filters").check(force=True)
        page.wait_for_timeout(1000)
    page.locator(".ear").get_by_role("button", name="Stop").click()
    page.locator(".st-key-places").get_by_role("link", name="Train").click()
    settle(page)
    film.take(1800)
    page.get_by_role("button", name="Start training").click()
    close = page.get_by_role("button", name="Close", exact=True)
    for _ in range(LONGEST_S // 4):
        page.wait_for_timeout(4000)
        if close.count():
            break
        if len(film.frames) < 40:
            film.take(600)
    settle(page)
    film.take(2500)
    page.locator(".st-key-training_ended").get_by_role("button", name="Try it").click()
    settle(page)
    page.get_by_role("button", name="Start listening").click()
    page.wait_for_timeout(3000)
    film.roll(8, 350, 350)
    page.locator(".ear").get_by_role("button", name="Stop").click()
    return film


def main() -> None:
    """Read the command line, film and photograph."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="where the dashboard runs")
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("--places-alone", action="store_true", help="leave the film as it is")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        hears = (
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-audio-capture={microphone(Path(folder))}",
        )
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=["--no-sandbox", *hears]
        )
        page = browser.new_page(viewport=VIEW)
        page.set_default_timeout(1000 * LONGEST_S)
        for name, place in PLACES.items():
            page.goto(f"{options.url}/{place}")
            settle(page)
            photograph(page, options.folder / f"place-{name}.webp")
        if not options.places_alone:
            first_minute(page, options.url).save(options.folder / "first-minute.webp")
        browser.close()


if __name__ == "__main__":
    main()
