"""The STFT kernels, initial and learned, in time and in frequency."""

from dashboard.shared import cache, picker
from dashboard.shared.widgets import begin_page
from dashboard.views import kernels, looked_at

begin_page(
    "Kernels",
    "The STFT (short-time Fourier transform) compares each 30 ms of sound with waves of many frequencies: one cosine "
    "and one sine kernel for each frequency, which is called a bin.",
)

run = picker.require_model("see its STFT kernels")
filters, facts = cache.filters(run.folder), cache.kernel_facts(run.folder)
if facts.most_changed is None:
    looked_at.offer_learned(run, "STFT kernels", kernels=True)
kernels.draw(run, filters, facts)
