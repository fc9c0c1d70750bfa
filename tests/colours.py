"""How colours look to people: contrast by WCAG, and distance as colour-blind readers see it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SEEN: dict[str, NDArray[np.float64]] = {
    "without red cones": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "without green cones": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "without blue cones": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
    "with all cones": np.eye(3),
}
"""What becomes of linear RGB (Machado, Oliveira and Fernandes, 2009, severity 1)."""

XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
"""Linear RGB of a screen (sRGB) to CIE XYZ."""


def linear(colour: str) -> NDArray[np.float64]:
    """Light of a colour such as "#0072b2", (3,), 0 to 1."""
    parts = np.array(list(bytes.fromhex(colour.removeprefix("#")))) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2), 0 to 1."""
    return float(XYZ[1] @ linear(colour))


def contrast(one: str, other: str) -> float:
    """Contrast ratio (WCAG 2.2), 1 to 21."""
    darker, brighter = sorted((luminance(one), luminance(other)))
    return (brighter + 0.05) / (darker + 0.05)


def distance(one: str, other: str, seen: str) -> float:
    """How far two colours are apart (CIE 1976) for a reader of that kind, a key of ``SEEN``."""
    return float(np.linalg.norm(np.subtract(*(_lab(SEEN[seen] @ linear(each)) for each in (one, other)))))


def _lab(light: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y, z = XYZ @ np.clip(light, 0, 1) / np.array([0.9505, 1.0, 1.089])
    x, y, z = (np.cbrt(each) if each > 0.008856 else 7.787 * each + 16 / 116 for each in (x, y, z))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])
