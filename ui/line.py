"""One telephone call: sound in, decisions, sentences out. What is said stops when the caller begins to speak.

The line has one task at a time that speaks or answers; beginning to speak cancels it, which stops the assistant as a closed
page does. The end of a turn is acknowledged at once, before anything of it is understood. Nothing blocks the event loop:
detector, transcriber, assistant and synthesiser run on threads.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from assistant.errors import MunimentError, Transient
from assistant.types import Answer, Failed, Finished, Question, Sentence, Spoken
from assistant.voice import mulaw
from assistant.voice.listen import Part
from assistant.voice.say import length, spoken_sentence
from assistant.voice.turns import Lull, SpeechStarted, Stretch, TurnEnded, Turns
from assistant.voice.values import RATE, Heard
from ui import call, twilio
from ui.auth import GUEST
from ui.runs import Run
from ui.words import HEADLINES

log = logging.getLogger("muniment")
BROKEN = "Something went wrong on our side. Please ask again, or say: a person, please."

if TYPE_CHECKING:
    from ui.telephone import Exchange

_TOGETHER = 800
"""Bytes (0.1 s) that are looked at together."""


class Line:
    """Made when a call starts. ``send`` takes messages for the line."""

    def __init__(self, exchange: Exchange, send: Callable[[str], Awaitable[None]], started: twilio.Started) -> None:
        self._exchange = exchange
        self._send = send
        self._started = started
        self._conversation = call.Conversation()
        self._wide = mulaw.Upsampler()
        self._waiting = bytearray()
        self._digest = hashlib.sha256()
        self._early: tuple[Stretch, asyncio.Future[Heard]] | None = None
        self._stretches: list[tuple[Stretch, asyncio.Future[Heard]]] = []
        self._asked: list[tuple[Stretch, asyncio.Future[Heard]]] = []
        self._spoken: tuple[Spoken, ...] = ()
        self._task: asyncio.Task[None] | None = None
        self._turns: Turns | None = None
        self._said = 0
        self._pending: set[str] = set()
        self._count = 0
        self._last_said = self._plays_until = 0.0
        self._recorded = False
        self.ended = asyncio.Event()
        self.reason = ""

    @property
    def over(self) -> bool:
        return self.ended.is_set()

    @property
    def speaking(self) -> bool:
        """Whether something is being said, or sought, for the caller."""
        return bool(self._pending) or (self._task is not None and not self._task.done())

    async def open(self) -> None:
        """The record begins, then the notice is said."""
        await self._record("started", {})
        self._recorded = True
        listener = await self._exchange.thread(lambda: self._exchange.listener)
        self._turns = Turns(listener.detector.open())
        self._vocabulary = await self._exchange.thread(lambda: self._exchange.ear.vocabulary(GUEST))
        self._task = asyncio.create_task(self._say(call.NOTICE, "notice"))

    async def refuse(self, text: str) -> None:
        """Returns when it has been heard: closing the socket drops what was not played yet."""
        await self._say(text, "busy")
        await self._played_out()

    async def sound(self, payload: bytes) -> None:
        self._digest.update(payload)
        self._waiting += payload
        if len(self._waiting) < _TOGETHER or self._turns is None:
            return
        samples = self._wide.feed(mulaw.decode(bytes(self._waiting)))
        self._waiting.clear()
        turns = self._turns
        for event in await self._exchange.thread(lambda: list(turns.feed(samples))):
            match event:
                case SpeechStarted():
                    await self._interrupt()
                case Lull(stretch=stretch):
                    self._begin_early(stretch)
                case Stretch():
                    await self._stretch(event)
                case TurnEnded():
                    await self._turn()

    def played(self, name: str) -> None:
        self._pending.discard(name)

    async def end(self, reason: str) -> None:
        """Stops everything and closes the record; done once, whatever happened."""
        self.ended.set()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._drop_early()
        for _, future in self._stretches:
            future.cancel()
        if self._turns is not None:
            self._exchange.queue.forget(self._started.stream)
        if self._recorded:
            await self._record("ended", {"reason": reason, "turns": self._count})

    # ---------------------------------------------------------------------------------------------- parts

    async def _interrupt(self) -> None:
        """Barge-in: what is being said, or sought, is dropped. A caller who goes on before anything was replied is still
        saying the same thing: what was heard of it is kept."""
        if self.speaking:
            if self._task is not None:
                self._task.cancel()
                await asyncio.gather(self._task, return_exceptions=True)
            self._stretches = self._asked + self._stretches
            self._asked = []
            self._pending.clear()
            self._plays_until = 0.0
            await self._send(twilio.clear(self._started.stream))

    def _begin_early(self, stretch: Stretch) -> None:
        """Transcribes what may turn out to be a whole stretch, so that its words are there the sooner."""
        self._drop_early()
        future = self._exchange.queue.offer(self._started.stream, stretch.samples, self._vocabulary)
        self._early = (stretch, asyncio.wrap_future(future)) if future else None

    def _drop_early(self) -> None:
        if self._early is not None:
            self._early[1].cancel()
            self._early = None

    async def _stretch(self, stretch: Stretch) -> None:
        if self._early is not None and self._early[0].same_sound(stretch):
            self._stretches.append(self._early)
            self._early = None
            return
        self._drop_early()
        try:
            future = self._exchange.queue.submit(self._started.stream, stretch.samples, self._vocabulary)
        except Transient as error:
            self._task = asyncio.create_task(self._say(str(error), "failed"))
            return
        self._stretches.append((stretch, asyncio.wrap_future(future)))

    async def _turn(self) -> None:
        stretches, self._stretches = self._stretches, []
        digest, self._digest = self._digest.hexdigest(), hashlib.sha256()
        if stretches:
            self._count += 1
            self._asked = stretches
            self._task = asyncio.create_task(self._answer(stretches, digest))

    async def _answer(self, stretches: list[tuple[Stretch, asyncio.Future[Heard]]], digest: str) -> None:
        try:
            await self._say(call.MOMENT, "moment")
            parts = [
                Part(
                    heard=await asyncio.shield(future),
                    start=one.start,
                    end=one.start + len(one.samples) / RATE,
                    voiced=one.voiced,
                )
                for one, future in stretches
            ]
            await self._decide(parts, digest)
        except MunimentError as error:
            await self._say(str(error), "failed")
        except Exception as error:  # the caller must not be left in silence
            log.exception("call %s: %r", self._started.call, error)
            await self._say(BROKEN, "failed")

    async def _decide(self, parts: list[Part], digest: str) -> None:
        exchange = self._exchange
        duration = parts[-1].end - parts[0].start
        transcript = exchange.listener.assemble(parts, self._vocabulary, duration=duration)
        heard = await exchange.thread(
            lambda: exchange.ear.recorded(transcript, self._vocabulary, GUEST, audio_sha256=digest, channel="voice")
        )
        self._conversation, decision = self._conversation.after(
            transcript, self._vocabulary, threshold=exchange.config.voice.confirm
        )
        self._spoken = (*self._spoken, heard.spoken)
        match decision:
            case call.SayAgain(text=text) | call.ReadBack(text=text):
                self._asked = []
                if not self._conversation.pending:
                    self._spoken = ()
                await self._say(text, "read back" if isinstance(decision, call.ReadBack) else "again")
            case call.HandOver(text=text):
                await self._record("handed over", {"heard": heard.record.id})
                self.reason = "handed over to a person"
                try:
                    await self._say(text, "hand over")
                    await self._played_out()
                finally:  # also when the caller speaks into it
                    self.ended.set()
            case call.Ask():
                await self._ask(decision, heard.record.id)

    async def _ask(self, decision: call.Ask, heard: str) -> None:
        """Sentences are spoken as they are judged."""
        assistant = self._exchange.assistant()
        confirmed = [doubt.text for doubt in decision.confirmed]
        *before, last = self._spoken
        self._spoken = ()
        question = Question(
            text=decision.question,
            principal=GUEST,
            as_of=assistant.clock().date(),
            history=decision.history,
            channel="voice",
            heard=(*before, replace(last, confirmed=tuple(confirmed))),
        )
        await self._caption(f"You asked: {decision.question}", "question")
        run = Run(lambda: assistant.ask(question))
        events = run.events()
        sources: set[str] = set()
        try:
            while (event := await self._exchange.thread(lambda: next(events, "end"))) != "end":
                match event:
                    case None if self._quiet_for >= self._exchange.section.seconds:
                        await self._say(call.WAITING, "waiting")
                    case Sentence():
                        self._asked = []
                        await self._say(spoken_sentence(event, sources), "sentence")
                    case Failed(message=message):
                        await self._say(message, "failed")
                    case Finished(answer=answer):
                        self._asked = []
                        if answer.status != "answered":
                            await self._say(_without_answer(answer), "no answer")
                        self._conversation = self._conversation.answered(decision.question, answer.text)
                        content = {"heard": heard, "answered": answer.receipt.id, "confirmed": confirmed}
                        content["call"] = self._started.call
                        await self._exchange.thread(partial(self._exchange.ear.append, "spoken", content))
                        await self._caption("", "end")
        finally:
            run.stop()

    async def _say(self, text: str, kind: twilio.Kind) -> None:
        """The text where captions are wanted, and its sound where a synthesiser is installed."""
        await self._caption(text, kind)
        samples = await self._exchange.thread(lambda: self._exchange.sound(text))
        for message in twilio.media(self._started.stream, samples):
            await self._send(message)
        self._last_said = asyncio.get_running_loop().time()
        self._plays_until = max(self._plays_until, self._last_said) + length(samples)
        self._said += 1
        name = f"said-{self._said}"
        self._pending.add(name)
        await self._send(twilio.mark(self._started.stream, name))

    @property
    def _quiet_for(self) -> float:
        """Seconds since the caller last heard something."""
        return asyncio.get_running_loop().time() - max(self._last_said, self._plays_until)

    async def _played_out(self) -> None:
        await asyncio.sleep(self._plays_until - asyncio.get_running_loop().time())

    async def _caption(self, text: str, kind: twilio.Kind) -> None:
        if self._started.captions:
            await self._send(twilio.caption(self._started.stream, text, kind))

    async def _record(self, state: str, more: dict[str, Any]) -> None:
        content = {"call": self._started.call, "state": state, "user": GUEST.user, **more}
        await self._exchange.thread(lambda: self._exchange.ear.append("call", content))


def _without_answer(answer: Answer) -> str:
    reason = answer.abstention.reason if answer.abstention else answer.triage.reason
    return f"{HEADLINES[answer.status]}. {reason}"
