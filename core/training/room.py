"""Fitting a trained model to a room: how its spectrogram treats each band learns from words in the room's own noise.

Where the model has PCEN, its numbers learn; elsewhere each normalised band gets a gain and a shift, which then are
written into the running statistics of its normalisation. Filters and network stay as they are, so that two or four
numbers a band are all that a minute of noise has to teach.

Half of the room's noise is learned from, and the other half is what the model is measured in. Noise is mixed in at the
loudness that it has beside words of usual loudness, 20 dB below them to as loud, and a part of the clips stay in quiet:
without those the linear model, trained in quiet, lost 10.7 points there (validation clips).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from core.config import CLIP_SAMPLES, SILENCE_LABEL
from core.data.augment import Noise, spoken_power
from core.data.noises import Recordings
from core.data.packed import Pack
from core.errors import DataError
from core.fast import choose
from core.models import KeywordSpotter
from core.models.normalise import BandNorm
from core.records.room import LEAST_S
from core.sound.levels import NOTHING_RMS, rms
from core.training.batches import BATCH, Clips

SNR_DB = (0.0, 20.0)
"""How far the words stand out of the noise while it is learned from (dB)."""

QUIET = 0.5
"""Share of the clips that are learned from without the noise. With a quarter, models gain as much in the noise and lose
more in quiet (600 validation clips, two rooms, four models: 1.0 to 3.7 points instead of 0.3 to 2.5)."""

STEPS = 100
"""Twice as many gain nothing more."""

BAND_RATE = 2e-2
"""Size of a step (Adam) of the gain and the shift of a band, whose numbers have deviation 1."""

PCEN_RATE = 1e-2
"""Size of a step of PCEN's numbers, as a share of what each is on average."""

LEVEL_CLIPS = 500
"""Words that tell what loudness is usual."""


@dataclass(frozen=True, eq=False)
class Room:
    """The noise of a room on a device, in two halves, beside words of usual loudness."""

    learned: Noise
    heard: Noise
    """What the model never learned from."""
    scale: float
    """What the noise is multiplied by to be as loud as the words."""

    def mixed(self, waveform: Tensor, noise: Tensor, snr_db: Tensor) -> Tensor:
        """Clips (n, 16000) in seconds of noise (n, 16000), which lie ``snr_db`` (n,) below words of usual loudness.

        A mix beyond full scale is turned down as a whole, as an automatic recording level does.
        """
        mix = waveform + noise * (self.scale * 10 ** (-snr_db / 20))[:, None]
        return mix / mix.abs().amax(dim=1, keepdim=True).clamp_min(1)


def room_of(recordings: Recordings, clips: Clips, data: Pack) -> Room:
    """The room that recordings were made in.

    Args:
        recordings: Its noise; nobody says a keyword there.
        clips: The data's clips on the model's device.
        data: What the model learned.

    Raises:
        DataError: If the noise is too short, or silent.
    """
    seconds = whole_seconds(recordings)
    power = float(np.square(seconds.astype(np.float64) / 32768).mean())
    # Every other second to each half: what changes with time is in both.
    learned, heard = (Noise({"room": seconds[first::2].ravel()}, clips.device, CLIP_SAMPLES) for first in (0, 1))
    rows = data.indices("train")
    words = rows[data.words[rows] != SILENCE_LABEL]
    some = np.random.default_rng(0).permutation(words)[:LEVEL_CLIPS]
    usual = float(spoken_power(clips.waveforms(torch.from_numpy(some))).median())
    return Room(learned, heard, scale=(usual / power) ** 0.5)


def whole_seconds(recordings: Recordings) -> NDArray[np.int16]:
    """The seconds of a room's noise, (n, 16000).

    Raises:
        DataError: If they are too few, or every other one is silent.
    """
    samples = np.concatenate([np.zeros(0, np.int16), *recordings.values()])
    n_seconds = len(samples) // CLIP_SAMPLES
    if n_seconds < LEAST_S:
        raise DataError(
            f"The room's noise lasts {n_seconds} whole seconds, and {LEAST_S} are the least: half of them are learned "
            "from, half are what the model is measured in. Record for longer."
        )
    seconds = samples[: n_seconds * CLIP_SAMPLES].reshape(n_seconds, CLIP_SAMPLES)
    sound = ((seconds - seconds.mean(axis=1, keepdims=True)) / 32768).astype(np.float32)
    if min(rms(sound[first::2]) for first in (0, 1)) < NOTHING_RMS:
        raise DataError(
            "The room's noise is silent, or every other second of it: there is nothing to fit to. Choose another "
            "microphone, or record in the room as it is when it is used."
        )
    return seconds


class BandGain(nn.Module):
    """A gain and a shift for each normalised band, behind its normalisation.

    Shapes:
        input and output: (n_clips, n_mels, n_frames).
    """

    def __init__(self, norm: BandNorm) -> None:
        super().__init__()
        self.norm = norm
        like = norm.running_mean
        assert like is not None
        self.log_gain = nn.Parameter(torch.zeros_like(like))
        self.shift = nn.Parameter(torch.zeros_like(like))

    def forward(self, log_mel: Tensor) -> Tensor:
        """The normalised bands, each louder or quieter, and moved."""
        normalised: Tensor = self.norm(log_mel)
        return normalised * self.log_gain.exp()[:, None] + self.shift[:, None]

    @torch.no_grad()
    def folded(self) -> BandNorm:
        """The same as a normalisation alone: (x - m) / d * g + s is (x - (m - s d / g)) / (d / g)."""
        norm, gain = self.norm, self.log_gain.exp()
        assert norm.running_mean is not None
        assert norm.running_var is not None
        deviation = torch.sqrt(norm.running_var + norm.eps)
        norm.running_mean.sub_(self.shift * deviation / gain)
        norm.running_var.copy_((deviation / gain).square() - norm.eps)
        return norm


def adapt(
    model: KeywordSpotter,
    clips: Clips,
    data: Pack,
    room: Room,
    *,
    seed: int = 0,
    on_step: Callable[[int, int], None] | None = None,
) -> None:
    """Fit a model to a room, in place.

    Args:
        model: The model, on the clips' device, with PCEN that learns or bands that are normalised.
        clips: The data's clips.
        data: What it learned: words, and what is none of them.
        room: The room.
        seed: Of the clips and the noise that are drawn.
        on_step: Called with the steps done and all of them; raising in it cancels, and leaves the model half-way.
    """
    model.eval()
    normalise = model.normalise
    gains = BandGain(normalise) if model.pcen is None and isinstance(normalise, BandNorm) else None
    groups: list[dict[str, object]]
    if gains is not None:
        model.normalise = gains
        learning = [gains.log_gain, gains.shift]
        groups = [{"params": learning, "lr": BAND_RATE}]
    else:
        assert model.pcen is not None
        learning = list(model.pcen.parameters())
        groups = [{"params": [one], "lr": PCEN_RATE * float(one.detach().abs().mean())} for one in learning]
    fixed = [one for one in model.parameters() if one.requires_grad and all(one is not other for other in learning)]
    generator = torch.Generator(clips.device).manual_seed(seed)
    optimizer = torch.optim.Adam(groups)
    rows, draws = torch.from_numpy(data.indices("train")), torch.Generator().manual_seed(seed)
    try:
        for one in fixed:
            one.requires_grad_(False)
        for step in range(STEPS):
            chosen = rows[torch.randint(len(rows), (BATCH,), generator=draws)]
            with torch.no_grad():
                log_mel = model.front_end(_drawn(clips.waveforms(chosen), room, generator))
            loss = functional.cross_entropy(model.classify(log_mel), clips.labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if model.pcen is not None:
                model.pcen.project()
            if on_step:
                on_step(step + 1, STEPS)
    finally:
        for one in fixed:
            one.requires_grad_(True)
        if gains is not None:
            model.normalise = gains.folded()


def _drawn(waveform: Tensor, room: Room, generator: torch.Generator) -> Tensor:
    """Clips in the half of the noise that is learned from, some of them in quiet."""
    n, device = len(waveform), waveform.device
    low, high = SNR_DB
    snr_db = low + (high - low) * torch.rand(n, generator=generator, device=device)
    quiet = torch.rand(n, generator=generator, device=device) < QUIET
    return room.mixed(waveform, room.learned.draw(n, generator), snr_db.masked_fill(quiet, torch.inf))


def in_room(clips: Clips, rows: Tensor, room: Room, snr_db: float) -> Iterator[Tensor]:
    """Clips in the half of the noise that is not learned from, batch by batch; the same clip meets the same noise.

    Args:
        clips: The clips.
        rows: Which of them, (n,).
        room: The room.
        snr_db: How far words of usual loudness stand out (dB); infinity for quiet.
    """
    generator = torch.Generator(clips.device).manual_seed(0)
    for part in rows.split(BATCH):
        ratio = torch.full((len(part),), snr_db, device=clips.device)
        yield room.mixed(clips.waveforms(part), room.heard.draw(len(part), generator), ratio)


@torch.inference_mode()
def answers(
    model: KeywordSpotter, sounds: Iterable[Tensor], on_batch: Callable[[int], None] | None = None
) -> NDArray[np.int64]:
    """The labels that a model in evaluation mode answers with, (n,).

    Args:
        model: The model.
        sounds: Waveforms on its device, batch by batch.
        on_batch: Called with the number of clips of each batch; raising in it cancels.
    """
    found = []
    network: Callable[[Tensor], Tensor] | None = None
    for sound in sounds:
        network = network or choose.network_for_answers(model, sound.device)
        found.append(network(model.features(model.front_end(sound))).argmax(dim=1).cpu().numpy())
        if on_batch:
            on_batch(len(sound))
    return np.concatenate(found)
