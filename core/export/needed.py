"""The packages that exporting needs, and most people do not."""

from __future__ import annotations

from importlib.util import find_spec

from core.errors import ExportError

EXTRAS: dict[str, tuple[str, ...]] = {
    "export": ("onnx", "onnxruntime"),
    "tflite": ("litert_torch", "ai_edge_quantizer", "ai_edge_litert"),
}
"""Packages by the extra that brings them."""


def require_packages(extra: str = "export") -> None:
    """Raises ExportError if a package of an extra is not installed; it says how to install them."""
    if missing := [name for name in EXTRAS[extra] if find_spec(name) is None]:
        what = "ONNX" if extra == "export" else "TFLite"
        raise ExportError(
            f"Exporting to {what} needs {' and '.join(missing)}, which this environment does not have. Run "
            f"pip install -r requirements-{extra}.txt, then export again."
        )
