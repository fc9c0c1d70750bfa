"""Choose, download or prepare a dataset; count it; play any clip; compare it with AudioLoader's reading."""

import streamlit as st

from dashboard.shared import cache, clip_player, dataset_choice
from dashboard.shared.widgets import begin_page, explained
from dashboard.shared.wording import plain
from dashboard.views import dataset, verify

begin_page("Data", "One-second clips of spoken words: what a keyword spotter learns from and is tested on.")

dataset_choice.choose()
pack = None
with explained():
    pack = dataset_choice.prepared()

if pack is not None:
    summary = cache.summary(pack)
    st.header(plain(summary.title))
    if summary.synthetic:
        st.info(
            "Synthetic voices: a computer spoke these words. They are for trying things out; scores on them say "
            "little about real people.",
            icon=":material/smart_toy:",
        )
    with explained():
        summary.require_trainable()
    dataset.show_counts(summary)
    dataset.show_problems(summary)
    st.header("Play a clip")
    clip_player.draw(pack)
    dataset.show_words(pack)
    verify.draw(pack)
