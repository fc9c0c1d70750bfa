"""The STFT kernels, initial and learned, in time and in frequency."""

import streamlit as st

from core import figures
from dashboard import cache, kernel_choice, picker
from dashboard.widgets import begin_page, show_figure

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

bins = kernel_choice.bins(filters)
same = st.toggle("Compare shapes only (divide out the gain)", key="kernels.same_gain")
for number in bins:
    st.header(kernel_choice.bin_title(filters, number), divider="gray")
    columns = st.columns(3)
    with columns[0]:
        show_figure(
            figures.kernel_time(filters, number, "cos", same_gain=same, title="Cosine, in time"),
            f"kernels.cos.{number}",
        )
    with columns[1]:
        show_figure(
            figures.kernel_time(filters, number, "sin", same_gain=same, title="Sine, in time"), f"kernels.sin.{number}"
        )
    with columns[2]:
        show_figure(
            figures.kernel_spectrum(filters, number, same_gain=same, title="Both, in frequency"),
            f"kernels.spectrum.{number}",
        )
if bins:
    st.caption(
        "Left and middle: the kernel over time. Right: how strongly it answers a tone of each frequency; the peak is "
        "what it listens to, and 20 dB less is a tenth. Dashed grey: initial. Solid blue: learned."
    )
else:
    st.info("Choose at least one bin above.", icon=":material/info:")

st.header("All kernels")
show_figure(figures.kernel_heatmaps(filters), "kernels.heatmaps")
st.caption(
    "A row is a bin, a column the frequency of a tone; bright is a strong answer. "
    "The initial ones form a straight line."
)
