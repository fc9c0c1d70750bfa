"""Many channels to one that keeps the speech, and samples of any range to -1 to 1; each says what it had to do."""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from core.errors import AudioError
from core.records.arrays import Waveform

MOST_CHANNELS = 64

BLOCKS_A_SECOND = 50
"""Blocks in which channels are compared and samples resampled: 20 ms. Short ones keep the delay of a stream small, and
one size makes the chunks irrelevant in which the sound comes."""

COMPARED_HZ = 8_000
"""Channels are compared by the changes of their samples, this many a second: an offset counts nothing and hum little,
but voices, which lie from 0.3 to 4 kHz, do."""

MEMORY_S = 0.1
"""Time constant of what the comparison remembers: short, since a word is."""

CANCELLED, KEPT = 0.25, 0.5
"""Power of the channels' mean, where 1 is that of unrelated channels (in-phase ones have as much as there are
channels, opposite ones 0): below the first they cancel each other, and above the second no longer."""

STILL = 2e-8
"""Power of those changes, added up over what is remembered (full scale is 1), below which nothing is to be heard, and
nothing is decided: the last of 16 bits has half of it."""

SAID_BLOCKS = 5
"""Blocks in which channels have to cancel each other before it is worth a word: 0.1 s."""

MEAN = -1

MOST_OVER = 4.0
"""Peak up to which samples are a sound with too much gain (12 dB), which is clipped at full scale."""

WORTH_SAYING = (1.25, 0.001)
"""Peak, and share of samples beyond full scale, from which clipping is worth a word: resampling and lossy formats
overshoot a little."""

WHOLE_NUMBERS = (16, 24, 32)
"""Bits of the whole numbers that floating-point samples may be by mistake."""

LOWEST_PEAK = 256.0
"""Peak from which samples count as such whole numbers; 42 dB below the full scale of 16 bits."""

OVERSHOOT = 1.25
"""How far resampling may have taken them beyond their range."""


class Note(NamedTuple):
    """What was wrong with a sound, and what was done about it."""

    what: str
    action: str

    def __str__(self) -> str:
        return f"{self.what}; {self.action}"


class Mixer:
    """Channels to one, in a stream of any chunks: their mean, or where that cancels them the first of the strong ones.

    Every 20 ms the power of the mean is compared with that of the channels, over the last tenth of a second. A decision
    needs nothing of what comes later, and is the same for a file and a stream. From one choice to the next the sound
    fades over a block. Channels that are alike, unrelated or dead are averaged.

    >>> voice = np.sin(np.arange(16_000) * 0.2)
    >>> mixer = Mixer(16_000, 2)
    >>> mixed = mixer.push(np.stack([voice, -voice], axis=1))
    >>> bool(np.allclose(mixed, voice)), str(mixer.note)
    (True, 'its 2 channels cancel each other; channel 1 was used')

    Args:
        rate: Samples per second.
        n_channels: How many channels there are.
    """

    def __init__(self, rate: int, n_channels: int) -> None:
        self.n_channels = n_channels
        self._block = max(1, rate // BLOCKS_A_SECOND)
        self._step = max(1, rate // COMPARED_HZ)
        self._decay = float(np.exp(-1 / (MEMORY_S * BLOCKS_A_SECOND)))
        self._powers = np.zeros(n_channels + 1)
        self._waiting = np.zeros((0, n_channels), np.float32)
        self._choice = MEAN
        self._n_blocks = 0
        self._used: dict[int, int] = {}

    # Damaged files hold what is no number; whoever reads them looks at the result.
    @np.errstate(over="ignore", invalid="ignore")
    def push(self, samples: NDArray[np.floating]) -> Waveform:
        """More of the sound, (n, channels); gives what is ready, (m,): up to one block is held back.

        One channel passes at once.
        """
        if self.n_channels == 1:
            return samples[:, 0].astype(np.float32)
        waiting = np.concatenate([self._waiting, samples]) if len(self._waiting) else samples
        whole = len(waiting) - len(waiting) % self._block
        self._waiting = waiting[whole:].copy()
        return self._mix(waiting[:whole], self._block)

    @np.errstate(over="ignore", invalid="ignore")
    def finish(self) -> Waveform:
        """What is still held back when the sound ends."""
        rest, self._waiting = self._waiting, self._waiting[:0]
        return self._mix(rest, len(rest))

    @property
    def note(self) -> Note | None:
        """What was done, if channels cancelled each other."""
        n_used = sum(self._used.values())
        if n_used < SAID_BLOCKS:
            return None
        share = n_used / self._n_blocks
        where = "" if share > 0.9 else f" in {max(share, 0.01):.0%} of it"
        one = f"channel {next(iter(self._used)) + 1}" if len(self._used) == 1 else "a strong one"
        return Note(f"its {self.n_channels} channels cancel each other{where}", f"{one} was used")

    def _mix(self, samples: NDArray[np.floating], block: int) -> Waveform:
        """Whole blocks, (n, channels), to one channel."""
        if len(samples) == 0:
            return np.zeros(0, np.float32)
        # Channel by channel in float64, so that the order of additions does not depend on the size of the chunk.
        mixed = np.zeros(len(samples))
        for channel in samples.T:
            mixed += channel
        mixed /= self.n_channels
        blocks, mean = samples.reshape(-1, block, self.n_channels), mixed.reshape(-1, block)
        ramp = np.arange(1, block + 1) / block
        for number, (before, now) in enumerate(self._choices(blocks[:, :: self._step])):
            if (before, now) != (MEAN, MEAN):
                old, new = (
                    blocks[number, :, choice] if choice != MEAN else mean[number].copy() for choice in (before, now)
                )
                mean[number] = new if before == now else old + (new - old) * ramp
        return mixed.astype(np.float32)

    def _choices(self, blocks: NDArray[np.floating]) -> list[tuple[int, int]]:
        """For each of some blocks, (n, samples, channels): what was used before it, and what from its end on."""
        # Contiguous along time, so that each sum is added up in the same order however many blocks there are.
        changes = np.diff(np.ascontiguousarray(blocks.transpose(0, 2, 1), np.float64), axis=2)
        n_changes = max(1, changes.shape[2])
        powers = np.empty((len(blocks), self.n_channels + 1))
        powers[:, :-1] = np.square(changes).sum(axis=2) / n_changes
        powers[:, -1] = np.square(changes.mean(axis=1)).sum(axis=1) / n_changes
        found = []
        for new in powers:
            self._powers = self._decay * self._powers + new
            channels, of_mean = self._powers[:-1], self._powers[-1]
            of_channels, loudest = channels.mean(), channels.max()
            before = self._choice
            if of_channels > STILL:
                related = self.n_channels * of_mean / of_channels
                if not related < (CANCELLED if before == MEAN else KEPT):
                    self._choice = MEAN
                elif before == MEAN or channels[before] < loudest / 4:
                    self._choice = int(np.argmax(channels >= loudest / 2))
                if not self._n_blocks:
                    # Nothing was heard before from which to fade.
                    before = self._choice
                self._n_blocks += 1
                if self._choice != MEAN:
                    self._used[self._choice] = self._used.get(self._choice, 0) + 1
            found.append((before, self._choice))
        return found


def to_full_scale(mixed: Waveform, name: str = "The sound") -> tuple[Waveform, Note | None]:
    """Floating-point samples as a sound in -1 to 1, and what was done, if it is worth a word.

    The rule, by the peak: up to 4 it is a sound with too much gain, and is clipped at 1. From 256 to 1.25 x 2^31 it is
    whole numbers of 16, 24 or 32 bits, the fewest that hold it, and is divided by their full scale. What lies between,
    and beyond, has no sensible reading. ``mixed`` may be changed.

    >>> to_full_scale(np.array([0, 16_384, -32_768], np.float32))[0].tolist()
    [0.0, 0.5, -1.0]

    Raises:
        AudioError: If samples are no numbers, or their range has no sensible reading.
    """
    peak = float(max(mixed.max(), -mixed.min())) if len(mixed) else 0.0
    if not np.isfinite(peak):
        raise AudioError(f"{name} holds samples that are no numbers; it is damaged. Choose another file.")
    if peak <= MOST_OVER:
        least, least_share = WORTH_SAYING
        share = float((np.abs(mixed) > 1).mean()) if peak > least else 0.0
        np.clip(mixed, -1, 1, out=mixed)
        what = f"{share:.1%} of its samples lie beyond full scale (up to {peak:.1f}, where 1 is full scale)"
        return mixed, Note(what, "they were clipped") if share > least_share else None
    for bits in WHOLE_NUMBERS:
        full_scale = 2.0 ** (bits - 1)
        if LOWEST_PEAK <= peak <= OVERSHOOT * full_scale:
            mixed /= np.float32(full_scale)
            what = f"its floating-point samples reach {peak:,.0f}, where 1 is full scale"
            return np.clip(mixed, -1, 1, out=mixed), Note(what, f"they were read as {bits}-bit values")
    raise AudioError(f"{name} {out_of_range(peak)} Export it again as 16-bit samples, or scale it.")


def out_of_range(peak: float) -> str:
    """Why samples of this peak are refused; the rest of a sentence that begins with their name."""
    most = OVERSHOOT * 2.0 ** (WHOLE_NUMBERS[-1] - 1)
    return (
        f"holds floating-point samples up to {peak:,.6g}, where 1 is full scale: more than a sound with too much gain "
        f"has (up to {MOST_OVER:g}), and not the range of 16-, 24- or 32-bit values either "
        f"({LOWEST_PEAK:g} to {most:,.0f})."
    )


def in_float(samples: NDArray[np.generic]) -> NDArray[np.floating]:
    """Samples of any kind as floating point; whole numbers are divided by their full scale.

    >>> in_float(np.array([-128, 64], np.int8)).tolist()
    [-1.0, 0.5]
    """
    if np.issubdtype(samples.dtype, np.floating):
        return cast(NDArray[np.floating], samples)
    bits = 8 * samples.dtype.itemsize
    middle = 2.0 ** (bits - 1) if np.issubdtype(samples.dtype, np.unsignedinteger) else 0.0
    kind = np.float32 if bits <= 16 else np.float64
    values: NDArray[np.floating] = samples.astype(kind)
    if middle:
        values -= kind(middle)
    values /= kind(2.0 ** (bits - 1))
    return values
