"""Numbers as people read them."""

from __future__ import annotations

import time
from datetime import datetime

DEVICES = {"cuda": "GPU", "cpu": "CPU"}


def device(name: str) -> str:
    """What people call a device that PyTorch names.

    >>> device("cuda"), device("cpu")
    ('GPU', 'CPU')
    """
    return DEVICES.get(name, name)


def percent(share: float | None) -> str:
    """A share as a percentage with one digit.

    >>> percent(0.4523), percent(None)
    ('45.2 %', '–')
    """
    return "–" if share is None else f"{100 * share:.1f} %"


def interval(low: float, high: float) -> str:
    """Two ends of an interval of shares, as percentages; a dash where nothing was counted.

    >>> interval(0.412, 0.56), interval(float("nan"), 0.5)
    ('41.2–56.0 %', '–')
    """
    return f"{100 * low:.1f}–{percent(high)}" if low == low and high == high else "–"


def duration(seconds: float | None) -> str:
    """A time span with its two largest units.

    >>> duration(4.2), duration(75), duration(3700), duration(None)
    ('4 s', '1 min 15 s', '1 h 1 min', '–')
    """
    if seconds is None:
        return "–"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def clips(n: int) -> str:
    """A number of clips.

    >>> clips(1), clips(4890)
    ('1 clip', '4,890 clips')
    """
    return "1 clip" if n == 1 else f"{n:,} clips"


def size(n_bytes: float) -> str:
    """A number of bytes.

    >>> size(2_300_000_000), size(52_000)
    ('2.3 GB', '0.1 MB')
    """
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.1f} MB"


def moment(seconds: float) -> str:
    """A point in time, on this computer's clock."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds)) if seconds else "–"


def utc_moment(text: str) -> str:
    """A point in time written in ISO 8601, on this computer's clock; what is no time stays as it is.

    >>> utc_moment("yesterday")
    'yesterday'
    """
    try:
        return moment(datetime.fromisoformat(text).timestamp())
    except ValueError:
        return text


def word(label: str) -> str:
    """A label as people say it.

    >>> word("_silence_"), word("yes")
    ('silence', 'yes')
    """
    return label.strip("_")
