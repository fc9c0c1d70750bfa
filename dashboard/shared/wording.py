"""Numbers as people read them, and foreign texts as they are."""

from __future__ import annotations

import re
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


_SIGNS = re.compile(r"[\\`*\[\]<$~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|&(?=[#A-Za-z0-9]+;)|^[#>+=-]|(?<=^\d)[.)]")
_JOINS = re.compile(r"(?<=:)(?=[A-Za-z+/_-])|(?<!\d:)(?<=:)(?=\d)|(?<=\bwww)(?=\.)", re.IGNORECASE)


def plain(text: object) -> str:
    r"""A text from a run, a file, a dataset or an error, to be shown letter by letter in one paragraph.

    What Streamlit would read as Markdown, mathematics, a colour or an icon is escaped, so that no such text can show a
    picture, set a link or look like a part of the page. Icons and addresses are looked for after the escapes are gone;
    an invisible joiner (U+2060) splits those.

    >>> print(plain("![a](x) $b$ config.json __c__"))
    !\[a\](x) \$b\$ config.json \_\_c\_\_
    """
    joined = _JOINS.sub("\u2060", " ".join(str(text).split()))
    return _SIGNS.sub(lambda sign: f"\\{sign.group()}", joined)


def as_code(text: object) -> str:
    """A file's name in the letters of a computer, whatever it is called.

    >>> as_code("yes/a`b.wav")
    "`yes/a'b.wav`"
    """
    return f"`{' '.join(str(text).split()).replace('`', chr(39)) or ' '}`"


def of_file(name: str, error: Exception) -> str:
    """What went wrong with a file, which is named once.

    >>> of_file("a.wav", ValueError("a.wav is no sound.")), of_file("a.wav", ValueError("It is too short."))
    ('a.wav is no sound.', 'a.wav: It is too short.')
    """
    return str(error) if str(error).startswith(name) else f"{name}: {error}"
