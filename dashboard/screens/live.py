"""Talk to a model: as you speak, with one recorded word, or with a file; below it, what a spectrogram learns."""

import streamlit as st

from core.config import TWELVE
from dashboard.components import microphone
from dashboard.shared import picker, starting
from dashboard.shared.widgets import begin_page, explained
from dashboard.views.live import words_to_say
from dashboard.views.live.choices import EAR, choose_way, is_alone

run = picker.chosen_model()
vocabulary = run.config.vocabulary if run and run.config else TWELVE
begin_page(words_to_say.heading(vocabulary), words_to_say.sentence(vocabulary))
st.caption(f"**{' · '.join(vocabulary.words)}**")

if run is None:
    picker.need_model("talk to it")
    starting.wait()
else:
    picker.warn(run)
    picker.caution(run)
    row = st.container(horizontal=True, vertical_alignment="center")
    with row:
        way = choose_way()
    if not starting.is_done():
        # The first visitor of a fresh server: the button is there before what listens.
        if way == "listen" and not is_alone():
            microphone.draw_waiting(EAR)
        starting.wait()
        st.rerun()
    from dashboard.views.live import listening, one_sound

    with explained():
        if way == "listen":
            listening.panel(run, row.popover("Settings", icon=":material/tune:"))
        else:
            one_sound.panel(run, way)

from dashboard.views.live import introduction, own_recordings  # noqa: E402  (they bring libraries that take seconds)

introduction.draw()
with st.expander("My own recordings", icon=":material/library_music:"):
    own_recordings.panel()
