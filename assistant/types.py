"""The values that walk through the house. Frozen, keyword-only, made once, never mutated.

Offsets are Unicode code points into a document's canonical text (NFC, ``\\n`` only, no NUL, no surrogates).
The law that everything else rests on: ``document.text[p.start:p.end] == p.text`` for every passage, and the same for the
quote of every citation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from assistant.errors import FailureKind

Verdict = Literal["supported", "partial", "unsupported"]
Status = Literal["answered", "abstained", "clarify", "escalated", "refused"]
Channel = Literal["chat", "voice", "cli", "api"]


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who asks. ``groups`` decide what is visible; no groups, no results."""

    user: str
    groups: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Access:
    """Who may read. ``deny`` wins over ``allow``; an empty ``allow`` admits nobody."""

    allow: frozenset[str]
    deny: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Landmark:
    """A named stretch ``[start, end)`` of a canonical text.

    ``page``: ``label`` is the page number, as printed on the file's own count from 1.
    ``heading``: the heading line itself; ``level`` counts from 1, ``label`` is its text.
    ``table``: ``level`` is the length in code points of its header row (0: none).
    """

    kind: Literal["page", "heading", "table"]
    start: int
    end: int
    label: str = ""
    level: int = 0


@dataclass(frozen=True, kw_only=True)
class Document:
    """One version of one sanctioned document.

    ``key`` is the lineage (collection + declared key, else + path), ``version`` the SHA-256 of the source bytes, ``id`` a
    hash of key, path and version. ``text_sha256`` is of the canonical text in UTF-8. ``effective_to`` is inclusive.
    """

    id: str
    key: str
    version: str
    uri: str
    title: str
    text: str
    text_sha256: str
    landmarks: tuple[Landmark, ...]
    collection: str
    reader: str
    effective_from: date | None = None
    effective_to: date | None = None
    supersedes: str | None = None


@dataclass(frozen=True, kw_only=True)
class Passage:
    """What is searched and cited: ``[start, end)`` of its document.

    ``where`` is the heading path for people ("4 Limits › 4.2 Thresholds"); ``page`` is None where the format has no pages;
    ``context`` is the header row of the table that the passage continues, else ""; ``questions`` are some that it is known to
    answer: for `assistant.evidence.known`, and for how callers put things (`assistant.voice.language_model`).
    """

    id: str
    document_id: str
    start: int
    end: int
    text: str
    where: str
    page: int | None = None
    context: str = ""
    questions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A passage found for a question. ``found_by`` maps a searcher's name to its own score (not comparable across)."""

    passage: Passage
    document: Document
    score: float
    rank: int
    found_by: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One earlier exchange of a conversation."""

    question: str
    answer: str


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """What was heard of a question, as its ledger record ``record`` keeps it.

    ``words`` with the transcriber's confidence, 0 to 1; ``corrections`` as (heard, written); ``confirm``: words that were
    heard too unsurely to be acted on, ``confirmed``: those the caller said yes to.
    """

    record: str
    audio_sha256: str
    text: str
    words: tuple[tuple[str, float], ...] = ()
    corrections: tuple[tuple[str, str], ...] = ()
    confirm: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    transcriber: str = ""


@dataclass(frozen=True, kw_only=True)
class Question:
    """``heard``: what ``text`` was made of where it was spoken; the asker may have edited it since."""

    text: str
    principal: Principal
    as_of: date
    history: tuple[Turn, ...] = ()
    channel: Channel = "chat"
    heard: tuple[Spoken, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What a judge says of one sentence against one passage; ``[start, end)`` is the supporting span in that passage."""

    verdict: Verdict
    score: float
    start: int = 0
    end: int = 0
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Citation:
    """``quote`` is the document's canonical text at ``[start, end)``; ``marker`` is the number shown as ``[marker]``."""

    marker: int
    document_id: str
    start: int
    end: int
    quote: str
    where: str
    title: str
    uri: str
    version: str
    text_sha256: str
    reader: str
    page: int | None
    effective_from: date | None
    effective_to: date | None


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A judged sentence; what reaches a face is ``supported`` and has at least one citation. Also an event."""

    text: str
    citations: tuple[Citation, ...]
    verdict: Verdict
    score: float


@dataclass(frozen=True, kw_only=True)
class Triage:
    route: Literal["answer", "clarify", "escalate", "out_of_scope"]
    topic: str
    urgency: Literal["normal", "high"]
    reason: str


@dataclass(frozen=True, kw_only=True)
class Abstention:
    """Why nothing was said, and what was looked for in vain."""

    reason: str
    missing: str


@dataclass(frozen=True, kw_only=True)
class Timings:
    """Milliseconds from the question's arrival; None where it did not come to that."""

    retrieve: float
    first_token: float | None
    first_sentence: float | None
    total: float


@dataclass(frozen=True, kw_only=True)
class Release:
    """What answered: enough to say later which knowledge, models and settings were at work."""

    id: str
    snapshot: str
    policy: str
    models: Mapping[str, str]
    adapter: str | None


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """``id`` names the ledger record of the answer, ``hash`` is that record's place in the chain."""

    id: str
    hash: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    question: str
    as_of: date
    status: Status
    text: str
    sentences: tuple[Sentence, ...]
    withheld: int
    abstention: Abstention | None
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    triage: Triage
    timings: Timings
    release: Release
    receipt: Receipt
    usage: Mapping[str, int] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    """A sentence for each cited text that is superseded, or that changes soon."""


# ---------------------------------------------------------------------------------------------- events


@dataclass(frozen=True, kw_only=True)
class Progress:
    """``done`` of ``total`` units of ``stage``; ``total`` 0 where it can't be known."""

    stage: str
    done: int = 0
    total: int = 0
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Retrieved:
    """The sources, before the first sentence; their order is that of the markers ``[1]…[n]``."""

    hits: tuple[Hit, ...]


@dataclass(frozen=True, kw_only=True)
class Finished:
    answer: Answer


@dataclass(frozen=True, kw_only=True)
class Failed:
    """``message`` is one sentence for a person, ``kind`` the class of the error (`assistant.errors`); ``receipt`` names the
    ledger record where it could be written."""

    message: str
    receipt: Receipt | None = None
    kind: FailureKind = "internal"


Event = Progress | Retrieved | Sentence | Finished | Failed
