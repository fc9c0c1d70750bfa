"""The page and its browser parts have the colours of the figures, which stand in one file."""

import re
import tomllib

import pytest

from core.figures import style
from tests.colours import contrast
from tests.dashboard.conftest import PROJECT

DASHBOARD = PROJECT / "dashboard"


def test_the_theme_has_the_blue_and_the_ink_of_the_figures():
    theme = read_theme()
    assert theme["primaryColor"].lower() == style.LEARNED_COLOUR.lower()
    assert theme["light"]["textColor"].lower() == style.INK.lower()
    assert theme["light"]["backgroundColor"].lower() == style.TEMPLATE.layout.paper_bgcolor
    assert f'fill="{style.LEARNED_COLOUR}"' in (DASHBOARD / "icon.svg").read_text(encoding="utf-8")


def read_theme():
    return tomllib.loads((DASHBOARD / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]


@pytest.mark.parametrize("name", ["light", "dark"])
def test_pages_have_the_grounds_and_inks_of_the_figures_light_and_dark(name):
    theme, shown = read_theme()[name], style.DARK if name == "dark" else {colour: colour for colour in style.DARK}
    assert theme["backgroundColor"] == shown[style.WHITE]
    assert theme["secondaryBackgroundColor"] == shown[style.SHADE]
    assert theme["textColor"] == shown[style.INK]
    assert theme["grayColor"] == shown[style.FAINT_INK]


@pytest.mark.parametrize("name", ["light", "dark"])
def test_buttons_and_links_can_be_read(name):
    theme = read_theme()
    ground = theme[name]["backgroundColor"]
    primary = theme[name].get("primaryColor", theme["primaryColor"])
    letters = {"light": "#ffffff", "dark": "#000000"}[name]
    assert contrast(letters, primary) >= 4.5, "letters on a button"
    assert contrast(ground, primary) >= 4.5, "letters on the button of the microphone, and what is chosen on the page"
    assert contrast(theme[name].get("linkColor", primary), ground) >= 4.5


def test_no_other_file_names_a_colour():
    files = [path for ending in ("py", "js", "css", "html") for path in DASHBOARD.rglob(f"*.{ending}")]
    named = {
        (path.name, colour.lower())
        for path in files
        for colour in re.findall(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgba?|hsla?)\(", path.read_text(encoding="utf-8"))
    }
    assert not named
