"""The README tells the truth: its commands exist, its files are there, its page tour is complete."""

import re
import shlex
from pathlib import Path

import pytest

from core.commands import build_parser
from core.training.presets import PRESETS
from dashboard.shared.places import TABS

PROJECT = Path(__file__).parents[1]
README = (PROJECT / "README.md").read_text()
COMMANDS = re.findall(r"^python -m core (.+)$", README, flags=re.MULTILINE)
TREE = README.split("```\ncore/ ", 1)[1].split("```", 1)[0]
ARCHITECTURE = (PROJECT / "docs" / "ARCHITECTURE.md").read_text()
TABLE = ARCHITECTURE.split("| room of", 1)[1].split("\n\n", 1)[0]
MENTIONS = [
    (path, re.findall(r"`(\w+)`", names))
    for path, names in re.findall(r"`((?:core|dashboard|tests)/[\w/.]+)`(?:\s\(((?:`\w+`,?\s?)+)\))?", ARCHITECTURE)
]
"""Each file that the architecture names, with the names in brackets behind it."""


def test_the_first_lines_are_the_two_commands_and_their_plain_form():
    head = README[:900]
    for command in ("make app", "make test", "pip install -r requirements.txt", "streamlit run dashboard/app.py"):
        assert re.search(rf"^{re.escape(command)}", head, flags=re.MULTILINE), command


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\bmake ([a-z]+)\b", README))))
def test_every_make_target_it_names_exists(target):
    assert re.search(rf"^{target}:", (PROJECT / "Makefile").read_text(), flags=re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_it_shows_is_understood(command):
    assert build_parser().parse_args(shlex.split(command)).command


def test_it_shows_all_five_commands():
    assert {command.split()[0] for command in COMMANDS} >= {"data", "train", "evaluate", "classify", "runs"}


def test_the_tour_names_every_page():
    for title, _ in TABS.values():
        assert re.search(rf"^\| {re.escape(title)} \|", README, flags=re.MULTILINE), title


def test_every_preset_is_named():
    named = README.replace("`bcresnet-1`, `-1.5`", "`bcresnet-1`, `bcresnet-1.5`")
    for name in PRESETS:
        assert f"`{name}`" in named or f"`-{name.removeprefix('bcresnet-')}`" in named, name


@pytest.mark.parametrize("name", re.findall(r"^([a-z]+)/ ", f"core/ {TREE}", flags=re.MULTILINE))
def test_every_folder_of_its_tree_exists(name):
    assert (PROJECT / name).is_dir()


@pytest.mark.parametrize("path", sorted({path for path, _ in MENTIONS}))
def test_every_file_of_the_architecture_exists(path):
    assert (PROJECT / path).exists()


@pytest.mark.parametrize(("path", "name"), sorted({(path, name) for path, names in MENTIONS for name in names}))
def test_every_name_of_the_architecture_stands_in_its_file(path, name):
    assert re.search(rf"^ *(def|class) {name}\b|^{name}\b.* =", (PROJECT / path).read_text(), flags=re.MULTILINE)


def test_every_room_of_core_is_in_the_architecture():
    rooms = {path.name + "/" * path.is_dir() for path in (PROJECT / "core").iterdir() if path.name[0] not in "._"}
    assert [room for room in sorted(rooms) if f"| `{room}`" not in TABLE and f", `{room}`" not in TABLE] == []


def test_its_pictures_and_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://") or (PROJECT / target).exists(), target


def test_no_figure_is_left_open():
    assert "@@" not in README
