"""What was found wrong with documents, and what people decided about those that wait: releases and refusals, on record.

Findings are kept by document id, so for one version: the next version of the same document is looked at anew. They are kept as
the JSON that `ingest.quality` gives; this module knows of them only their ``kind`` and ``severity``.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from assistant.errors import InputError
from assistant.knowledge.catalogue import Catalogue
from assistant.record.ledger import NewId, SqliteLedger, new_id

Act = Literal["released", "refused"]


@dataclass(frozen=True, kw_only=True)
class Report:
    """``identity`` names the rules that looked at it."""

    document: str
    uri: str
    identity: str
    findings: Sequence[Mapping[str, Any]]

    @property
    def blocking(self) -> tuple[str, ...]:
        """The kinds that keep the document out until somebody decides."""
        return tuple(dict.fromkeys(str(f["kind"]) for f in self.findings if f["severity"] == "blocks"))


@dataclass(frozen=True, kw_only=True)
class Decision:
    document: str
    uri: str
    kinds: tuple[str, ...]
    act: Act
    at: str
    who: str
    why: str


def keep_reports(catalogue: Catalogue, reports: Collection[Report]) -> None:
    if not reports:
        return
    with catalogue.connect(write=True) as connection:
        connection.executemany(
            "INSERT OR REPLACE INTO findings (document, uri, identity, at, body) VALUES (?, ?, ?, ?, ?)",
            [(r.document, r.uri, r.identity, catalogue.now(), json.dumps(list(r.findings))) for r in reports],
        )


def reports(catalogue: Catalogue) -> dict[str, Report]:
    """By document id, of every version ever looked at."""
    with catalogue.connect() as connection:
        rows = connection.execute("SELECT document, uri, identity, body FROM findings ORDER BY uri, at").fetchall()
    return {
        document: Report(document=document, uri=uri, identity=identity, findings=json.loads(body))
        for document, uri, identity, body in rows
    }


def decide(catalogue: Catalogue, document: str, act: Act, *, who: str, why: str, ids: NewId = new_id) -> Decision:
    """Records what somebody decided about the blocking findings of one version; the last decision holds. `InputError` where
    nothing of it waits for one."""
    if not why.strip():
        raise InputError("Say why with --reason: it is kept in the record.")
    report = reports(catalogue).get(document)
    if report is None or not report.blocking:
        raise InputError(f"No document {document} waits for a decision; `muniment ingest --json` lists those that do.")
    decision = Decision(
        document=document, uri=report.uri, kinds=report.blocking, act=act, at=catalogue.now(), who=who, why=why
    )
    with catalogue.connect(write=True) as connection:
        connection.execute(
            "INSERT INTO decisions (document, uri, kinds, act, at, who, why) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (document, report.uri, json.dumps(report.blocking), act, decision.at, who, why),
        )
    said = {"document": document, "uri": report.uri, "kinds": list(report.blocking), "who": who, "why": why}
    SqliteLedger(catalogue, ids).append(act, said)
    return decision


def decisions(catalogue: Catalogue) -> list[Decision]:
    """Oldest first."""
    with catalogue.connect() as connection:
        rows = connection.execute(
            "SELECT document, uri, kinds, act, at, who, why FROM decisions ORDER BY seq"
        ).fetchall()
    return [
        Decision(document=document, uri=uri, kinds=tuple(json.loads(kinds)), act=act, at=at, who=who, why=why)
        for document, uri, kinds, act, at, who, why in rows
    ]


def released(catalogue: Catalogue) -> dict[str, frozenset[str]]:
    """The kinds of findings that no longer keep a version out, by document id."""
    last = {d.document: d for d in decisions(catalogue)}
    return {document: frozenset(d.kinds) for document, d in last.items() if d.act == "released"}
