"""All mel filters, initial and learned, and what became of each of them."""

import streamlit as st

from dashboard.shared import cache, picker
from dashboard.shared.widgets import begin_page
from dashboard.views import filterbank, tour

begin_page(
    "Filters",
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
facts = cache.filter_facts(run.folder)

with st.container(horizontal=True, gap="large"):
    view = filterbank.choose_view()
    axis = filterbank.choose_axis()
number = filterbank.choose_filter(len(filters.initial.mel_basis))
filterbank.every_filter(filters, number, view, axis)

st.header(f"Filter {number} close up")
filterbank.one_filter(filters, facts, number, view, axis)

st.header("Gain and shape, filter by filter")
filterbank.by_filter(facts, number)

st.header("Where they listen")
filterbank.where_they_listen(filters, facts, number, axis)

st.header("Where the sensitivity went")
filterbank.sensitivity(filters, view)

st.header("How it came about")
filterbank.evolution(run, filters, number, view, axis)
tour.looked_at("filterbank", run)
