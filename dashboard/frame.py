"""What is around every page: page list, browser title, model picker. Runs once for every look at a page."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import StopException

from dashboard.components import theme
from dashboard.shared import picker, saving, state
from dashboard.shared.widgets import PAGES, explained

SECTIONS = {
    "Start": ("overview",),
    "Make": ("data", "training", "grid"),
    "Look inside": ("filterbank", "kernels", "experiments", "hearing"),
    "Judge": ("evaluation", "compare", "robustness", "speed", "live"),
}
"""Pages by section of the menu."""

ICON = Path(__file__).resolve().parent / "icon.svg"
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
with st.sidebar:
    theme.watch()
saving.begin()
try:
    with explained():
        page.run()
except StopException:
    # A page that ends early may have drawn figures all the same.
    saving.draw()
    raise
saving.draw()
