"""Upload or record a sound, and see what the model hears in it."""

import streamlit as st

from dashboard import live_view, picker
from dashboard.widgets import begin_page, explained

begin_page("Live", "Say one of ten words: down, go, left, no, off, on, right, stop, up or yes. Or upload a recording.")

run = picker.require_model("talk to it")
device = live_view.choose_device()
sound = live_view.choose_sound()
if sound is None:
    st.info("Record yourself or upload a file, and the answer appears here.", icon=":material/mic:")
    st.stop()
with explained():
    live_view.answer(run.folder, device, *sound)
