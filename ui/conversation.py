"""What is on the page of one visitor: exchanges that grow event by event. Pure values; nothing here touches Gradio."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from assistant.types import Answer, Event, Failed, Finished, Hit, Progress, Retrieved, Sentence, Turn

REMEMBERED_TURNS = 3
"""Answered exchanges handed on with a follow-up question: what a short prompt can still use."""


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One question and what has come of it so far. ``sentences`` hold judged sentences only; ``seconds`` is how long it
    has been at work."""

    question: str
    as_of: date
    stage: str = ""
    seconds: int = 0
    hits: tuple[Hit, ...] = ()
    sentences: tuple[Sentence, ...] = ()
    answer: Answer | None = None
    failure: Failed | None = None
    stopped: bool = False

    @property
    def running(self) -> bool:
        return self.answer is None and self.failure is None and not self.stopped

    def after(self, event: Event) -> Exchange:
        """The exchange once ``event`` has arrived; an exchange that has ended stays as it is."""
        if not self.running:
            return self
        match event:
            case Progress():
                return replace(self, stage=event.stage)
            case Retrieved():
                return replace(self, hits=event.hits)
            case Sentence():
                return replace(self, sentences=(*self.sentences, event))
            case Finished():
                answer = event.answer
                return replace(self, answer=answer, hits=answer.hits, sentences=answer.sentences)
            case Failed():
                return replace(self, failure=event)


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """The exchanges of one person. It belongs to ``user``: another user starts with an empty one, because an answer may
    quote what only the first may read. ``as_of`` None means today, whatever day that is."""

    user: str
    as_of: date | None = None
    exchanges: tuple[Exchange, ...] = ()

    def of(self, user: str) -> Conversation:
        return self if user == self.user else Conversation(user=user, as_of=self.as_of)

    def asking(self, exchange: Exchange) -> Conversation:
        return replace(self, exchanges=(*self.exchanges, exchange))

    def updated(self, exchange: Exchange) -> Conversation:
        """``exchange`` in place of the last one."""
        return replace(self, exchanges=(*self.exchanges[:-1], exchange))

    def history(self) -> tuple[Turn, ...]:
        """Answered exchanges, oldest first."""
        turns = [
            Turn(question=one.question, answer=one.answer.text)
            for one in self.exchanges
            if one.answer is not None and one.answer.status == "answered"
        ]
        return tuple(turns[-REMEMBERED_TURNS:])
