"""The dashboard's frame: page list, browser title, model picker; then it runs the chosen page.

Start it with ``streamlit run dashboard/app.py``.
"""

from __future__ import annotations

import sys
from pathlib import Path

# `streamlit run` puts this folder on the path, not the project; a checkout need not be installed.
HERE = Path(__file__).resolve().parent
PROJECT = str(HERE.parent)
if PROJECT not in sys.path:
    sys.path.insert(0, PROJECT)

import streamlit as st  # noqa: E402  (after the path above)
from streamlit.runtime.scriptrunner import StopException  # noqa: E402

from dashboard import picker, saving, state  # noqa: E402
from dashboard.widgets import PAGES, explained  # noqa: E402

SECTIONS = {
    "Start": ("overview",),
    "Make": ("data", "training", "grid"),
    "Look inside": ("filterbank", "kernels", "experiments", "hearing"),
    "Judge": ("evaluation", "compare", "robustness", "speed", "live"),
}
"""Pages by section of the menu."""

ICON = HERE / "icon.svg"
"""Three mel filters. A file of ours: Streamlit fetches its own icons for the browser's tab from the internet."""

USE_A_MODEL = {"filterbank", "kernels", "experiments", "hearing", "evaluation", "robustness", "live"}

st.set_page_config(page_title="Earshot", page_icon=str(ICON), layout="wide")
state.prepare()
page = st.navigation(
    {
        section: [
            st.Page(
                f"screens/{name}.py",
                title=PAGES[name][0],
                icon=PAGES[name][1],
                url_path=name,
                default=name == "overview",
            )
            for name in names
        ]
        for section, names in SECTIONS.items()
    },
    expanded=True,  # a menu that hides pages behind "View more" hides them from newcomers
)
usable = False
with explained():
    state.require_folders()
    usable = True
if not usable:
    st.stop()
picker.draw(used=page.url_path in USE_A_MODEL)
saving.begin()
try:
    with explained():
        page.run()
except StopException:
    # A page that ends early may have drawn figures all the same.
    saving.draw()
    raise
saving.draw()
