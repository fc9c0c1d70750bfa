"""The STFT kernels, initial and learned, in time and in frequency."""

import streamlit as st

from core import figures
from dashboard.shared import cache, picker
from dashboard.shared.widgets import begin_page, show_figure
from dashboard.views import filterbank, kernels

begin_page(
    "Kernels",
    "The STFT (short-time Fourier transform) compares each 30 ms of sound with waves of many frequencies: one cosine "
    "and one sine kernel for each frequency, which is called a bin.",
)

run = picker.require_model("see its STFT kernels")
filters = cache.filters(run.folder)
if not filters.trains_stft:
    st.info(
        f"Setting {filters.setting} keeps the STFT kernels fixed, so learned equals initial here. "
        "Choose a model with setting C or D on the left to see trained ones.",
        icon=":material/info:",
    )
facts = cache.kernel_facts(run.folder)

with st.container(horizontal=True, gap="large"):
    view = filterbank.choose_view()
number = kernels.bin_number(filters)
kernels.one_bin(filters, facts, number, view)
for other in kernels.others(filters, number):
    st.subheader(kernels.bin_title(filters, other), divider="gray")
    kernels.one_bin(filters, facts, other, view)

st.header("Which bins changed")
kernels.changes(filters, facts, number)

st.header("All bins")
show_figure(figures.kernel_heatmaps(filters, view=view), "kernels.heatmaps")
st.caption(
    "A row is a bin, a column the frequency of a tone; bright is a strong answer. Fourier kernels form a straight "
    "line: each bin answers to its own pitch. Below: orange answers more strongly than before, blue less."
)

st.header("How it came about")
kernels.evolution(run, filters, number, view)
