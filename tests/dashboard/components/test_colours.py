"""The page and its browser parts have the colours of the figures, which stand in one file."""

import re
import tomllib

from core.figures import style
from tests.dashboard.conftest import PROJECT

DASHBOARD = PROJECT / "dashboard"


def test_the_theme_has_the_blue_and_the_ink_of_the_figures():
    theme = tomllib.loads((DASHBOARD / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
    assert theme["primaryColor"].lower() == style.LEARNED_COLOUR.lower()
    assert theme["light"]["textColor"].lower() == style.INK.lower()
    assert theme["light"]["backgroundColor"].lower() == style.TEMPLATE.layout.paper_bgcolor
    assert f'fill="{style.LEARNED_COLOUR}"' in (DASHBOARD / "icon.svg").read_text(encoding="utf-8")


def test_no_other_file_names_a_colour_but_white_on_a_coloured_ground():
    files = [path for ending in ("py", "js", "css", "html") for path in DASHBOARD.rglob(f"*.{ending}")]
    named = {
        (path.name, colour.lower())
        for path in files
        for colour in re.findall(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgba?|hsla?)\(", path.read_text(encoding="utf-8"))
    }
    assert named == {("microphone.css", "#fff")}
