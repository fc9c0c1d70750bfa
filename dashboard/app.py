"""How the dashboard is served: start it with ``streamlit run dashboard/app.py``, from whatever folder.

The server imports this file once, before it answers anybody. What it serves is drawn by ``frame.py``, and its settings
stand in ``.streamlit/config.toml`` beside this file, where Streamlit finds them from every folder.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

# `streamlit run` puts this folder on the path, not the project; a checkout need not be installed.
HERE = Path(__file__).resolve().parent
PROJECT = str(HERE.parent)
if PROJECT not in sys.path:
    sys.path.insert(0, PROJECT)

import streamlit as st  # noqa: E402  (after the path above)
from streamlit.runtime.scriptrunner import get_script_run_ctx  # noqa: E402

from core.fast.malloc import share_pools  # noqa: E402
from dashboard import serving  # noqa: E402

FRAME = HERE / "frame.py"

if get_script_run_ctx(suppress_warning=True) is None:
    serving.check_address()
    share_pools()
    app = st.App(FRAME, routes=serving.ROUTES, middleware=serving.MIDDLEWARE, lifespan=serving.lifespan)
else:
    # Not served but run, as Streamlit's AppTest does.
    runpy.run_path(str(FRAME))
