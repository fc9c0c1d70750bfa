"""All mel filters, initial and learned, and one of them close up."""

import streamlit as st

from core import figures
from dashboard import cache, picker
from dashboard.widgets import begin_page, show_figure

begin_page(
    "Filterbank",
    "A mel filter adds up the power of neighbouring tones; a row of them turns a fine spectrum into a short one.",
)

run = picker.require_model("see which tones its mel filters listen to")
filters = cache.filters(run.folder)
if not filters.trains_mel:
    st.info(
        f"Setting {filters.setting} keeps the mel filters fixed, so learned equals initial here. "
        "Choose a model with setting B or D on the left to see trained ones.",
        icon=":material/info:",
    )

number = st.slider(
    "Filter shown close up", 0, len(filters.initial.mel_basis) - 1, 10, key="filterbank.number", persist_state="session"
)
every, apart, maps = st.tabs(["Overlaid", "One above the other", "Heat maps"])
with every:
    show_figure(figures.overlaid_mel_filters(filters, chosen=number), "filterbank.all")
    st.caption("Each curve is one filter: high where it listens. Dashed grey: initial. Solid blue: learned.")
with apart:
    show_figure(figures.mel_filters(filters, chosen=number), "filterbank.apart")
    st.caption("The same curves, initial above and learned below, on one frequency axis.")
with maps:
    show_figure(figures.mel_heatmaps(filters), "filterbank.heatmaps")
    st.caption("A row is a filter, a column a frequency. Below: orange grew in training, blue shrank, white stayed.")

st.header(f"Filter {number} close up")
same = st.toggle("Compare shapes only (divide out the gain)", key="filterbank.same_gain")
show_figure(figures.one_mel_filter(filters, number, same_gain=same), "filterbank.one")
st.caption("Gain is how loud the filter is as a whole; shape is which tones it prefers. Training can change either.")
show_figure(figures.filter_centres_shift(filters), "filterbank.centres")
st.caption("One row a filter: a marker where it listens on average, a bar as wide as the band it hears.")
