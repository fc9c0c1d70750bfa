"""Numbers and names as the sentences write them."""

from __future__ import annotations

from core.figures.style import NBSP, word_text
from core.statistics import Interval

NO_CHANCE = "more than chance"
MAY_BE_CHANCE = "which chance may have made"


def share(value: float) -> str:
    """A share as a percentage.

    >>> share(0.912).replace(NBSP, " "), share(1.0).replace(NBSP, " ")
    ('91.2 %', '100 %')
    """
    return f"{100 * value:.0f}{NBSP}%" if value in (0, 1) else f"{100 * value:.1f}{NBSP}%"


def between(interval: Interval) -> str:
    """The ends of an interval of shares, in percent or points.

    >>> between((0.901, 0.923)), between((-0.004, 0.01))
    ('(90.1 to 92.3)', '(−0.4 to 1.0)')
    """
    low, high = (_plain_zero(f"{100 * end:.1f}") for end in interval)
    return f"({low} to {high})".replace("-", "−")


def points(difference: float) -> str:
    """The size of a difference of shares, without its sign.

    >>> points(-0.054)
    '5.4 points'
    """
    return f"{abs(100 * difference):.1f} points"


def signed_points(difference: float, *, digits: int = 1) -> str:
    """A difference of shares with its sign, in points.

    >>> signed_points(-0.054), signed_points(0.0123, digits=2)
    ('−5.4', '+1.23')
    """
    return f"{100 * difference:+.{digits}f}".replace("-", "−")


def better(difference: float, interval: Interval, than: str = "") -> str:
    """A difference with its interval, told from chance; ``than`` is what it is compared with.

    >>> better(0.054, (0.037, 0.071), "textbook")
    '5.4 points better than textbook (3.7 to 7.1), more than chance'
    >>> better(-0.054, (-0.071, -0.037))
    '5.4 points worse (3.7 to 7.1), more than chance'
    >>> better(0.004, (-0.01, 0.018))
    'no clear difference: 0.4 points better (−1.0 to 1.8)'
    """
    way, ends = ("better", interval) if difference >= 0 else ("worse", (-interval[1], -interval[0]))
    said = f"{points(difference)} {way}{f' than {than}' if than else ''} {between(ends)}"
    if holds_zero(interval):
        return f"no clear difference: {said}"
    return f"{said}, {NO_CHANCE}"


def holds_zero(interval: Interval) -> bool:
    """Whether a difference of none lies inside."""
    return interval[0] <= 0 <= interval[1]


def clips(n: int) -> str:
    """A number of clips.

    >>> clips(1), clips(2400)
    ('1 clip', '2,400 clips')
    """
    return "1 clip" if n == 1 else f"{n:,} clips"


def word(label: str) -> str:
    """A label in quotes.

    >>> word("_unknown_")
    '“unknown”'
    """
    return f"“{word_text(label)}”"


def rate_text(per_hour: float) -> str:
    """A number an hour as people read it.

    >>> rate_text(0.51), rate_text(12.3), rate_text(1234.5)
    ('0.5', '12', '1,234')
    """
    return f"{per_hour:.1f}" if per_hour < 10 else f"{per_hour:,.0f}"


def hz(value: float) -> str:
    """A frequency.

    >>> hz(3120.4).replace(NBSP, " ")
    '3,120 Hz'
    """
    return f"{value:,.0f}{NBSP}Hz"


def sentence(text: str) -> str:
    """The text with a large first letter and a full stop.

    >>> sentence("filter 3 moved")
    'Filter 3 moved.'
    """
    return f"{text[:1].upper()}{text[1:]}."


def _plain_zero(number: str) -> str:
    return "0.0" if number == "-0.0" else number
