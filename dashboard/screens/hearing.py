"""What the filters hear of any sound, initial and learned: as pictures, and as sound again."""

import streamlit as st

from core import figures
from dashboard.shared import cache, picker
from dashboard.shared.widgets import begin_page, explained, show_clickable_figure, show_figure
from dashboard.views import hearing

begin_page(
    "Listen",
    "The same second of sound through the filters as they were before training and as they are now: to see, and to "
    "hear.",
)

run = picker.require_model("hear what its filters hear")
filters = cache.filters(run.folder)
if not (filters.trains_mel or filters.trains_stft):
    st.info(
        "Setting A trains no filters, so learned equals initial here. Choose a model with setting B, C or D on the "
        "left to compare.",
        icon=":material/info:",
    )
device = cache.devices()[0]
clip = None
with explained():
    clip = hearing.choose_sound()
if clip is None:
    st.stop()
heard = cache.heard(run.folder, device, clip)

left, right = st.columns(2)
with left:
    show_figure(figures.heard_log_mel(heard, filters, "initial"), "hearing.initial")
with right:
    show_figure(figures.heard_log_mel(heard, filters, "learned"), "hearing.learned")
st.caption("Bright is loud, low tones are at the bottom; both pictures have one scale.")
left, right = st.columns(2)
with left:
    band = hearing.band(filters)
    show_clickable_figure(figures.heard_gain(heard, filters, chosen=band), "hearing.gain", hearing.pick)
    st.caption("Gain: how much louder a filter became as a whole. Most networks can undo it, so it alone means little.")
with right:
    show_figure(figures.heard_rest(heard, filters), "hearing.rest")
    st.caption("Orange: the learned filter hears more there than its gain explains; blue: less. This is the new shape.")

st.header("Listen through one filter")
band = hearing.choose_band(filters)
hearing.play_filter(clip, filters, band)
show_figure(figures.filter_response(filters, band), "hearing.response")
st.caption("How well tones of each frequency pass, the STFT before the filter included: 20 dB less is a tenth.")

st.header("Listen to all that the filters pass on")
hearing.play_all(run, clip, device)
