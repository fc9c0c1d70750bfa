"""Parts of pages that run in the browser: each has a Python half and a JavaScript half."""

from streamlit.components.v2.bidi_component import main as streamlit_component

# Streamlit 1.67 shows a component's state through a class that pickle cannot find, and then refuses to go on where
# `enforceSerializableSessionState` is set. What it would add is triggers, and there are none here.
streamlit_component.make_bidi_component_presenter = lambda *_: None  # type: ignore[attr-defined, assignment]
