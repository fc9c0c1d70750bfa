"""Light and dark: everything can be told from its ground, also by colour-blind readers, and stands in one file."""

import re
from itertools import combinations

import pytest

from core import runs
from core.figures import style
from tests.colours import SEEN, contrast, distance

LIGHT = {colour.lower(): colour.lower() for colour in style.DARK}
THEMES = pytest.mark.parametrize("theme", [LIGHT, style.DARK], ids=["light", "dark"])

TEXTS = (style.INK, style.FAINT_INK)
MARKS = (*style.HUES, style.INITIAL_COLOUR, style.LEARNED_COLOUR, style.UNDER_COLOUR, style.MUTED)

OWN_CODE = [path for ending in ("py", "jinja") for path in (runs.PROJECT / "core").rglob(f"*.{ending}")]


@THEMES
@pytest.mark.parametrize("text", TEXTS)
def test_texts_can_be_read_on_the_ground_and_on_its_shade(theme, text):
    for ground in (style.WHITE, style.SHADE):
        assert contrast(theme[text], theme[ground]) >= 4.5


@THEMES
@pytest.mark.parametrize("mark", MARKS)
def test_lines_and_markers_stand_out_from_the_ground(theme, mark):
    assert contrast(theme[mark], theme[style.WHITE]) >= 3


@THEMES
def test_captions_drawn_with_a_part_of_the_ink_can_be_read(theme):
    share = 0.6  # Streamlit's
    for ground in (theme[style.WHITE], theme[style.SHADE]):
        pairs = zip(bytes.fromhex(theme[style.INK][1:]), bytes.fromhex(ground[1:]), strict=True)
        mixed = "#" + bytes(round(share * ink + (1 - share) * below) for ink, below in pairs).hex()
        assert contrast(mixed, ground) >= 4.5


@THEMES
@pytest.mark.parametrize("seen", SEEN)
def test_the_six_hues_can_be_told_apart_whatever_cones_a_reader_has(theme, seen):
    nearest = min(distance(theme[one], theme[other], seen) for one, other in combinations(style.HUES, 2))
    assert nearest > 15  # Okabe and Ito's own: 16.1


def test_every_colour_has_another_one_in_the_dark_that_is_no_colour_of_the_light():
    assert not set(style.DARK) & set(style.DARK.values())
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for pair in style.DARK.items() for colour in pair)


def test_no_other_file_of_the_core_names_a_colour():
    named = {path.name for path in OWN_CODE if re.search(r"#[0-9a-fA-F]{6}\b|#fff\b", path.read_text(encoding="utf-8"))}
    assert named == {"style.py"}
