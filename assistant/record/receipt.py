"""What the ledger keeps of a question and of its answer: enough to verify, replay and recall it, and no secret."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from assistant.contract import citation_json
from assistant.protocols import Record
from assistant.types import Abstention, Citation, Hit, Question, Release, Sentence, Status


def asked_content(question: Question) -> dict[str, Any]:
    """``heard`` stands there where the question was spoken: the sound's hash, never the sound."""
    return {
        "question": question.text,
        "user": question.principal.user,
        "groups": sorted(question.principal.groups),
        "as_of": question.as_of.isoformat(),
        "channel": question.channel,
        "history": [asdict(turn) for turn in question.history],
        **({"heard": [asdict(one) for one in question.heard]} if question.heard else {}),
    }


def answered_content(
    asked: Record,
    question: Question,
    status: Status,
    shown: Sequence[Sentence],
    withheld: Sequence[Sentence],
    citations: Sequence[Citation],
    hits: Sequence[Hit],
    release: Release,
    abstention: Abstention | None,
) -> dict[str, Any]:
    return {
        "asked": asked.id,
        "as_of": question.as_of.isoformat(),
        "status": status,
        "sentences": [_sentence(s) for s in shown],
        "withheld": [_sentence(s) for s in withheld],
        "citations": [citation_json(c) for c in citations],
        "hits": [{"passage": h.passage.id, "document": h.document.id, "score": h.score} for h in hits],
        "release": asdict(release),
        "abstention": asdict(abstention) if abstention else None,
        **({"heard": [asdict(one) for one in question.heard]} if question.heard else {}),
    }


def _sentence(sentence: Sentence) -> dict[str, Any]:
    spans = [
        {"marker": c.marker, "document": c.document_id, "start": c.start, "end": c.end} for c in sentence.citations
    ]
    return {"text": sentence.text, "verdict": sentence.verdict, "score": sentence.score, "spans": spans}
