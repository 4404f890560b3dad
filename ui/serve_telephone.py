"""Starts the telephone gateway: a server of its own, so that the page needs no web socket and lines no page."""

from __future__ import annotations

import uvicorn

from assistant.build import build, build_listener
from assistant.config import Config
from assistant.knowledge.catalogue import Catalogue
from assistant.models import heap
from assistant.record.ledger import SqliteLedger
from assistant.voice.say import synthesiser
from ui.hearing import Ear
from ui.telephone import Exchange, create_gateway, token_of


def serve(config: Config, *, host: str, port: int) -> None:
    """Loads everything first: a caller never waits for models. Raises `InputError` without an address or a secret."""
    voice = synthesiser(config.voice.synthesiser)
    with heap.loading():
        assistant = build(config)
        assistant.ready()
        assistant.warm()
    ear = Ear(
        config,
        build_listener,
        lambda: SqliteLedger(Catalogue.open_existing(config.data)),
        lambda: assistant.library,
    )
    exchange = Exchange(config, lambda: assistant, ear, voice, token=token_of(config))
    exchange.listener  # noqa: B018 – loads the models
    exchange.prepare()
    spoken = voice.name if voice else "no synthesiser: texts only"
    print(f"Muniment answers calls at {config.voice.telephone.public_url} (port {port}, {spoken})", flush=True)
    try:
        uvicorn.run(
            create_gateway(exchange),
            host=host,
            port=port,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws_max_size=65536,
            timeout_graceful_shutdown=3,
        )
    finally:
        exchange.close()
