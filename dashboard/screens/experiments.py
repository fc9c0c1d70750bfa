"""What the learned basis is worth: it is changed, the network stays, and the same clips are asked again."""

import streamlit as st

from core.figures import experiments as figures
from dashboard.shared import cache, picker
from dashboard.shared.widgets import begin_page, show_figure
from dashboard.views import experiments as view

begin_page(
    "Does it matter?",
    "Filters that look different need not work differently. Here they are put back, split into gain and shape, or "
    "silenced, and the same model answers the same clips again.",
)

run = picker.require_model("find out what its filters are worth")
filters = cache.filters(run.folder)
view.caution(filters)
setup = view.choose(run, filters)
if setup is None:
    st.stop()

if filters.setting == "A":
    view.nothing_trained()
else:
    st.header("From initial to learned")
    step = st.slider(
        "How far the filters have gone", 0.0, 1.0, 0.5, 0.1, key="experiments.step", persist_state="session"
    )
    if found := view.ask(setup, "interpolation"):
        show_figure(figures.accuracy_on_the_way(found, step=step), "experiments.way")
        st.caption(
            "Left: the filters before training. Right: after it. A rising line says the network needs the change."
        )
        view.way_verdict(found)
        view.numbers(found)
    show_figure(figures.mel_filters_on_the_way(filters, step), "experiments.filters")
    st.caption("Orange: the filters at the slider's place. Dashed grey: initial. Blue: learned.")

    st.header("Put one part back")
    if found := view.ask(setup, "swap"):
        show_figure(figures.accuracy_by_change(found, title="Parts back to initial"), "experiments.swap")
        st.caption("A bar that reaches zero below means that part may as well have stayed as it was.")
        view.verdict(found)
        view.numbers(found)

    st.header("Gain or shape?")
    st.write("Gain is how loud a filter is as a whole, shape which tones it prefers. Only one of them is kept here.")
    if found := view.ask(setup, "gain-shape"):
        show_figure(figures.accuracy_by_change(found, title="Only the gain, or only the shape"), "experiments.gain")
        st.caption(
            "Only the gain: initial filters, as loud as learned ones. Only the shape: learned ones, as loud as initial."
        )
        view.verdict(found)
        view.numbers(found)

st.header("Silence a band")
bins, mels = view.choose_masked(filters)
view.show_selectable(figures.selectable_filters(filters, bins=bins, mels=mels))
st.caption("Drag sideways over squares, or tap one: above mel filters, below STFT bins. Orange is silenced.")
if (bins or mels) and (found := view.ask(setup, "mask", bins=bins, mels=mels)):
    show_figure(figures.accuracy_by_change(found, title="With a part silenced"), "experiments.mask")
    view.verdict(found)
    view.numbers(found)

st.header("What each filter is worth")
if found := view.ask(setup, "occlusion"):
    show_figure(figures.filter_importance(found, filters), "experiments.importance")
    st.caption(
        "Each point: what the model loses when one filter always says its mean. Below: where that filter listens."
    )
    view.importance_verdict(found)
    view.numbers(found)
