"""Starts everything: listens at once, loads meanwhile, says one line when ready, ends cleanly."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from functools import partial

import uvicorn

from assistant.answer import Assistant
from assistant.build import build as build_assistant
from assistant.build import build_listener
from assistant.config import Config
from assistant.errors import InputError
from assistant.knowledge.catalogue import Catalogue, utc_now
from assistant.record.ledger import SqliteLedger
from ui.api import create_api
from ui.ask import Desk
from ui.auth import authenticator, is_loopback
from ui.guard import App, Guard
from ui.hearing import Ear
from ui.ingestion import pipeline_of
from ui.knowledge.room import Room
from ui.knowledge.routes import ADDRESS, largest
from ui.knowledge.work import Pipelines
from ui.runtime import Runtime


def create_app(config: Config, runtime: Runtime, ear: Ear | None = None, *, pipelines: Pipelines | None = None) -> App:
    """Routes, page and guard as one ASGI application. Imports Gradio: about two seconds. ``pipelines``: the ingestion that
    knowledge managers start (None: the configured one)."""
    # read by Gradio when it is imported: no usage statistics, no look for a newer version, no history in the browser
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    import gradio

    from ui.app import create_page, theme

    identify = authenticator(config.access)
    room = Room(
        config, runtime, identify, utc_now, pipelines or partial(pipeline_of, config, assistant=runtime.assistant)
    )
    ear = ear or ear_of(config, runtime)
    api = create_api(runtime, identify, title=config.server.title, ear=ear, room=room)
    page = create_page(Desk(config, runtime, identify, utc_now, ear.spoken), room)
    gradio.mount_gradio_app(
        api,
        page,
        path="/",
        theme=theme(),
        footer_links=[],
        run_history=False,
        show_error=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        enable_monitoring=False,
        allowed_paths=[],
    )
    uploads = {ADDRESS: largest(config.ingest.max_file_mb)}
    return Guard(api, demo=identify.mode == "demo", ancestors=config.server.frame_ancestors, uploads=uploads)


def ear_of(config: Config, runtime: Runtime) -> Ear:
    """Speech for this application; its models are loaded when somebody first speaks."""
    return Ear(
        config,
        build_listener,
        lambda: SqliteLedger(Catalogue.open_existing(config.data)),
        lambda: runtime.assistant().library,
    )


def serve(
    config: Config,
    *,
    port: int | None = None,
    host: str | None = None,
    build: Callable[[Config], Assistant] = build_assistant,
) -> None:
    """Serves until interrupted. ``build`` runs on a thread of its own while the page listens already. Raises
    `InputError` for a port in use and for demo mode beyond this machine, and whatever ``build`` raised."""
    started = time.monotonic()
    address = host or config.server.host
    if config.access.mode == "demo" and not is_loopback(address):
        raise InputError(
            f"Demo mode lets anyone choose any user, so it serves this machine only, not {address}; "
            'leave --host out, or set access.mode = "public".'
        )
    listening = _listen(address, config.server.port if port is None else port)
    runtime = Runtime(lambda: build(config))
    server = _Server(
        uvicorn.Config(
            create_app(config, runtime),
            log_level="warning",
            access_log=False,
            proxy_headers=False,  # the guard must see who really connected
            server_header=False,
            timeout_graceful_shutdown=2,
            ws="none",
        )
    )
    threading.Thread(target=_announce, args=(server, runtime, listening, started), daemon=True).start()
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:
        pass
    finally:
        listening.close()
    if runtime.future.done():
        runtime.future.result()


class _Server(uvicorn.Server):
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Open pages hold streams that only end by being cut; uvicorn would print a traceback for each."""
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        await super().shutdown(sockets)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise InputError(
            f"Port {port} of {host} can't be used ({error.strerror}); choose another, for example PORT={port + 1}."
        ) from error
    return listening


def _announce(server: uvicorn.Server, runtime: Runtime, listening: socket.socket, started: float) -> None:
    """The one line, when both the page and the assistant are there; or the end, where loading failed."""
    if runtime.future.exception() is not None:  # waits
        server.should_exit = True
        return
    while not server.started:
        if server.should_exit:
            return
        time.sleep(0.05)
    host, port = listening.getsockname()[:2]
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    print(f"Muniment is ready at http://{shown}:{port} ({time.monotonic() - started:.0f} seconds)", flush=True)
