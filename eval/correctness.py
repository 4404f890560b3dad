"""Does an answer say what a reference answer says? Three views, none of which is the truth: words shared, nearness of meaning
by the encoder, and the facts that a reader would act on.

None sees who owes what to whom, and a short answer that is right scores low against a long reference.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from assistant.evidence.rules import numbers
from assistant.evidence.sentences import split_markers
from assistant.knowledge.lexical import words
from assistant.protocols import Embedder
from ingest.days import day_of

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_DATE = re.compile(
    r"\b\d{4}-\d{1,2}-\d{1,2}\b|\b\d{1,2}[-/.]\d{1,2}[-/.]\d{4}\b"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th)?(?:\s+of)?\s+{_MONTH}\.?,?\s+\d{{4}}\b|\b{_MONTH}\.?\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}}\b",
    re.I,
)
_MODALITY = {
    "must not": re.compile(r"\b(?:must|shall|may) not\b|\b(?:prohibited|forbidden)\b", re.I),
    "must": re.compile(r"\b(?:must|shall)\b(?! not\b)|\b(?:is|are|be) (?:required|obliged) to\b", re.I),
    "may": re.compile(r"\bmay\b(?! not\b)|\b(?:is|are|be) (?:permitted|allowed) to\b", re.I),
}


@dataclass(frozen=True, kw_only=True)
class Correctness:
    """Each in [0, 1], the cosine in [-1, 1]; ``key_facts`` None where the reference has none."""

    token_f1: float
    cosine: float
    key_facts: float | None


def against(text: str, reference: str, embedder: Embedder) -> Correctness:
    """Markers are left out of both. The encoder reads the start of each, ``embedder.max_tokens`` tokens."""
    said, wanted = split_markers(text)[0], split_markers(reference)[0]
    first, second = embedder.embed([said, wanted])
    asked = key_facts(wanted)
    return Correctness(
        token_f1=token_f1(said, wanted),
        cosine=float(first @ second),
        key_facts=len(asked & key_facts(said)) / len(asked) if asked else None,
    )


def summary(found: Sequence[Correctness]) -> dict[str, Any]:
    """Means, and of how many answers; None where there is none."""
    facts = [one.key_facts for one in found if one.key_facts is not None]
    return {
        "n": len(found),
        "token_f1": round(statistics.fmean(one.token_f1 for one in found), 4) if found else None,
        "cosine": round(statistics.fmean(one.cosine for one in found), 4) if found else None,
        "key_facts": round(statistics.fmean(facts), 4) if facts else None,
    }


def token_f1(text: str, reference: str) -> float:
    """Harmonic mean of the shares of tokens that each has of the other, counted with repetition, lower-cased, unstemmed
    (as SQuAD's, Rajpurkar et al. 2016, with its articles kept)."""
    said, wanted = Counter(words(text)), Counter(words(reference))
    shared = (said & wanted).total()
    return 2 * shared / (said.total() + wanted.total()) if shared else 0.0


def key_facts(text: str) -> frozenset[str]:
    """Dates (a day where only one can be meant, else as written), figures outside dates, and which of must, may and must not
    occur; "one" is no figure."""
    dates = {str(day_of(found) or " ".join(found.lower().split())) for found in _DATE.findall(text)}
    rest = _DATE.sub(" ", text)
    # A month of that name is none of permission.
    return frozenset(dates | numbers(rest) | {name for name, form in _MODALITY.items() if form.search(rest)})
