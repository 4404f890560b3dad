"""A simulated telephone: the other end of a Media Streams socket, in real time, frame by frame of 20 ms.

It does what a line does: sends sound and silence at the pace of the clock, plays what it receives in order, gives a mark back
when all before it was played, and drops what is left at a ``clear``. What it hears is kept with two times: when the text came,
and when its sound began to play. Times are seconds of the monotonic clock.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from assistant.errors import InputError
from assistant.voice import mulaw
from assistant.voice.values import Samples

FRAME_BYTES = 160
FRAME_SECONDS = 0.02
_SILENCE = b"\xff" * FRAME_BYTES
_VOICED = 0.05
"""A frame is voiced from this share of the loudest one's level on: where a question ends, not where its file does."""


MUTE = ("question", "end")
"""Kinds of captions without a sound."""


@dataclass(frozen=True, kw_only=True)
class Clip:
    """Sound as frames of the line, from its first to its last voiced one."""

    frames: tuple[bytes, ...]

    @property
    def seconds(self) -> float:
        return len(self.frames) * FRAME_SECONDS


def clip_of(samples: Samples) -> Clip:
    """``samples`` at 16 kHz. Raises `InputError` where nothing is to be heard in them."""
    narrow = mulaw.to_narrowband(samples)
    count = len(narrow) // FRAME_BYTES
    frames = narrow[: count * FRAME_BYTES].reshape(count, FRAME_BYTES)
    levels = np.sqrt(np.mean(frames**2, axis=1))
    if not count or levels.max() < 1e-3:
        raise InputError("Nothing is to be heard in the question's sound; give another recording or voice.")
    voiced = np.flatnonzero(levels >= _VOICED * levels.max())
    kept = frames[voiced[0] : voiced[-1] + 1]
    return Clip(frames=tuple(mulaw.encode(frame) for frame in kept))


@dataclass(kw_only=True)
class Said:
    """What the gateway said: ``at`` its text came, ``plays`` its sound began (None while, or where, there is no sound),
    ``whole`` when all of its sound has come, or none will."""

    kind: str
    text: str
    at: float
    plays: float | None = None
    whole: bool = False


class Caller:
    """One call. ``late``: the most seconds that a frame was sent after its time; a measure of this end, not of the other."""

    def __init__(self, socket: ClientConnection, call: str) -> None:
        self._socket = socket
        self.call = call
        self._stream = f"MZ{call}"
        self._sound: deque[bytes] = deque()
        self._spoken = asyncio.Event()
        self._spoken_at = 0.0
        self._news = asyncio.Condition()
        self._plays_until = 0.0
        self._marks: list[tuple[float, str]] = []
        self.said: list[Said] = []
        self.closed = self._gone = False
        self.sent = 0
        self.late = 0.0
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        form = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
        start = {"streamSid": self._stream, "callSid": self.call, "tracks": ["inbound"], "mediaFormat": form}
        await self._send({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        await self._send({"event": "start", "start": {**start, "customParameters": {"captions": "true"}}})
        self._tasks = [asyncio.create_task(self._receive()), asyncio.create_task(self._pace())]

    async def speak(self, clip: Clip) -> float:
        """Returns when the last voiced frame was sent, and at what time that was; at once on a line that is gone."""
        if self._gone:
            return time.perf_counter()
        self._spoken.clear()
        self._sound.extend(clip.frames)
        await self._spoken.wait()
        return self._spoken_at

    async def until(self, *kinds: str, after: int, seconds: float) -> Said | None:
        """The first text of these kinds from number ``after`` of `said` on; None when ``seconds`` are over or the line is
        closed before."""

        def found() -> Said | None:
            return next((one for one in self.said[after:] if one.kind in kinds), None)

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(lambda: self.closed or found() is not None)
        return found()

    async def played(self, seconds: float) -> None:
        """Waits until all that was begun to be said was played, ``seconds`` at most."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(lambda: self.closed or all(one.whole for one in self.said))
        await asyncio.sleep(max(0.0, self._plays_until - time.perf_counter()) + 2 * FRAME_SECONDS)

    async def hang_up(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            await self._send({"event": "stop", "stop": {"callSid": self.call}})
        await self.leave()

    def cut(self) -> None:
        """The line is gone without a word."""
        self._socket.transport.abort()

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _pace(self) -> None:
        began = time.perf_counter()
        with contextlib.suppress(ConnectionClosed):
            while not self.closed:
                due = began + self.sent * FRAME_SECONDS
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                self.late = max(self.late, time.perf_counter() - due)
                frame = self._sound.popleft() if (speaking := bool(self._sound)) else _SILENCE
                payload = base64.b64encode(frame).decode("ascii")
                stamp = str(int(self.sent * FRAME_SECONDS * 1000))
                media = {"track": "inbound", "chunk": str(self.sent + 1), "timestamp": stamp, "payload": payload}
                await self._send({"event": "media", "media": media})
                self.sent += 1
                if speaking and not self._sound:
                    self._spoken_at = time.perf_counter()
                    self._spoken.set()
                await self._give_back()
        self._gone, self._spoken_at = True, time.perf_counter()
        self._spoken.set()  # nobody waits on a closed line

    async def _give_back(self) -> None:
        """The marks whose sound was played."""
        now = time.perf_counter()
        done = [name for due, name in self._marks if due <= now]
        self._marks = [(due, name) for due, name in self._marks if due > now]
        for name in done:
            await self._send({"event": "mark", "mark": {"name": name}})

    async def _receive(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                self._take(json.loads(await self._socket.recv()), time.perf_counter())
                async with self._news:
                    self._news.notify_all()
        self.closed = True
        async with self._news:
            self._news.notify_all()

    def _take(self, body: dict[str, Any], now: float) -> None:
        match body["event"]:
            case "media":
                plays = max(now, self._plays_until)
                if self.said and self.said[-1].plays is None:
                    self.said[-1].plays = plays
                self._plays_until = plays + len(base64.b64decode(body["media"]["payload"])) / mulaw.TELEPHONE_RATE
            case "mark":
                self._marks.append((self._plays_until, body["mark"]["name"]))
                self._complete()
            case "clear":
                self._complete()
                self._plays_until = now
                self._marks = [(now, name) for _, name in self._marks]
            case "caption":
                kind, text = body["caption"]["kind"], body["caption"]["text"]
                self.said.append(Said(kind=kind, text=text, at=now, whole=kind in MUTE))

    def _complete(self) -> None:
        for one in self.said:
            one.whole = True

    async def _send(self, body: Mapping[str, Any]) -> None:
        await self._socket.send(json.dumps({**body, "streamSid": self._stream}))


@contextlib.asynccontextmanager
async def dialled(url: str, headers: Mapping[str, str], call: str) -> AsyncIterator[Caller]:
    """A call that has begun; hung up at the end, whatever happened."""
    async with connect(url, additional_headers=dict(headers), open_timeout=60, ping_interval=None) as socket:
        caller = Caller(socket, call)
        await caller.start()
        try:
            yield caller
        finally:
            await caller.hang_up()
