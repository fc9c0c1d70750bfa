"""All mel filters, initial and learned, and what became of each of them."""

import streamlit as st

from dashboard import cache, filter_view, picker, tour
from dashboard.widgets import begin_page

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
facts = cache.filter_facts(run.folder)

with st.container(horizontal=True, gap="large"):
    view = filter_view.choose_view()
    axis = filter_view.choose_axis()
number = filter_view.choose_filter(len(filters.initial.mel_basis))
filter_view.every_filter(filters, number, view, axis)

st.header(f"Filter {number} close up")
filter_view.one_filter(filters, facts, number, view, axis)

st.header("Gain and shape, filter by filter")
filter_view.by_filter(facts, number)

st.header("Where they listen")
filter_view.where_they_listen(filters, facts, number, axis)

st.header("Where the sensitivity went")
filter_view.sensitivity(filters, view)

st.header("How it came about")
filter_view.evolution(run, filters, number, view, axis)
tour.looked_at("filterbank", run)
