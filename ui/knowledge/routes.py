"""``POST /knowledge/files?collection=C&name=N&replace=true``: one file, its bytes as the body, into a collection's folder.

Answers ``state`` (added, replaced, same, or taken: another file has the name and nothing was written), ``name``, ``size`` and
``sha256``. The body is ``application/octet-stream``, which no other site's page can send without being asked for leave.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from assistant.errors import InputError
from assistant.types import Principal
from ui.knowledge.room import Room

ADDRESS = "/knowledge/files"
KIND = "application/octet-stream"


def largest(max_file_mb: int) -> int:
    """Bytes of a request."""
    return max_file_mb * 1_000_000


def add_knowledge_routes(api: FastAPI, room: Room, asker: Any) -> None:
    """``asker``: the dependency that authenticates, the same as of every other route."""

    @api.post(ADDRESS)
    async def files(
        request: Request, collection: str, name: str, replace: bool = False, principal: Principal = asker
    ) -> Response:
        await run_in_threadpool(room.gate.sight, principal)  # before anything is received
        if request.headers.get("content-type") != KIND:
            raise InputError(f"A file is sent as {KIND}.")
        most = largest(room.gate.config.ingest.max_file_mb)
        content = bytearray()
        async for chunk in request.stream():
            content += chunk
            if len(content) > most:
                raise InputError(f"The file has more than {most // 1_000_000} MB (ingest.max_file_mb).")
        done = await run_in_threadpool(
            room.sources.upload, principal, collection, name, bytes(content), replace=replace
        )
        told = {"state": done.state, "name": done.name, "size": done.size, "sha256": done.sha256}
        return JSONResponse(told, headers={"Cache-Control": "private, no-store"})
