"""Where a learned spectrogram pays: gains over many seeds, clean and in noise, as a map whose cells can be opened."""

from dashboard.shared.widgets import begin_page
from dashboard.views import gain_map

begin_page(
    "When it pays",
    "One model proves little. Here many were trained that differ in one thing alone, with several seeds each, and "
    "tested on clean clips and in noises that none of them was trained with.",
)

gain_map.draw()
