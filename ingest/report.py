"""What an ingestion reports: the contract of ``muniment ingest --json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ingest.changes import Change, in_state


@dataclass(frozen=True, kw_only=True)
class Report:
    """Lists hold uris, sorted. ``changes`` says the same a document at a time, with what differs. ``verdict`` is the gate's,
    None where nothing had to be judged; ``refusal`` is why what was found would not be published as it stands; ``waits``:
    prepared, to be published by `muniment snapshots publish`; ``questions``: collections whose known questions are
    others than the served ones; ``unplaced``: known questions whose section is nowhere."""

    snapshot: str | None
    published: bool
    added: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    quarantined: tuple[Mapping[str, str], ...]
    documents: int
    passages: int
    embedded: int
    seconds: float
    changes: tuple[Change, ...]
    verdict: Mapping[str, Any] | None
    refusal: str | None
    waits: bool
    questions: tuple[str, ...]
    unplaced: tuple[Mapping[str, str], ...]


def report_of(
    changes: Sequence[Change],
    quarantined: Sequence[Mapping[str, str]],
    questions: Sequence[str],
    *,
    documents: int,
    seconds: float,
    snapshot: str | None = None,
    published: bool = False,
    passages: int = 0,
    embedded: int = 0,
    verdict: Mapping[str, Any] | None = None,
    refusal: str = "",
    waits: bool = False,
    unplaced: Sequence[Mapping[str, str]] = (),
) -> Report:
    return Report(
        snapshot=snapshot,
        published=published,
        added=in_state(changes, "added"),
        changed=in_state(changes, "changed"),
        unchanged=in_state(changes, "unchanged"),
        removed=in_state(changes, "removed"),
        quarantined=tuple(quarantined),
        documents=documents,
        passages=passages,
        embedded=embedded,
        seconds=round(seconds, 3),
        changes=tuple(changes),
        verdict=verdict,
        refusal=refusal or None,
        waits=waits,
        questions=tuple(questions),
        unplaced=tuple(unplaced),
    )


def report_json(report: Report) -> dict[str, Any]:
    return {"schema_version": 1, **asdict(report)}
