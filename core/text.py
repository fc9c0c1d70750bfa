"""Text that any page, terminal and file can take, whatever a file's name or a person put into it."""

from __future__ import annotations

import unicodedata

LONGEST_NAME = 400
"""Characters of a name that are shown."""

_KEPT = "\n\t"
_TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Signs that turn the direction of what follows, so that a name can look like another one."""


def printable(text: object) -> str:
    r"""Text without what cannot be shown: control characters, and the halves of characters that stand for odd bytes.

    They are written as Python would write them in a string; the bytes of a name that is not UTF-8 as what they are.

    >>> print(printable("caf\udce9 \x1b[31m"))
    caf\xe9 \x1b[31m
    """
    return "".join(one if _is_harmless(one) else _escaped(one) for one in str(text))


def is_text(text: str) -> bool:
    r"""Whether a name can be written in UTF-8, as pages and most libraries need it.

    >>> is_text("café"), is_text("caf\udce9")
    (True, False)
    """
    return not any("\ud800" <= one <= "\udfff" for one in text)


def printable_name(text: object) -> str:
    r"""A file's or folder's name on one line: what cannot be shown is escaped, an endless one is cut in its middle.

    >>> print(printable_name("caf\udce9\n.wav"))
    caf\xe9\x0a.wav
    """
    shown = shortened(str(text), LONGEST_NAME)
    return shown if shown.isprintable() else "".join(one if one.isprintable() else _escaped(one) for one in shown)


def shortened(text: str, longest: int = 120) -> str:
    """Text of at most ``longest`` characters: the middle of a longer one is left out.

    >>> shortened("a" * 50 + "b" * 50, 9)
    'aaa...bbb'
    """
    half = (longest - 3) // 2
    return text if len(text) <= longest else f"{text[:half]}...{text[-half:]}"


def fold(text: str) -> str:
    r"""A text as it is compared: without case, and with one spelling of each accented letter.

    >>> fold("CAFE\u0301") == fold("caf\u00e9")
    True
    """
    return (
        text.lower() if text.isascii() else unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    )


def _is_harmless(one: str) -> bool:
    # Cc: control characters; Cs: halves of surrogate pairs; Zl, Zp: line breaks that few programs know.
    return one in _KEPT or (unicodedata.category(one) not in ("Cc", "Cs", "Zl", "Zp") and one not in _TURNING)


def _escaped(one: str) -> str:
    code = ord(one)
    if 0xDC80 <= code <= 0xDCFF:  # how Python keeps a byte that is not UTF-8
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
