"""What mel filters and STFT kernels are before training, and mel filters that keep a shape while they learn."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from core.config import FrontEndConfig, MelShape
from core.frontend.mel_scale import SLANEY_CORNER_HZ, SLANEY_HZ_PER_MEL, SLANEY_MELS_PER_E, bin_frequencies, hz_to_mel

WIDTH_OF_GAUSSIAN = 2 * (2 * np.log(2)) ** 0.5
"""Width of a Gaussian at half its height, in standard deviations."""


def random_mel(config: FrontEndConfig) -> Tensor:
    """Mel filters without any order, (n_mels, n_bins), drawn from ``config.start_seed``.

    Weights are uniform up to He's bound with the negative ones set to zero, as in the random initialisation of Heung,
    Cheuk and Herremans (2022).
    """
    weights = torch.empty(config.n_mels, config.n_bins)
    nn.init.kaiming_uniform_(weights, generator=_generator(config))
    return weights.relu_()


def random_kernels(config: FrontEndConfig, window: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine and sine kernels of nothing but noise under the window, each (n_bins, 1, n_fft).

    Each has the energy that its Fourier kernel would have on average, so that powers keep their size.
    """
    shape = (config.n_bins, 1, config.n_fft)
    # Apart from the mel filters' numbers, whichever of the two are drawn.
    generator = _generator(config, stream=1)
    cosine, sine = (torch.randn(shape, generator=generator) * 0.5**0.5 for _ in range(2))
    return cosine * window, sine * window


def _generator(config: FrontEndConfig, stream: int = 0) -> torch.Generator:
    seed = np.random.SeedSequence((config.start_seed, stream)).generate_state(1, np.uint64)[0] >> 1
    return torch.Generator().manual_seed(int(seed))


class ShapedMel(nn.Module):
    """Mel filters that learn where they listen and how widely, two numbers each, and always keep their shape.

    Triangles are those of FastAudio (Fu et al., 2022). Gaussians (``mel_shape="bell"``) are what the power response of
    a Gabor filter is (the filters of LEAF; Zeghidour et al., 2021), here over the bins of the spectrum. At the start
    the triangles are the textbook's mel filters, and the Gaussians have the same widths at half their height.

    Both numbers are on the mel scale of the settings: ``centres`` (n_mels,), and ``widths`` (n_mels,) from the centre
    to either end of the triangle.

    >>> shaped = ShapedMel(FrontEndConfig(n_mels=4, mel_shape="triangle"))
    >>> shaped().shape, sum(p.numel() for p in shaped.parameters())
    (torch.Size([4, 241]), 8)
    """

    hz: Tensor

    def __init__(self, config: FrontEndConfig) -> None:
        super().__init__()
        self.shape: MelShape = config.mel_shape
        self.htk, self.norm = config.htk, config.norm
        top_hz = config.sample_rate / 2 if config.fmax is None else config.fmax
        low, high = (float(hz_to_mel(hz, htk=config.htk)) for hz in (config.fmin, top_hz))
        spacing = (high - low) / (config.n_mels + 1)
        hz = bin_frequencies(config.n_fft, config.sample_rate)
        self.register_buffer("hz", torch.from_numpy(hz).float(), persistent=False)
        self.centres = nn.Parameter(low + spacing * torch.arange(1, config.n_mels + 1, dtype=torch.float32))
        self.widths = nn.Parameter(torch.full((config.n_mels,), spacing))
        self.lowest, self.highest = low, high
        # Where bins lie densest on the mel scale, a filter of this width still meets one; narrower ones could fall
        # between two bins, hear nothing, and never learn again.
        self.narrowest = min(spacing, float(hz_to_mel(hz[1], htk=config.htk)))

    def forward(self) -> Tensor:
        """The filters, (n_mels, n_bins)."""
        ends = (self.centres - self.widths, self.centres, self.centres + self.widths)
        low, centre, high = (mel_to_hz(mel, htk=self.htk)[:, None] for mel in ends)
        if self.shape == "triangle":
            weights = torch.minimum((self.hz - low) / (centre - low), (high - self.hz) / (high - centre)).relu()
        else:
            deviation = (high - low) / 2 / WIDTH_OF_GAUSSIAN
            weights = torch.exp(-0.5 * ((self.hz - centre) / deviation).square())
        return weights * (2 / (high - low)) if self.norm else weights

    @torch.no_grad()
    def project(self) -> None:
        """After a step: centres within the range of the initial filters, widths wide enough to hear a bin."""
        self.centres.clamp_(self.lowest, self.highest)
        self.widths.clamp_(self.narrowest, self.highest - self.lowest)


def mel_to_hz(mel: Tensor, *, htk: bool = False) -> Tensor:
    """Frequency (Hz) of a pitch in mel, any shape, with a gradient; the inverse of ``mel_scale.hz_to_mel``.

    >>> mel_to_hz(torch.tensor([0, 7.5, 15])).tolist()
    [0.0, 500.0, 1000.0]
    """
    if htk:
        return 700 * (torch.pow(10.0, mel / 2595) - 1)
    corner = SLANEY_CORNER_HZ / SLANEY_HZ_PER_MEL
    bent = SLANEY_CORNER_HZ * torch.exp((mel.clamp(min=corner) - corner) / cast(float, SLANEY_MELS_PER_E))
    return torch.where(mel < corner, mel * SLANEY_HZ_PER_MEL, bent)
