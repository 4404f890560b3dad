"""The JSON of an answer, as `muniment ask --json` and the HTTP API give it. Fields are only ever added."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from assistant.types import Answer, Citation, Hit

SCHEMA_VERSION = 1


def answer_json(answer: Answer) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "question": answer.question,
        "as_of": answer.as_of.isoformat(),
        "status": answer.status,
        "answer": answer.text,
        "sentences": [
            {
                "text": s.text,
                "citations": list(dict.fromkeys(c.marker for c in s.citations)),
                "verdict": s.verdict,
                "score": round(s.score, 4),
            }
            for s in answer.sentences
        ],
        "withheld": answer.withheld,
        "abstention": asdict(answer.abstention) if answer.abstention else None,
        "citations": [citation_json(c) for c in answer.citations],
        "evidence": [hit_json(h) for h in answer.hits],
        "triage": asdict(answer.triage),
        "timings_ms": {k: None if v is None else round(v, 1) for k, v in asdict(answer.timings).items()},
        "usage": dict(answer.usage),
        "notices": list(answer.notices),
        "release": asdict(answer.release),
        "receipt": asdict(answer.receipt),
    }


def citation_json(citation: Citation) -> dict[str, Any]:
    values = asdict(citation)
    for name in ("effective_from", "effective_to"):
        values[name] = values[name].isoformat() if values[name] else None
    return values


def hit_json(hit: Hit) -> dict[str, Any]:
    passage = hit.passage
    return {
        "passage_id": passage.id,
        "document_id": passage.document_id,
        "title": hit.document.title,
        "uri": hit.document.uri,
        "start": passage.start,
        "end": passage.end,
        "text": passage.text,
        "where": passage.where,
        "page": passage.page,
        "score": round(hit.score, 6),
        "found_by": {name: round(score, 4) for name, score in hit.found_by.items()},
    }
