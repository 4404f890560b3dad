"""The telephone gateway: a web socket that speaks Media Streams, one `Line` a call, and the address that answers new calls.

Every caller is the guest: nobody on a telephone has been authenticated, so only public documents are searched. A notice comes
first. What was heard, what was asked and how the call ended stand in the ledger, also when the line is cut.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit

import numpy as np
from fastapi import FastAPI, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import Response

from assistant.answer import Assistant
from assistant.config import Config
from assistant.errors import AccessError, InputError, MunimentError, Unavailable
from assistant.voice.listen import Listener
from assistant.voice.queue import TranscriptionQueue
from assistant.voice.say import Synthesiser
from assistant.voice.values import Samples
from ui import call, twilio
from ui.hearing import Ear
from ui.line import Line

log = logging.getLogger("muniment")
STREAM = "/telephone"
ANSWER = "/telephone/answer"
_FIRST_MESSAGE = 10.0
"""Seconds in which a new connection must say which call it is."""
_THREADS_A_CALL = 3
"""One for its sound, one that waits for its answer, one for its records."""
_SILENCE = np.zeros(0, dtype=np.float32)
Result = TypeVar("Result")


class Exchange:
    """All lines of one gateway: the shared assistant, transcriber and queue, and how many calls there are."""

    def __init__(
        self,
        config: Config,
        assistant: Callable[[], Assistant],
        ear: Ear,
        synthesiser: Synthesiser | None,
        *,
        token: str,
    ) -> None:
        if not token:
            name = config.voice.telephone.token_variable
            raise InputError(f"The gateway needs the provider's signing secret in the environment variable {name}.")
        if not config.voice.telephone.public_url:
            raise InputError(
                "The gateway needs voice.telephone.public_url in the config: the address requests are signed for."
            )
        self.config = config
        self.section = config.voice.telephone
        self.assistant = assistant
        self.ear = ear
        self.synthesiser = synthesiser
        self.token = token
        self.calls: set[str] = set()
        self._threads = ThreadPoolExecutor(_THREADS_A_CALL * self.section.calls + 4, thread_name_prefix="line")
        self._sounds: dict[str, Samples] = {}
        self._queue: TranscriptionQueue | None = None

    @property
    def full(self) -> bool:
        return len(self.calls) >= self.section.calls

    @property
    def listener(self) -> Listener:
        return self.ear.listener()

    @property
    def queue(self) -> TranscriptionQueue:
        if self._queue is None:
            self._queue = TranscriptionQueue(
                self.listener.transcriber, waiting=self.section.waiting, batch=self.config.voice.batch
            )
        return self._queue

    async def thread(self, work: Callable[[], Result]) -> Result:
        """Off the event loop, on a thread that is there for each call: who waits for an answer keeps nobody's detector
        waiting, as they would on asyncio's few common threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def prepare(self) -> None:
        """Speaks what is always said alike, once, so that nobody waits for it."""
        for text in call.PHRASES:
            self._sounds[text] = self._speak(text)

    def sound(self, text: str) -> Samples:
        """Empty without a synthesiser, or where it fails: the text is all there is then."""
        known = self._sounds.get(text)
        return self._speak(text) if known is None else known

    def _speak(self, text: str) -> Samples:
        try:
            return self.synthesiser.speak(text) if self.synthesiser else _SILENCE
        except Unavailable as error:
            log.warning("%s", error)
            return _SILENCE

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._queue is not None:
            self._queue.close()


def token_of(config: Config) -> str:
    return os.environ.get(config.voice.telephone.token_variable, "")


def create_gateway(exchange: Exchange) -> FastAPI:
    """The two routes of the gateway. Unsigned requests are refused before anything is read."""
    api = FastAPI(title="Muniment telephone", docs_url=None, redoc_url=None, openapi_url=None)
    parts = urlsplit(exchange.section.public_url)
    web = f"{'https' if parts.scheme == 'wss' else 'http'}://{parts.netloc}{ANSWER}"

    @api.get("/healthz")
    def healthz() -> dict[str, object]:
        section = exchange.section
        return {"status": "alive", "calls": len(exchange.calls), "most": section.calls, "seconds": section.seconds}

    @api.post(ANSWER)
    async def answer(request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
        try:
            twilio.check(exchange.token, web, request.headers.get("x-twilio-signature"), form)
        except AccessError as error:
            return Response(f"{error}\n", status_code=403, media_type="text/plain")
        said = (
            twilio.refuse(call.BUSY)
            if exchange.full
            else twilio.connect(exchange.section.public_url, exchange.section.person)
        )
        return Response(said, media_type="application/xml")

    @api.websocket(STREAM)
    async def stream(socket: WebSocket) -> None:
        try:
            twilio.check(exchange.token, exchange.section.public_url, socket.headers.get("x-twilio-signature"))
        except AccessError:
            await socket.close(1008)
            return
        await socket.accept()
        await _serve(exchange, socket)

    return api


async def _serve(exchange: Exchange, socket: WebSocket) -> None:
    """One connection to its end. Nothing that happens on a line reaches the others."""
    try:
        started = await asyncio.wait_for(_start(socket), _FIRST_MESSAGE)
    except (TimeoutError, WebSocketDisconnect, InputError):
        await _close(socket, 1008)
        return
    line = Line(exchange, socket.send_text, started)
    if exchange.full:
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # gone before it was refused
            await line.refuse(call.BUSY)
        await _close(socket, 1013)
        return
    exchange.calls.add(started.stream)
    reason = "the line was cut"
    try:
        async with asyncio.timeout(exchange.section.minutes * 60):
            await line.open()
            reason = await _listen(socket, line)
    except TimeoutError:
        reason = "the longest time of a call was reached"
    except WebSocketDisconnect:
        pass
    except MunimentError as error:
        reason = str(error)
    except RuntimeError as error:  # sending on a socket that is closed
        log.info("call %s: %s", started.call, error)
    finally:
        exchange.calls.discard(started.stream)
        await line.end(reason)
        await _close(socket, 1000)


async def _start(socket: WebSocket) -> twilio.Started:
    while True:
        message = twilio.parse(await socket.receive_text())
        if isinstance(message, twilio.Started):
            return message


async def _listen(socket: WebSocket, line: Line) -> str:
    """Messages until the call ends; returns why."""
    while not line.over:
        receiving = asyncio.ensure_future(socket.receive_text())
        ended = asyncio.ensure_future(line.ended.wait())
        done, _ = await asyncio.wait({receiving, ended}, return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        if receiving not in done:
            receiving.cancel()
            break
        match twilio.parse(receiving.result()):
            case twilio.Media(payload=payload):
                await line.sound(payload)
            case twilio.Mark(name=name):
                line.played(name)
            case twilio.Stopped():
                return "the caller hung up"
    return line.reason


async def _close(socket: WebSocket, code: int) -> None:
    try:
        await socket.close(code)
    except (RuntimeError, WebSocketDisconnect):
        log.debug("the socket was closed already")
