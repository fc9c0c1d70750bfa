"""Talk to a model: as you speak, with one recorded word, or with a file; and see how well it listens."""

import streamlit as st

from dashboard.shared import picker
from dashboard.shared.widgets import begin_page, explained
from dashboard.views.live import listening, one_sound, own_recordings, stream_test

begin_page("Live", "Say one of ten words: down, go, left, no, off, on, right, stop, up or yes. Or upload a recording.")

run = picker.require_model("talk to it")
picker.caution(run)
device = one_sound.choose_device()
way = one_sound.choose_way()
if way == "listen":
    with explained():
        listening.panel(run, device)
    with st.expander("How well does it listen?", icon=":material/timer:"), explained():
        stream_test.panel(run, device)
    own_recordings.panel()
    st.stop()
sound = one_sound.choose_sound(way)
if sound is None:
    st.info("Record yourself or upload a file, and the answer appears here.", icon=":material/mic:")
    st.stop()
with explained():
    one_sound.answer(run.folder, device, *sound, one_word=way == "record")
