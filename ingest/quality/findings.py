"""A finding: what was noticed of a document, how bad it is, where it stands."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["note", "warning", "blocks"]
Kind = Literal[
    "density",
    "recognised",
    "garbling",
    "language",
    "personal data",
    "hidden text",
    "look-alikes",
    "instructions",
    "duplicate",
    "near duplicate",
    "conflict",
    "front page",
]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """``message``: one sentence for a person; it never repeats personal data. ``[start, end)`` of the canonical text is the
    first place, both 0 where it is the whole document or stands outside the text; ``count`` how often it was found."""

    kind: Kind
    severity: Severity
    message: str
    start: int = 0
    end: int = 0
    count: int = 1


def blocking(findings: Iterable[Finding], released: Collection[str] = ()) -> tuple[Finding, ...]:
    """The findings that keep a document out. ``released``: kinds that a person has looked at, for this very version."""
    return tuple(each for each in findings if each.severity == "blocks" and each.kind not in released)


def quarantine_reason(findings: Iterable[Finding], released: Collection[str] = ()) -> str:
    """Why the document waits for a decision, "" where it need not."""
    found = blocking(findings, released)
    return " ".join(each.message for each in found)


def finding_json(finding: Finding) -> dict[str, Any]:
    return asdict(finding)


def finding_of(values: Mapping[str, Any]) -> Finding:
    """The inverse of `finding_json`."""
    return Finding(**values)
