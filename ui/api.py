"""The HTTP routes beside the page. Every one asks the one `Authenticator`; one border turns errors into a sentence."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse

from assistant.errors import AccessError, FailureKind, InputError, MunimentError
from assistant.protocols import Authenticator
from assistant.types import Document, Principal, Spoken
from ui import chat, shell
from ui.api_voice import add_voice_routes
from ui.assets import SCRIPTS, STYLES
from ui.auth import COOKIE, DemoAuthenticator
from ui.hearing import Ear
from ui.knowledge.room import Room
from ui.knowledge.routes import add_knowledge_routes
from ui.marks import Span
from ui.pages import owner_of, page_of, sheet_for
from ui.pdf import page_png
from ui.runs import Run
from ui.runtime import Runtime

log = logging.getLogger("muniment")
HERE = Path(__file__).parent
ASSETS = {name: "text/css" if name.endswith(".css") else "text/javascript" for name in (*STYLES, *SCRIPTS)}
PRIVATE = {"Cache-Control": "private, no-store"}
_STATUS: dict[FailureKind, int] = {
    "input": 400,
    "access": 403,
    "unavailable": 503,
    "transient": 503,
    "corrupt": 500,
    "internal": 500,
}

Offset = Annotated[int, Query(ge=0)]


def status_of(error: MunimentError) -> int:
    """By the error's kind. What you may not see is not found: the same whether it exists or not."""
    if isinstance(error, AccessError):
        return 404
    return _STATUS[error.failed if isinstance(error, chat.AskFailed) else error.kind]


def span_in(document: Document, start: int, end: int) -> Span | None:
    """``[start, end)`` cut to the text; None where nothing is left of it."""
    first, last = max(0, start), min(end, len(document.text))
    return (first, last) if first < last else None


def create_api(
    runtime: Runtime, authenticator: Authenticator, *, title: str, ear: Ear | None = None, room: Room | None = None
) -> FastAPI:
    """The routes, without Gradio: `ui.serve` mounts that at ``/`` afterwards. With an ``ear``, those of voice too; with a
    ``room``, those of the knowledge page."""
    api = FastAPI(title=title, docs_url=None, redoc_url=None, openapi_url=None)

    def principal_of(request: Request) -> Principal:
        return authenticator.principal(request.cookies)

    asker = Depends(principal_of)

    @api.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @api.get("/readyz")
    def readyz() -> dict[str, str]:
        runtime.ready()
        return {"status": "ready"}

    @api.get("/ui/{name}")
    def asset(name: str) -> Response:
        if name not in ASSETS:
            raise AccessError("There is nothing at this address.")
        return FileResponse(HERE / name, media_type=ASSETS[name], headers={"Cache-Control": "no-cache"})

    @api.get("/documents/{document_id}", response_class=HTMLResponse)
    def document_page(
        document_id: str, start: Offset = 0, end: Offset = 0, principal: Principal = asker
    ) -> HTMLResponse:
        assistant = runtime.assistant()
        document = assistant.library.document(document_id, principal)
        span = span_in(document, start, end)
        sheet = sheet_for(assistant.library, document, span, principal)
        owner = owner_of(assistant.library, document, principal)
        today = assistant.clock().date()
        body = shell.panel_html(document, span, today, sheet=sheet, owner=owner, alone=True)
        return HTMLResponse(shell.standalone_html(document.title, body), headers=PRIVATE)

    @api.get("/documents/{document_id}/pages/{page}.png")
    def page_image(
        document_id: str, page: int, start: Offset = 0, end: Offset = 0, principal: Principal = asker
    ) -> Response:
        library = runtime.assistant().library
        document = library.document(document_id, principal)
        if page_of(document, 0) is None:
            raise InputError("This document has no pages to show.")
        span = span_in(document, start, end)
        quote = document.text[span[0] : span[1]] if span else ""
        png = page_png(library.source(document_id, principal), page, quote)
        return Response(png, media_type="image/png", headers=PRIVATE)

    @api.post("/v1/chat/completions")
    async def chat_completions(body: chat.ChatRequest, principal: Principal = asker) -> Response:
        assistant = runtime.assistant()
        now = assistant.clock()
        longest = assistant.config.limits.question_characters
        heard = await run_in_threadpool(_spoken, ear, body.heard, principal) if body.heard else ()
        question = chat.question_of(body, principal, now.date(), longest=longest, heard=heard)
        run = Run(lambda: assistant.ask(question))
        if body.stream:
            lines = chat.stream(run, stream_id=secrets.token_hex(8), created=now, model=body.model)
            return StreamingResponse(lines, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
        return JSONResponse(await run_in_threadpool(chat.completion, run, created=now, model=body.model))

    if ear is not None:
        add_voice_routes(api, ear, asker)
    if room is not None:
        add_knowledge_routes(api, room, asker)

    if isinstance(authenticator, DemoAuthenticator):

        @api.api_route("/as/{user_id}", methods=["GET", "POST"])
        def choose_user(user_id: str) -> Response:
            user = authenticator.user(user_id)
            response = RedirectResponse("/", status_code=303)
            response.set_cookie(COOKIE, user.id, httponly=True, samesite="strict")
            return response

    _border(api)
    return api


def _spoken(ear: Ear | None, records: list[str], principal: Principal) -> tuple[Spoken, ...]:
    if ear is None:
        raise InputError("Nothing is heard here; leave the field heard out.")
    return ear.spoken(records, principal)


def _border(api: FastAPI) -> None:
    """Errors become words here, and only here."""

    @api.exception_handler(MunimentError)
    def refused(request: Request, error: MunimentError) -> Response:
        kind = error.failed if isinstance(error, chat.AskFailed) else error.kind
        return _say(request, status_of(error), str(error), kind)

    @api.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        first: dict[str, Any] = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part != "body") or "the request"
        return _say(request, 400, f"{where}: {first['msg']}.", "input")

    @api.exception_handler(Exception)
    def broken(request: Request, error: Exception) -> Response:
        one = secrets.token_hex(4)
        log.error("error %s at %s: %r", one, request.url.path, error)
        return _say(request, 500, f"Something went wrong on our side; tell the operator the number {one}.", "internal")


def _say(request: Request, status: int, sentence: str, kind: str) -> Response:
    headers = {**PRIVATE, **({"Retry-After": "2"} if status == 503 else {})}
    if request.url.path.startswith("/documents/") and "text/html" in request.headers.get("accept", ""):
        body = shell.message_html("That did not work", sentence)
        return HTMLResponse(shell.standalone_html("Not shown", body), status_code=status, headers=headers)
    return JSONResponse(chat.error_json(sentence, kind), status_code=status, headers=headers)
