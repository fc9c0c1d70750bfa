"""Talk to a model: as you speak, with one recorded word, or with a file; below it, what a spectrogram learns."""

import streamlit as st

from dashboard.shared import picker
from dashboard.shared.widgets import begin_page, explained
from dashboard.views.live import introduction, listening, one_sound, own_recordings

begin_page(
    "Say one of ten words",
    "Down, go, left, no, off, on, right, stop, up or yes. The model hears one second of sound at a time and says which "
    "of the ten words it was, or silence, or an unknown word.",
)
st.caption("**down · go · left · no · off · on · right · stop · up · yes**")

run = picker.chosen_model()
if run is None:
    picker.need_model("talk to it")
else:
    picker.warn(run)
    picker.caution(run)
    device = one_sound.choose_device()
    way = one_sound.choose_way()
    if way == "listen":
        with explained():
            listening.panel(run, device)
    elif (sound := one_sound.choose_sound(way)) is None:
        st.info("Record yourself or upload a file, and the answer appears here.", icon=":material/mic:")
    else:
        with explained():
            one_sound.answer(run.folder, device, *sound, one_word=way == "record")
own_recordings.panel()
introduction.draw()
