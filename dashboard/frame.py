"""What is around every page: the five places, browser title, model. Runs once for every look at a page."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import StopException

from dashboard.components import theme
from dashboard.shared import address, picker, places, saving, starting, state
from dashboard.shared.widgets import explained

ICON = Path(__file__).resolve().parent / "icon.svg"
"""Three mel filters. A file of ours: Streamlit fetches its own icons for the browser's tab from the internet."""

LOOKS = ICON.with_name("frame.css")
"""What of the page's look no setting of Streamlit's gives."""

st.set_page_config(page_title="Earshot", page_icon=str(ICON), layout="wide")
st.html(LOOKS)
state.prepare()
page = st.navigation(places.pages(), position="hidden")
name = page.url_path or places.FIRST
usable = False
with explained():
    state.require_folders()
    usable = True
if not usable:
    st.stop()
address.follow()
models = picker.follow()
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="head"):
    places.draw_links(name)
    picker.draw(models)
places.draw_tabs(name)
theme.watch()
saving.begin()
try:
    with explained():
        if name != places.FIRST:
            starting.wait()
        page.run()
except StopException:
    # A page that ends early may have drawn figures all the same.
    saving.draw()
    raise
saving.draw()
