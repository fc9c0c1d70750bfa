"""Where a model runs: the GPU where there is one."""

from __future__ import annotations

import torch

from core.errors import ConfigError


def available_devices() -> tuple[str, ...]:
    """Names of the devices PyTorch can use here, the fastest first.

    >>> available_devices()[-1]
    'cpu'
    """
    return (*(["cuda"] if torch.cuda.is_available() else []), "cpu")


def choose_device(name: str | None = None) -> torch.device:
    """The named device, or the fastest one for None.

    Raises:
        ConfigError: If the device is not available here.

    >>> choose_device("cpu")
    device(type='cpu')
    """
    devices = available_devices()
    if name is None or name == "auto":
        return torch.device(devices[0])
    if name not in devices:
        raise ConfigError(f"There is no device {name!r} here; choose one of {', '.join(devices)}.")
    return torch.device(name)


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device has instructions for bfloat16 matrices; elsewhere they are imitated, 30 times slower."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported())


def require_bfloat16(device: torch.device) -> None:
    """Refuse bfloat16 where it is only imitated.

    Raises:
        ConfigError: If the device has no such instructions.
    """
    if not has_bfloat16(device):
        raise ConfigError(
            f"products is 'bfloat16', but this {'GPU' if device.type == 'cuda' else 'processor'} has no instructions "
            "for it and would take far longer than with 'float32'. Choose 'float32'."
        )
