"""The networks as the plain layers that a converter knows, with batch normalisation folded into their weights.

Sub-spectral normalisation treats groups of bands apart, so no one convolution can hold it; each group gets a
convolution of its own. In eight bits all channels share one scale, so those whose range is wide would leave the others
few steps; `level_channels` brings them to one range where that changes no answer.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from core.errors import ExportError
from core.export.compared import in_parts
from core.fast.channel_major import scale_and_shift
from core.models.bcresnet import SUB_BANDS, BCResNet, BroadcastBlock, SubSpectralNorm, padding_in_time
from core.models.linear import Linear

_LEAST = 1e-9
"""A range of a layer that puts out nothing."""

_LEAST_SHARE = 0.01
"""Of the largest range; a channel that hardly says anything is not blown up further."""


@torch.no_grad()
def plain_network(network: nn.Module, n_frames: int) -> nn.Module:
    """A network as plain layers, features (B, n_mels, n_frames) to logits (B, n_labels); it follows no later change.

    Args:
        network: In evaluation mode.
        n_frames: Frames of a clip.

    Raises:
        ExportError: If nobody has said yet how that network is written.
    """
    match network:
        case Linear():
            return _Points(network, n_frames).eval()
        case BCResNet():
            return _Plain(network).eval()
    raise ExportError(
        f"{type(network).__name__} cannot be exported to TFLite yet; the linear model and BC-ResNet can. "
        "Export it with --onnx FILE."
    )


@torch.no_grad()
def level_channels(plain: nn.Module, features: NDArray[np.float32]) -> None:
    """Bring the channels between a block's first two convolutions to one range; no answer changes.

    Only a ReLU lies between them, so that a channel divided by a number and multiplied by it in the next convolution
    comes to the same (Nagel and others, "Data-Free Quantization Through Weight Equalization and Bias Correction", ICCV
    2019; their ranges come from the weights, ours from clips).

    Args:
        plain: From ``plain_network``; changed in place. A network without such blocks is left as it is.
        features: On which the ranges are found, (n, n_mels, n_frames).
    """
    opened = [one for one in plain.modules() if isinstance(one, _Block) and one.entry is not None]
    largest: dict[nn.Module, Tensor] = {}

    def see(entry: nn.Module, _given: object, out: Tensor) -> None:
        reached = functional.relu(out).amax(dim=(0, 2, 3))
        largest[entry] = torch.maximum(largest.get(entry, reached), reached)

    handles = [cast(_Convolution, block.entry).register_forward_hook(see) for block in opened]
    in_parts(plain, features)
    for handle in handles:
        handle.remove()
    for block in opened:
        entry = cast(_Convolution, block.entry)
        share = (largest[entry] / largest[entry].max().clamp_min(_LEAST)).clamp_min(_LEAST_SHARE)
        entry.scale_output(1 / share)
        for convolution in block.bands.groups:
            cast(_Convolution, convolution).scale_input(share)


class _Points(nn.Module):
    """The linear model as one convolution as large as a clip, which is computed in int8 in more places."""

    def __init__(self, network: Linear, n_frames: int) -> None:
        super().__init__()
        layer = network.classify
        self.layer = nn.Conv2d(1, layer.out_features, (layer.in_features // n_frames, n_frames))
        self.layer.weight.copy_(layer.weight.view_as(self.layer.weight))
        if self.layer.bias is not None:
            self.layer.bias.copy_(layer.bias)

    def forward(self, features: Tensor) -> Tensor:
        return cast(Tensor, self.layer(features[:, None]).flatten(start_dim=1))


class _Plain(nn.Module):
    """BC-ResNet."""

    def __init__(self, network: BCResNet) -> None:
        super().__init__()
        head, norm = network.head[0], cast(nn.BatchNorm2d, network.head[1])
        self.head = _Convolution(cast(nn.Conv2d, head), scale_and_shift(norm))
        self.blocks = nn.Sequential(*(_Block(cast(BroadcastBlock, block)) for block in network.blocks))
        depthwise, mixing, norm = network.tail[0], network.tail[1], cast(nn.BatchNorm2d, network.tail[2])
        self.tail = _Convolution(cast(nn.Conv2d, depthwise))
        self.mixing = _Convolution(cast(nn.Conv2d, mixing), scale_and_shift(norm))
        self.classify = network.classify

    def forward(self, features: Tensor) -> Tensor:
        x = self.blocks(functional.relu(self.head(features[:, None])))
        return cast(Tensor, self.classify(functional.relu(self.mixing(self.tail(x))).mean(dim=(2, 3))))


class _Block(nn.Module):
    """One block, (B, C_in, H, W) to (B, C, H_out, W)."""

    def __init__(self, block: BroadcastBlock) -> None:
        super().__init__()
        *entry, depthwise, sub_spectral = block.along_frequency
        self.entry: _Convolution | None = None
        if entry:
            self.entry = _Convolution(cast(nn.Conv2d, entry[0]), scale_and_shift(cast(nn.BatchNorm2d, entry[1])))
        self.bands = _ByGroup(cast(nn.Conv2d, depthwise), cast(SubSpectralNorm, sub_spectral))
        along, norm, _, mixing, _ = block.along_time
        self.along = _Convolution(cast(nn.Conv2d, along), scale_and_shift(cast(nn.BatchNorm2d, norm)))
        self.mixing = _Convolution(cast(nn.Conv2d, mixing))
        self.transition = block.transition

    def forward(self, x: Tensor) -> Tensor:
        bands = self.bands(x if self.entry is None else functional.relu(self.entry(x)))
        time = self.along(bands.mean(dim=2, keepdim=True))
        out = bands + self.mixing(time * torch.sigmoid(time))
        return functional.relu(out if self.transition else out + x)


class _ByGroup(nn.Module):
    """A convolution along bands and the sub-spectral normalisation behind it, group by group of bands."""

    def __init__(self, convolution: nn.Conv2d, sub_spectral: SubSpectralNorm) -> None:
        super().__init__()
        scale, shift = (values.view(-1, SUB_BANDS) for values in scale_and_shift(sub_spectral.norm))
        self.groups = nn.ModuleList(
            _Convolution(convolution, (scale[:, group], shift[:, group]), padding=(0, 0, 0, 0))
            for group in range(SUB_BANDS)
        )
        self.rows = int(convolution.padding[0])
        self.overlap = convolution.kernel_size[0] - convolution.stride[0]

    def forward(self, x: Tensor) -> Tensor:
        n = x.shape[2] // SUB_BANDS
        padded = functional.pad(x, (0, 0, self.rows, self.rows))
        parts = [
            convolution(padded[:, :, group * n : (group + 1) * n + self.overlap])
            for group, convolution in enumerate(self.groups)
        ]
        return torch.cat(parts, dim=2)


class _Convolution(nn.Module):
    """A convolution with what it is padded by as a step of its own, and the normalisation behind it in its weights."""

    def __init__(
        self,
        layer: nn.Conv2d,
        norm: tuple[Tensor, Tensor] | None = None,
        *,
        padding: tuple[int, int, int, int] | None = None,
    ) -> None:
        super().__init__()
        rows = int(layer.padding[0])
        self.padding = (*padding_in_time(layer), rows, rows) if padding is None else padding
        weight, bias = layer.weight, layer.bias
        if norm is not None:
            scale, shift = norm
            weight, bias = cast(nn.Parameter, weight * scale[:, None, None, None]), cast(nn.Parameter, shift)
        kernel = cast(tuple[int, int], layer.kernel_size)
        stride, dilation = cast(tuple[int, int], layer.stride), cast(tuple[int, int], layer.dilation)
        self.layer = nn.Conv2d(
            layer.in_channels, layer.out_channels, kernel, stride, 0, dilation, layer.groups, bias=bias is not None
        )
        self.layer.weight.copy_(weight)
        if bias is not None and self.layer.bias is not None:
            self.layer.bias.copy_(bias)

    def scale_output(self, by: Tensor) -> None:
        """Multiply each channel that comes out, (C,)."""
        self.layer.weight.mul_(by[:, None, None, None])
        if self.layer.bias is not None:
            self.layer.bias.mul_(by)

    def scale_input(self, by: Tensor) -> None:
        """Take each channel that goes in, (C,), as so many times itself; for depthwise ones."""
        self.layer.weight.mul_(by[:, None, None, None])

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.layer(functional.pad(x, self.padding) if any(self.padding) else x))
