"""What the command line and the knowledge page do alike, in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.knowledge.catalogue import Catalogue
from assistant.knowledge.quarantine import Decision, decisions, reports


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A version that was kept out: ``findings`` are those that block, ``decision`` the last one, None where it waits."""

    document: str
    uri: str
    findings: Sequence[Mapping[str, Any]]
    decision: Decision | None


def waiting(catalogue: Catalogue, readable: Callable[[str], bool]) -> list[Waiting]:
    """By uri, those whose uri is ``readable``."""
    last = {d.document: d for d in decisions(catalogue)}
    return [
        Waiting(
            document=report.document,
            uri=report.uri,
            findings=[f for f in report.findings if f["severity"] == "blocks"],
            decision=last.get(report.document),
        )
        for report in reports(catalogue).values()
        if report.blocking and readable(report.uri)
    ]
