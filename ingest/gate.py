"""The gate: a candidate is judged before it is served. Each check says pass, or in one sentence why not.

The checks of this module are never left out; quality checks (golden questions, `eval/golden.py`) are handed in. A check that
can't be made fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from assistant.knowledge.library import View
from assistant.types import Document, Passage


@dataclass(frozen=True, kw_only=True)
class Check:
    """``said`` is one sentence; ``measures`` are what it rests on, kept with the publication."""

    name: str
    passed: bool
    said: str
    measures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is judged. ``view`` is the candidate, verified and opened, under the policy that would hold with it; ``gone`` are
    the documents served now that it no longer holds, with their passages; ``served`` counts those served now; ``vanished``
    are uris of documents that are gone and that nobody took out by name; ``planted`` are the collections' canaries and
    ``folders`` lie their files in."""

    view: View
    gone: Sequence[tuple[Document, Sequence[Passage]]]
    served: int
    vanished: Sequence[str]
    planted: Sequence[str]
    folders: Mapping[str, Path]
    as_of: date


Judge = Callable[[Subject], Check]


def judged(subject: Subject, judges: Sequence[Judge]) -> dict[str, Any]:
    """The verdict as it is stored: ``passed`` and every check, in order."""
    checks = [judge(subject) for judge in judges]
    return {"passed": all(check.passed for check in checks), "checks": [asdict(check) for check in checks]}


def too_many_gone(served: int, vanished: Sequence[str], limit: float) -> str:
    """Why so many may not vanish at once; "" where they may."""
    if not served or len(vanished) / served <= limit:
        return ""
    some = ", ".join(vanished[:5]) + (f" and {len(vanished) - 5} more" if len(vanished) > 5 else "")
    return (
        f"{len(vanished)} of {served} served documents would vanish at once, more than a share of {limit:g} "
        f"(ingest.max_removed_share): {some}."
    )


def removals(limit: float) -> Judge:
    def judge(subject: Subject) -> Check:
        why_not = too_many_gone(subject.served, subject.vanished, limit)
        return Check(
            name="removals",
            passed=not why_not,
            said=why_not or f"{len(subject.vanished)} of {subject.served} served documents go.",
            measures={"vanished": len(subject.vanished), "served": subject.served},
        )

    return judge
