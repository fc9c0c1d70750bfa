"""What a person says of a run: a name to show, a note, tags. It changes nothing of the run itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from core.config import from_dict, to_dict
from core.errors import ConfigError
from core.files.strict import read_json
from core.files.writing import write_json
from core.runs import keep
from core.text import shortened

LABEL = "label.json"
"""The file that says it: with a run of the user's own, else in the user's results (see ``core.runs.keep``)."""

_PLAIN = re.compile(r"[\w .,()'+-]*")
"""What names and tags are made of: nothing that a page, a terminal or an address could take for more than letters."""

LONGEST_NAME, LONGEST_NOTE, LONGEST_TAG, MOST_TAGS = 60, 2000, 30, 20


@dataclass(frozen=True, kw_only=True)
class Label:
    """A name to show instead of the folder's, a note, and tags; all may be empty.

    Raises:
        ConfigError: If one of them is too long, or has signs that cannot be shown.
    """

    name: str = ""
    note: str = ""
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in (self.name, *self.tags):
            if not _PLAIN.fullmatch(name):
                raise ConfigError(
                    f"A name is {shortened(name)!r}; it can have letters, digits, spaces and .,()'+-_ alone."
                )
        _require_text("The name", self.name, LONGEST_NAME)
        _require_text("The note", self.note.replace("\n", " "), LONGEST_NOTE)
        for tag in self.tags:
            _require_text("A tag", tag, LONGEST_TAG)
            if not tag or "," in tag:
                raise ConfigError(f"A tag is {shortened(tag)!r}; it must be a word or two, without a comma.")
        if len(self.tags) > MOST_TAGS or len(set(self.tags)) < len(self.tags):
            raise ConfigError(f"There are {len(self.tags)} tags; a run has at most {MOST_TAGS}, each of them once.")


def _require_text(what: str, text: str, longest: int) -> None:
    if len(text) > longest or not text.isprintable() or text != text.strip():
        raise ConfigError(
            f"{what} is {shortened(text)!r}; it has at most {longest} signs that can be shown, and no space around it."
        )


def tags_from(text: str) -> tuple[str, ...]:
    """Tags as typed, with commas between them, each of them once.

    >>> tags_from(" loud, new ,, loud")
    ('loud', 'new')
    """
    tags = (re.sub(r"\s+", " ", tag).strip() for tag in text.split(","))
    return tuple(dict.fromkeys(tag for tag in tags if tag))


def read_label(run: Path) -> Label:
    """What a person says of a run; nothing where nothing is said, or what is there cannot be read."""
    try:
        return from_dict(Label, read_json(keep.find(run, LABEL)))
    except (OSError, ValueError):
        return Label()


def write_label(run: Path, label: Label) -> None:
    """Say it of a run, whichever state that is in; models that came with the project stay as they are.

    Raises:
        WriteError: If it cannot be written.
    """
    path = keep.results_folder(run) / LABEL
    keep.make_room(path)
    write_json(path, to_dict(label))
