"""The door: what every request must pass and every response carries. Plain ASGI, so that streams stay streams.

Content-Security-Policy as far as Gradio 6.31 allows: its page has inline scripts (they get a nonce here), renders
templates with ``new Function`` (hence ``unsafe-eval``) and sets inline styles. Injected ``<script>`` and ``onerror=``
do not run, and nothing can be fetched from, or sent to, another origin. Of Gradio's own routes only those that the page
uses are open: no uploads, files, proxies, API docs or run history.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from assistant.errors import AccessError, MunimentError
from ui.auth import local_only

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

OPEN = re.compile(
    r"/|/(healthz|readyz|config|theme\.css|favicon\.ico|robots\.txt|manifest\.json)"
    r"|/(as|documents|knowledge|v1|ui|assets|static)/.+"
    r"|/gradio_api/(queue/(join|data)|heartbeat/[^/]+|cancel|reset/?|startup-events)"
)
LARGEST = 1_000_000
"""Bytes of a request: a long conversation has some ten thousand."""
LARGEST_RECORDING = 25_100_000
_RECORDINGS = "/v1/audio/transcriptions"
_SOCIAL = re.compile(rb'\s*<meta\s+(?:property|name)="(?:og|twitter):[^>]*>')
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(self)",
}


def policy(nonce: str | None, ancestors: Sequence[str]) -> str:
    """The Content-Security-Policy; ``nonce`` for Gradio's page, None for everything that is wholly ours."""
    gradio = nonce is not None
    script = f"'self' 'nonce-{nonce}' 'unsafe-eval'" if gradio else "'self'"
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {script}",
            "style-src 'self' 'unsafe-inline'" if gradio else "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self' data:" if gradio else "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "base-uri 'self'" if gradio else "base-uri 'none'",
            "form-action 'self'",
            f"frame-ancestors {' '.join(ancestors) or chr(39) + 'none' + chr(39)}",
        )
    )


class Guard:
    """``demo``: requests must come straight from this machine, and writing ones from our own pages.

    ``ancestors``: origins that may show the page in a frame (a Space is shown in one). ``uploads``: the most bytes of a
    request, by address, where that is more than `LARGEST`.
    """

    def __init__(
        self, app: App, *, demo: bool, ancestors: Sequence[str] = (), uploads: Mapping[str, int] | None = None
    ) -> None:
        self._app = app
        self._demo = demo
        self._ancestors = tuple(ancestors)
        self._uploads = {_RECORDINGS: LARGEST_RECORDING, **(uploads or {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # the page needs no web socket
            await send({"type": "websocket.close", "code": 1008})
            return
        try:
            self._admit(scope)
        except MunimentError as error:
            await self._send_text(send, 403, str(error))
            return
        most = self._uploads.get(scope["path"], LARGEST)
        if not _size_known(scope, most):
            await self._send_text(send, 413, f"A request must say its size, and have at most {most:,} bytes.")
            return
        if not OPEN.fullmatch(scope["path"]):
            await self._send_text(send, 404, "There is nothing at this address.")
            return
        if scope["path"] == "/":
            await self._app(scope, receive, _Page(send, self._ancestors))
        else:
            await self._app(scope, receive, self._with_headers(send))

    def _admit(self, scope: Scope) -> None:
        if not self._demo:
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        local_only(client=(scope.get("client") or ("", 0))[0], headers=headers)
        if scope["method"] in ("GET", "HEAD", "OPTIONS"):
            return
        foreign = "origin" in headers and urlsplit(headers["origin"]).netloc != headers.get("host")
        if foreign or headers.get("sec-fetch-site") == "cross-site":
            raise AccessError("This request came from another page than ours; use the app itself.")

    def _with_headers(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _secured(message["headers"], policy(None, self._ancestors), self._ancestors)
            await send(message)

        return sending

    async def _send_text(self, send: Send, status: int, text: str) -> None:
        sending = self._with_headers(send)
        headers = [(b"content-type", b"text/plain; charset=utf-8")]
        await sending({"type": "http.response.start", "status": status, "headers": headers})
        await sending({"type": "http.response.body", "body": f"{text}\n".encode()})


def _size_known(scope: Scope, most: int) -> bool:
    if scope["method"] in ("GET", "HEAD", "OPTIONS"):
        return True
    size = dict(scope["headers"]).get(b"content-length", b"")
    return bool(size.isdigit() and int(size) <= most)


class _Page:
    """Gradio's page on its way out: held back whole, its scripts given a nonce, its advertisements left out."""

    def __init__(self, send: Send, ancestors: Sequence[str]) -> None:
        self._send = send
        self._ancestors = ancestors
        self._start: Message = {}
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        if message["type"] != "http.response.body":  # extensions of a test client
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        nonce = secrets.token_urlsafe(16)
        # the config inside the page has every "<" escaped (gradio.routes.toorjson): each <script is the template's own
        body = _SOCIAL.sub(b"", self._body).replace(b"<script", f'<script nonce="{nonce}"'.encode())
        kept = [(name, value) for name, value in self._start["headers"] if name.lower() != b"content-length"]
        headers = _secured(kept, policy(nonce, self._ancestors), self._ancestors)
        headers += [(b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")]
        await self._send({**self._start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


def _secured(
    headers: Sequence[tuple[bytes, bytes]], content_policy: str, ancestors: Sequence[str]
) -> list[tuple[bytes, bytes]]:
    added = {**_HEADERS, "content-security-policy": content_policy}
    if not ancestors:
        added["x-frame-options"] = "DENY"
    kept = [(name, value) for name, value in headers if name.lower().decode("latin-1") not in added]
    return kept + [(name.encode(), value.encode()) for name, value in added.items()]
