"""What is done with a caller's turn, without any line: read back, ask, hand over, or ask to say it again. Pure decisions.

The states are few: nothing is pending, or a question waits for "yes". "No" alone asks for the whole question again; anything
longer is heard as the corrected question.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from assistant.types import Turn
from assistant.voice.readback import Doubt, doubts, question_for
from assistant.voice.values import Transcript
from assistant.voice.vocabulary import Vocabulary

NOTICE = (
    "This is the compliance line. The call is transcribed and a record is kept. I answer from published documents only. "
    "Ask your question, or say: a person, please."
)
AGAIN = "Sorry, I did not understand that. Please say it again."
ONCE_MORE = "Please say the whole question once more."
MOMENT = "One moment."
WAITING = "I am still looking; thank you for holding."
HANDED = "I am putting you through to a person."
BUSY = "All lines are busy at the moment. Please call again in a few minutes. Goodbye."
PHRASES = (NOTICE, AGAIN, ONCE_MORE, MOMENT, WAITING, HANDED, BUSY)
"""What is always said alike."""
_YES = re.compile(
    r"^(?:yes|yeah|yep|yup|correct|right|exactly|that'?s right|that is right|it is|sure|confirmed?)\b", re.I
)
_NO = re.compile(r"^(?:no|nope|wrong|incorrect|not quite|that'?s wrong)\b", re.IGNORECASE)
_PEOPLE = r"(?:person|human|human being|someone|somebody|operator|colleague|agent|adviser)"
_PERSON = re.compile(
    rf"\b(?:a|an|real|another|some)\s+(?:real\s+)?{_PEOPLE}\b[\w\s,]{{0,12}}please"
    rf"|\b(?:speak|talk|put me through|transfer me|connect me)\b[\w\s]{{0,20}}\b{_PEOPLE}\b"
    rf"|^(?:a |an )?{_PEOPLE}\b[\s,.!]*(?:please)?[.!]?$",
    re.IGNORECASE,
)
REMEMBERED_TURNS = 3


@dataclass(frozen=True, kw_only=True)
class SayAgain:
    text: str


@dataclass(frozen=True, kw_only=True)
class ReadBack:
    text: str
    doubts: tuple[Doubt, ...]


@dataclass(frozen=True, kw_only=True)
class Ask:
    """``confirmed``: what the caller said yes to."""

    question: str
    history: tuple[Turn, ...]
    confirmed: tuple[Doubt, ...]


@dataclass(frozen=True, kw_only=True)
class HandOver:
    text: str


Decision = SayAgain | ReadBack | Ask | HandOver


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """``pending``: the question that was read back, and its doubtful words."""

    pending: str = ""
    pending_doubts: tuple[Doubt, ...] = ()
    history: tuple[Turn, ...] = ()

    def after(
        self, transcript: Transcript, vocabulary: Vocabulary, *, threshold: float
    ) -> tuple[Conversation, Decision]:
        """What to do now, and the conversation from here on."""
        text = transcript.text.strip()
        cleared = replace(self, pending="", pending_doubts=())
        if wants_person(text):
            return cleared, HandOver(text=HANDED)
        if self.pending and _YES.match(text):
            return cleared, Ask(question=self.pending, history=self.history, confirmed=self.pending_doubts)
        if self.pending and _NO.match(text) and len(text.split()) < 5:
            return cleared, SayAgain(text=ONCE_MORE)
        if not any(c.isalnum() for c in text):
            return self, SayAgain(text=question_for(self.pending_doubts) if self.pending else AGAIN)
        if self.pending:
            text = _NO.sub("", text).lstrip(" ,.;:") or text
        found = doubts(transcript, vocabulary, threshold=threshold)
        if found:
            waiting = replace(cleared, pending=text, pending_doubts=found)
            return waiting, ReadBack(text=question_for(found), doubts=found)
        return cleared, Ask(question=text, history=self.history, confirmed=())

    def answered(self, question: str, answer: str) -> Conversation:
        return replace(self, history=(*self.history, Turn(question=question, answer=answer))[-REMEMBERED_TURNS:])


def wants_person(text: str) -> bool:
    return bool(_PERSON.search(text.strip()))
