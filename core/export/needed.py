"""The packages that exporting to ONNX needs, and most people do not."""

from __future__ import annotations

from importlib.util import find_spec

from core.errors import ExportError

PACKAGES = ("onnx", "onnxruntime")


def require_packages() -> None:
    """Raises ExportError if a package is not installed; it says how to install them."""
    if missing := [name for name in PACKAGES if find_spec(name) is None]:
        raise ExportError(
            f"Exporting to ONNX needs {' and '.join(missing)}, which this environment does not have. Run "
            "pip install -r requirements-export.txt, then export again."
        )
