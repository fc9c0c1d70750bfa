"""Names of files and folders that no program expects and every program meets, for tests of commands and pages."""

import os

import pytest

NOT_UTF8 = os.fsdecode(b"caf\xe9")
"""A name as Linux hands it over when a disk was written under another encoding."""

IMPOSSIBLE = {
    "a user that is not there": "~nosuchuser/clips",
    "a name that is too long": "n" * 300,
    "a path that is too long": "n/" * 3000,
    "a zero byte": "a\0b",
    "half a character": "a\ud800b",
    "nothing": "",
    "a blank": "  ",
    "a link to itself": "loop",
    "below a link to itself": "loop/clips",
}
"""What no file can be called, or nobody can follow."""

ABSENT = {
    "bytes that are no text": NOT_UTF8 + "-absent",
    "below a file": "plain/clips",
    "a terminal's commands": "\x1b[31mred\x07\r\n",
    "signs that turn the line around": "\u202egnp.exe",
    "a sign that few encodings know": "−×…\U0001f600",
}
"""Possible names of what is not there."""


def lay_out(folder):
    """Put what the names above need into the folder that is the current one."""
    (folder / "loop").symlink_to("loop")
    (folder / "plain").write_text("a file", encoding="utf-8")


def each(*kinds):
    """A pytest parameter for every name of some kinds."""
    return [pytest.param(text, id=what) for kind in kinds for what, text in kind.items()]
