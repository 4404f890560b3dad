"""Values made by hand for the pure renderers."""

from __future__ import annotations

from datetime import date
from typing import Any

from assistant.types import (
    Abstention,
    Answer,
    Citation,
    Document,
    Hit,
    Passage,
    Receipt,
    Release,
    Sentence,
    Timings,
    Triage,
)

TEXT = "4.2 Limits\n\nStaff may accept a gift up to £75 & no more. <i>Wine</i> counts."
EVIL = "<img src=x onerror=alert(1)>\"'&"
TODAY = date(2026, 11, 21)


def document(**changes: Any) -> Document:
    values: dict[str, Any] = {
        "id": "doc-1", "key": "k", "version": "v" * 64, "uri": "rules/gifts.md", "title": "Gifts Policy", "text": TEXT,
        "text_sha256": "", "landmarks": (), "collection": "rules", "reader": "markdown/1",
        "effective_from": date(2026, 7, 1),
    }  # fmt: skip
    return Document(**{**values, **changes})


def hit(number: int = 1, **changes: Any) -> Hit:
    of = document(**changes)
    passage = Passage(
        id=f"p{number}", document_id=of.id, start=0, end=len(of.text), text=of.text, where="4 Gifts › 4.2 Limits"
    )
    return Hit(passage=passage, document=of, score=1.0, rank=number, found_by={})


def citation(marker: int = 1, **changes: Any) -> Citation:
    start = TEXT.index("Staff")
    end = TEXT.index(" <i>")
    values: dict[str, Any] = {
        "marker": marker, "document_id": "doc-1", "start": start, "end": end, "quote": TEXT[start:end],
        "where": "4.2 Limits", "title": "Gifts Policy", "uri": "rules/gifts.md", "version": "v" * 64, "text_sha256": "",
        "reader": "markdown/1", "page": None, "effective_from": None, "effective_to": None,
    }  # fmt: skip
    return Citation(**{**values, **changes})


def sentence(text: str = "Staff may accept a gift up to £75.", *markers: int) -> Sentence:
    cited = tuple(citation(marker) for marker in markers or (1,))
    return Sentence(text=text, citations=cited, verdict="supported", score=0.9)


def answer(**changes: Any) -> Answer:
    values: dict[str, Any] = {
        "question": "May I?", "as_of": TODAY, "status": "answered", "text": "Staff may accept a gift up to £75. [1]",
        "sentences": (sentence(),), "withheld": 0, "abstention": None, "citations": (citation(),), "hits": (hit(),),
        "triage": Triage(route="answer", topic="gifts", urgency="normal", reason="a question"),
        "timings": Timings(retrieve=20, first_token=600, first_sentence=1200, total=3400),
        "release": Release(id="r-1", snapshot="s-1234567890abcdef", policy="p-1", models={}, adapter=None),
        "receipt": Receipt(id="rcpt-0123456789", hash="ab" * 32),
    }  # fmt: skip
    return Answer(**{**values, **changes})


def abstained(reason: str = "Nothing answers this.", missing: str = "crypto") -> Answer:
    return answer(
        status="abstained", text="", sentences=(), citations=(), abstention=Abstention(reason=reason, missing=missing)
    )
