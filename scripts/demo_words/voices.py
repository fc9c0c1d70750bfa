"""Who speaks, on which side of the split.

A voice is on one side only: a network that scores well on the test voices has learned the words, not the speakers.
hibari was distilled from Kokoro's ``af_heart``, so both train. Pico, an engine that never trains, only tests.
"""

from dataclasses import dataclass

TRAIN, VALIDATION, TEST = "train", "validation", "test"


@dataclass(frozen=True)
class Voice:
    """One speaker: an engine and the settings that make it sound like somebody."""

    name: str
    """What the table of clips calls it."""
    engine: str
    """``kokoro``, ``hibari``, ``espeak`` or ``pico``."""
    split: str
    """``train``, ``validation`` or ``test``."""
    base: str
    """The engine's own name for the voice, for example ``af_heart`` or ``en-us+f2``."""
    british: bool = False
    """Which column of the phoneme table it reads (Kokoro and hibari)."""
    pace: float = 1.0
    """Speed of speech: 1 is the engine's own, larger is faster."""
    pitch: float = 1.0
    """Pitch: a factor for hibari and Pico, espeak's scale of 0 to 99 divided by 50 for espeak."""
    formants: float = 1.0
    """Vocal-tract warp of hibari: above 1 moves the resonances up, as in a smaller head."""


def _kokoro() -> list[Voice]:
    test = ["af_kore", "af_sky", "am_michael", "am_puck", "am_fenrir", "bf_emma", "bm_fable", "bm_george"]
    validation = ["af_nova", "am_eric", "bf_isabella", "bm_daniel"]
    train = [
        "af_alloy",
        "af_aoede",
        "af_bella",
        "af_heart",
        "af_jessica",
        "af_nicole",
        "af_river",
        "af_sarah",
        "am_adam",
        "am_echo",
        "am_liam",
        "am_onyx",
        "am_santa",
        "bf_alice",
        "bf_lily",
        "bm_lewis",
    ]
    paces = (0.95, 1.05, 0.9, 1.1, 1.0, 0.85, 1.15)
    sides = [(TRAIN, train), (VALIDATION, validation), (TEST, test)]
    return [
        Voice(name, "kokoro", split, name, british=name[0] == "b", pace=paces[i % len(paces)])
        for split, names in sides
        for i, name in enumerate(names)
    ]


def _hibari() -> list[Voice]:
    settings = [
        # name, pitch, formants, pace
        ("plain", 1.00, 1.00, 0.85),
        ("woman_low", 0.84, 0.95, 0.78),
        ("woman_high", 1.14, 1.03, 0.90),
        ("girl", 1.22, 1.06, 0.85),
        ("child", 1.34, 1.10, 0.80),
        ("man", 0.60, 0.87, 0.85),
        ("man_deep", 0.48, 0.82, 0.78),
        ("man_high", 0.72, 0.90, 0.95),
    ]
    return [
        Voice(f"hibari_{name}", "hibari", TRAIN, "heart", pace=pace, pitch=pitch, formants=formants)
        for name, pitch, formants, pace in settings
    ]


def _espeak() -> list[Voice]:
    settings = [
        # accent and variant ("en" alone is British), pitch on espeak's scale, words a minute, split
        ("en-us+f2", 77, 150, TRAIN),
        ("en-us+benjamin", 54, 137, TRAIN),
        ("en-us+caleb", 34, 172, TRAIN),
        ("en-us+m5", 74, 123, TRAIN),
        ("en-us+Denis", 47, 160, TRAIN),
        ("en-us-nyc+f1", 58, 153, TRAIN),
        ("en-us-nyc+miguel", 68, 149, TRAIN),
        ("en-us-nyc+anika", 70, 145, TRAIN),
        ("en+ed", 62, 151, TRAIN),
        ("en+f5", 73, 162, TRAIN),
        ("en+Reed", 27, 137, TRAIN),
        ("en-gb-scotland+Diogo", 55, 145, TRAIN),
        ("en-gb-scotland+f5", 33, 137, TRAIN),
        ("en-gb-x-rp+m6", 56, 141, TRAIN),
        ("en-gb-x-gbclan+Hugo", 40, 146, TRAIN),
        ("en-gb-x-gbcwmd+adam", 64, 160, TRAIN),
        ("en-029+edward", 71, 153, TRAIN),
        ("en-us+Alex", 66, 155, VALIDATION),
        ("en-us+f3", 55, 148, VALIDATION),
        ("en-gb-x-rp+m4", 38, 158, VALIDATION),
    ]
    return [
        Voice(
            "espeak_" + base.replace("en+", "en-gb+").replace("+", "_").replace("-", "_").lower(),
            "espeak",
            split,
            base,
            pace=words_a_minute / 150,
            pitch=pitch / 50,
        )
        for base, pitch, words_a_minute, split in settings
    ]


def _pico() -> list[Voice]:
    settings = [
        ("pico_us", "en-US", 1.00, 1.00),
        ("pico_gb", "en-GB", 1.00, 1.00),
        ("pico_us_low", "en-US", 0.80, 0.92),
        ("pico_gb_high", "en-GB", 1.20, 1.10),
    ]
    return [Voice(name, "pico", TEST, base, pitch=pitch, pace=pace) for name, base, pitch, pace in settings]


VOICES = tuple(_kokoro() + _hibari() + _espeak() + _pico())
