"""Where models run: on the GPU or on the CPU."""

from __future__ import annotations

import streamlit as st

from dashboard.shared import cache, wording


def choose_device(key: str) -> str:
    """GPU or CPU; a GPU is the default where there is one."""
    devices = cache.devices()
    if len(devices) == 1:
        st.caption(f"Runs on the {wording.device(devices[0])}: PyTorch finds no GPU on this computer.")
        return devices[0]
    chosen = st.segmented_control(
        "Device", devices, default=devices[0], key=key, persist_state="session", format_func=wording.device
    )
    return chosen or devices[0]
