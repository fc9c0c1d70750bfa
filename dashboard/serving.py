"""Who is answered, and what a browser may do with the answer; Streamlit draws what is inside.

Whoever reaches the pages starts programs, reads folders and deletes runs. So the server listens to this computer alone
unless another address is asked for by name, and no web page of anybody else may use it through the browser of its
user: neither under a name of its own, nor from another origin, nor in a frame. (Try shows one page in a frame: that
which listens in the browser alone.)
"""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from dashboard import tidying
from dashboard.shared import listening_pages, places, starting
from dashboard.shared.listening_pages import BASE

HEADERS = {
    # Streamlit's pages need scripts and styles in line, and make some as they go. Nothing is fetched from elsewhere: a
    # text with a picture in it tells nobody who reads it.
    "Content-Security-Policy": "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; {connect}"
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",  # what frame-ancestors says, for browsers that do not know it
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""What every answer tells the browser."""

START = places.FIRST
"""The page that Streamlit shows without a name, and does not know by its own."""

GONE = ("overview",)
"""Pages of former versions whose content stands on the first page now."""


def check_address() -> None:
    """See that the server listens to this computer alone, or where somebody has said that it shall.

    Ends the program with a sentence if no address is given, which Streamlit takes for all of them.
    """
    address = st.get_option("server.address")
    if not address:
        sys.exit(
            "Earshot does not start: no address is given, so everybody who reaches this computer could use it; "
            "add --server.address=127.0.0.1 to the command (or, to let others in, the address meant)."
        )
    if not is_loopback(address):
        print(  # noqa: T201  (beside the address that Streamlit prints)
            f"  Earshot listens on {address}, as asked: whoever reaches that address can start programs and delete "
            "runs here. See SECURITY.md.",
            file=sys.stderr,
        )


def is_loopback(address: str) -> bool:
    """Whether an address can be reached from this computer alone.

    >>> [is_loopback(address) for address in ("127.0.0.1", "127.0.0.2", "::1", "localhost", "0.0.0.0", "::", "earth")]
    [True, True, True, True, False, False, False]
    """
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return address.lower().rstrip(".") == "localhost"


def refusal(headers: Headers) -> str:
    """Why a request is not answered, and what to do; empty if it is.

    Args:
        headers: Those of the request.
    """
    host = headers.get("host", "")
    if not is_host_allowed(host):
        return (
            f"Earshot is not reached as {host!r}: open the address that its server printed, or start it with "
            "--server.allowedHosts=NAME for each name that it shall answer to."
        )
    origin = headers.get("origin")
    if origin is not None and not _is_known(origin, host):
        return (
            f"Earshot does not answer to pages of {origin!r}: open the address that its server printed, or start it "
            "with --server.corsAllowedOrigins=ORIGIN."
        )
    return ""


def _is_known(origin: str, host: str) -> bool:
    try:
        return urlsplit(origin).netloc == host or origin in st.get_option("server.corsAllowedOrigins")
    except ValueError:
        return False


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """What happens once the server runs: it begins to get ready for its first visitor."""
    starting.begin()
    yield


class Guard:
    """Answers requests that are meant for this server, and tells the browser to keep the pages to itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        says = HEADERS | (listening_pages.HEADERS if listening_pages.is_here(scope["path"]) else {})

        async def send_with_headers(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                # Old browsers do not count a socket to the same place as 'self'.
                # The recorder's player fetches what was recorded as a blob.
                connect = f"connect-src 'self' blob: data: ws://{headers.get('host')} wss://{headers.get('host')}; "
                answer = MutableHeaders(scope=message)
                for name, value in says.items():
                    answer[name] = value.format(connect="" if why else connect)
            await send(message)

        why = refusal(headers)
        inside = PlainTextResponse(why, status_code=403) if why else _other_way(scope, headers) or self.app
        try:
            await inside(scope, receive, send_with_headers)
        finally:
            if scope["type"] == "websocket":
                tidying.visitor_left()


def _other_way(scope: Scope, headers: Headers) -> Response | None:
    """Leads a person who typed an address that Streamlit does not know, but that can be understood."""
    path = scope["path"].removeprefix(scope.get("root_path", "")).removeprefix(BASE)
    _, page, *below = path.split("/")
    query = f"?{scope['query_string'].decode('latin-1')}" if scope.get("query_string") else ""
    if page in (START, *GONE) and not any(below):
        return RedirectResponse(f"{BASE}/{query}")
    if page in places.TABS and any(below) and headers.get("sec-fetch-dest") == "document":
        return RedirectResponse(f"{BASE}/{page}{query}")
    return None


ROUTES = [listening_pages.ROUTE]
MIDDLEWARE = [Middleware(Guard)]
