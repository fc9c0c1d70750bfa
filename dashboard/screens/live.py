"""Talk to a model: as you speak, with one recorded word, or with a file; and see how well it listens."""

import streamlit as st

from dashboard import listening_view, live_view, picker, recordings_view, stream_test_view
from dashboard.widgets import begin_page, explained

begin_page("Live", "Say one of ten words: down, go, left, no, off, on, right, stop, up or yes. Or upload a recording.")

run = picker.require_model("talk to it")
picker.caution(run)
device = live_view.choose_device()
way = live_view.choose_way()
if way == "listen":
    with explained():
        listening_view.panel(run, device)
    with st.expander("How well does it listen?", icon=":material/timer:"), explained():
        stream_test_view.panel(run, device)
    recordings_view.panel()
    st.stop()
sound = live_view.choose_sound(way)
if sound is None:
    st.info("Record yourself or upload a file, and the answer appears here.", icon=":material/mic:")
    st.stop()
with explained():
    live_view.answer(run.folder, device, *sound, one_word=way == "record")
