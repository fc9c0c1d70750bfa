"""Pages that listen in a browser alone, beside Streamlit's own: their addresses, and what a browser may do there."""

from __future__ import annotations

import re

import streamlit as st
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from dashboard.shared import starting

BASE = f"/{st.get_option('server.baseUrlPath').strip('/')}".rstrip("/")
"""What all paths of this server begin with; usually nothing."""

PLACE = f"{BASE}/listens"

HEADERS = {
    # The page's own files and nothing else, and shown by no other site. For its worker this is all that is said.
    "Content-Security-Policy": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; "
    "connect-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    "X-Frame-Options": "SAMEORIGIN",
}
"""What their files tell the browser, where it is something else than all other answers tell it."""

KINDS = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".onnx": "application/octet-stream",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
}
"""What each kind of file is called; Python asks the system, and some systems call JavaScript a plain text."""

KEPT_S = 24 * 3600
"""How long a browser keeps a file (s): another model, or another version of the page, has another address."""

_PATH = re.compile(rf"{re.escape(PLACE)}/[0-9a-f]+/[\w.-]+")


def address(key: str) -> str:
    """The address of a page on this server."""
    return f"{PLACE}/{key}/index.html"


def is_here(path: str) -> bool:
    """Whether a path of this server leads to a file of such a page.

    >>> [is_here(path) for path in ("/listens/00ff/page.js", "/listens/00ff/../x", "/data")]
    [True, False, False]
    """
    return _PATH.fullmatch(path) is not None


def _answer(request: Request) -> Response:
    starting.wait()
    from core.export import served  # it brings PyTorch

    path = served.file(request.path_params["key"], request.path_params["name"])
    if path is None:
        return PlainTextResponse("There is no such file. Open Try again: it makes the page anew.", status_code=404)
    return FileResponse(path, media_type=KINDS[path.suffix], headers={"Cache-Control": f"private, max-age={KEPT_S}"})


ROUTE = Route(f"{PLACE}/{{key}}/{{name}}", _answer)
