"""Check every promise the demo words make, from the shipped files alone.

    python scripts/demo_words/check.py core/data/demo_words

Needs NumPy and SoundFile, none of the speech engines. Prints a summary, then each broken promise; exits with 1 if
there is one.
"""

import argparse
import csv
import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from words import WORDS

SAMPLE_RATE = 16_000
CLIP_SAMPLES = 16_000
FRAME = 160
LARGEST_TOTAL_BYTES = 12_000_000
FEWEST_VOICES = 40
TEST_VOICES = {"af_kore", "af_sky", "am_michael", "am_puck", "am_fenrir", "bf_emma", "bm_fable", "bm_george"}
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Row:
    """A line of ``clips.csv``."""

    word: str
    voice: str
    engine: str
    split: str
    take: int
    index: int


def read_rows(folder: Path) -> list[Row]:
    """The table of clips."""
    with (folder / "clips.csv").open(encoding="utf-8", newline="") as file:
        return [
            Row(row["word"], row["voice"], row["engine"], row["split"], int(row["take"]), int(row["index"]))
            for row in csv.DictReader(file)
        ]


def check_files(folder: Path) -> Iterator[str]:
    """Every audio file is listed with its sum, nothing else lies there, and all is small enough."""
    sums = json.loads((folder / "about.json").read_text(encoding="utf-8"))["sha256"]
    present = {path.name for path in folder.iterdir() if path.is_file()}
    expected = set(sums) | {"about.json", "clips.csv", "noise.csv"}
    yield from (f"{name} is missing" for name in sorted(expected - present))
    yield from (f"{name} is not listed in about.json" for name in sorted(present - expected) if name.endswith(".ogg"))
    for name in sorted(set(sums) & present):
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != sums[name]:
            yield f"{name} differs from its sha256 in about.json"
    total = sum((folder / name).stat().st_size for name in present)
    if total > LARGEST_TOTAL_BYTES:
        yield f"the folder holds {total} bytes, more than {LARGEST_TOTAL_BYTES}"


def check_table(rows: list[Row]) -> Iterator[str]:
    """Splits share no voice, held-out voices are held out, and each word has enough voices."""
    splits_of_voice = defaultdict(set)
    engines_of_voice = defaultdict(set)
    voices_of_word = defaultdict(set)
    for row in rows:
        splits_of_voice[row.voice].add(row.split)
        engines_of_voice[row.voice].add(row.engine)
        voices_of_word[row.word].add(row.voice)
    for voice, splits in sorted(splits_of_voice.items()):
        if len(splits) > 1 or not splits <= set(SPLITS):
            yield f"voice {voice} is in {sorted(splits)}"
        if len(engines_of_voice[voice]) > 1:
            yield f"voice {voice} has engines {sorted(engines_of_voice[voice])}"
        held_out = voice in TEST_VOICES or engines_of_voice[voice] == {"pico"}
        if held_out != (splits == {"test"}):
            yield f"voice {voice} is in {sorted(splits)}, and {'should' if held_out else 'should not'} be in test"
        if (voice == "af_heart" or engines_of_voice[voice] == {"hibari"}) and splits != {"train"}:
            yield f"voice {voice} is in {sorted(splits)}: hibari and af_heart train together"
    if set(voices_of_word) != set(WORDS):
        yield f"the words are {sorted(voices_of_word)}"
    for word, voices in sorted(voices_of_word.items()):
        if len(voices) < FEWEST_VOICES:
            yield f"{word} has {len(voices)} voices, fewer than {FEWEST_VOICES}"
        if {next(iter(splits_of_voice[voice])) for voice in voices} != set(SPLITS):
            yield f"{word} is not in every split"
    if len({(row.word, row.voice, row.take) for row in rows}) < len(rows):
        yield "a take is listed twice"


def levels_db(clips: NDArray[np.float32]) -> NDArray[np.float64]:
    """Level of each 10 ms, shape (n_clips, n_frames), in dB below full scale."""
    frames = clips.reshape(len(clips), -1, FRAME).astype(np.float64)
    return 10 * np.log10(np.mean(frames**2, axis=2) + 1e-12)


def active_level_db(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """RMS over the frames within 25 dB of the loudest, shape (n_clips,), in dB below full scale."""
    active = levels > levels.max(axis=1, keepdims=True) - 25
    power = np.where(active, 10 ** (levels / 10), 0).sum(axis=1) / active.sum(axis=1)
    return 10 * np.log10(power)


def check_clips(word: str, clips: NDArray[np.float32]) -> Iterator[str]:
    """Each clip is audible, not clipped, not cut at its edges, and unlike the others.

    Args:
        word: For the messages.
        clips: Shape (n_clips, 16000), full scale ±1.
    """
    levels = levels_db(clips)
    loudness = active_level_db(levels)
    for index, clip in enumerate(clips):
        name = f"{word} {index}"
        if not np.isfinite(clip).all():
            yield f"{name} holds numbers that are not finite"
        if np.abs(clip).max() >= 0.99:
            yield f"{name} is clipped: its peak is {np.abs(clip).max():.3f}"
        if not -40 < loudness[index] < -8:
            yield f"{name} is at {loudness[index]:.0f} dB"
        loudest = levels[index].max()
        if max(levels[index, :2].max(), levels[index, -2:].max()) > loudest - 25:
            yield f"{name} is cut: its edge is within 25 dB of its loudest moment"
        active = np.flatnonzero(levels[index] > loudest - 25)
        if not 0.08 <= (active[-1] - active[0] + 1) / 100 <= 0.95:
            yield f"{name} lasts {(active[-1] - active[0] + 1) * 10} ms"
        if not 0.2 <= (active[-1] + active[0]) / 200 <= 0.8:
            yield f"{name} is centred at {(active[-1] + active[0]) * 5} ms"
    if len({clip.tobytes() for clip in clips}) < len(clips):
        yield f"two clips of {word} are the same"


def check_noises(folder: Path) -> Iterator[str]:
    """Noises have their stated length, are audible and not clipped, and each split has its own."""
    with (folder / "noise.csv").open(encoding="utf-8", newline="") as file:
        noises = list(csv.DictReader(file))
    of_split = {split: {noise["name"] for noise in noises if noise["split"] == split} for split in SPLITS}
    if len(of_split["train"]) != 5 or of_split["validation"] != {"running_water"} or not of_split["test"]:
        yield f"the noises are split as {of_split}"
    for noise in noises:
        waveform, sample_rate = soundfile.read(folder / f"noise_{noise['name']}.ogg", dtype="float32")
        seconds = int(noise["seconds"])
        if waveform.shape != (seconds * SAMPLE_RATE,) or sample_rate != SAMPLE_RATE or not 30 <= seconds <= 60:
            yield f"noise {noise['name']} has shape {waveform.shape} at {sample_rate} Hz, for {seconds} s"
        level_db = 10 * np.log10(np.mean(waveform.astype(np.float64) ** 2) + 1e-12)
        if np.abs(waveform).max() >= 0.99 or not -45 < level_db < -10:
            yield f"noise {noise['name']} is at {level_db:.0f} dB with peak {np.abs(waveform).max():.2f}"


def check_words(folder: Path, rows: list[Row]) -> Iterator[str]:
    """Each word's file holds exactly the clips of the table, and each clip is sound."""
    for word in WORDS:
        n_clips = sum(row.word == word for row in rows)
        if sorted(row.index for row in rows if row.word == word) != list(range(n_clips)):
            yield f"{word} is not numbered from 0 to {n_clips - 1}"
        waveform, sample_rate = soundfile.read(folder / f"{word}.ogg", dtype="float32")
        if waveform.shape != (n_clips * CLIP_SAMPLES,) or sample_rate != SAMPLE_RATE:
            yield f"{word}.ogg has shape {waveform.shape} at {sample_rate} Hz, for {n_clips} clips"
        else:
            yield from check_clips(word, waveform.reshape(n_clips, CLIP_SAMPLES))


def print_summary(folder: Path, rows: list[Row]) -> None:
    """A table of clips and voices by split and engine."""
    engines = sorted({row.engine for row in rows})
    print(f"{'clips (voices)':16}" + "".join(f"{engine:>13}" for engine in engines) + f"{'all':>13}")
    for split in SPLITS:
        cells = []
        for engine in [*engines, None]:
            chosen = [row for row in rows if row.split == split and engine in (row.engine, None)]
            cells.append(f"{len(chosen)} ({len({row.voice for row in chosen})})")
        print(f"{split:16}" + "".join(f"{cell:>13}" for cell in cells))
    fewest = min((len({row.voice for row in rows if row.word == word}), word) for word in WORDS)
    total = sum(path.stat().st_size for path in folder.iterdir())
    print(f"{len(rows)} clips; fewest voices: {fewest[0]} ({fewest[1]}); {total / 1e6:.2f} MB in all")


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder of the demo words")
    folder = parser.parse_args().folder
    rows = read_rows(folder)
    print_summary(folder, rows)
    broken = [*check_files(folder), *check_table(rows), *check_words(folder, rows), *check_noises(folder)]
    for promise in broken:
        print(f"BROKEN: {promise}")
    print("every promise holds" if not broken else f"{len(broken)} promises broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
