"""What was taken back: withdrawn (nobody reads it any more, it is kept for replay) and purged (erased, nothing is kept).

A withdrawal is part of the live access policy: it holds from the next query on, whichever snapshot is served, and after a
rollback too. The next ingestion leaves the document out. So is a revocation: one group loses a collection or a document, until
it is given back by name; what the collection files say does not change it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from assistant.errors import InputError
from assistant.knowledge.catalogue import Catalogue
from assistant.record.ledger import NewId, SqliteLedger, new_id

Act = Literal["withdrawn", "readmitted", "revoked", "restored"]


@dataclass(frozen=True, kw_only=True)
class Withdrawal:
    """One act on a lineage; of a revocation ``key`` is "name#group"."""

    key: str
    act: Act
    at: str
    who: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Purge:
    """``erased`` says from where: snapshots rewritten or thrown away, receipts whose content was erased. It grows
    while the purge goes on; a crash in between is mended by giving the command again."""

    document: str
    version: str
    at: str
    who: str
    why: str
    erased: Mapping[str, Any] | None


def withdraw(catalogue: Catalogue, key: str, *, who: str, why: str, ids: NewId = new_id) -> None:
    if key in catalogue.policy().withdrawn:
        raise InputError(f"{key} is withdrawn already.")
    _record(catalogue, key, "withdrawn", who, why, ids)


def readmit(catalogue: Catalogue, key: str, *, who: str, why: str, ids: NewId = new_id) -> None:
    if key not in catalogue.policy().withdrawn:
        raise InputError(f"{key} is not withdrawn.")
    _record(catalogue, key, "readmitted", who, why, ids)


def revoke(catalogue: Catalogue, name: str, group: str, *, who: str, why: str, ids: NewId = new_id) -> None:
    """``name``: a collection's id, a uri or a key. Holds from the next query on."""
    if group in catalogue.policy().revoked.get(name, frozenset()):
        raise InputError(f"{name} is revoked from {group} already.")
    _record(catalogue, f"{name}#{group}", "revoked", who, why, ids)


def restore(catalogue: Catalogue, name: str, group: str, *, who: str, why: str, ids: NewId = new_id) -> None:
    """The collection files decide again."""
    if group not in catalogue.policy().revoked.get(name, frozenset()):
        raise InputError(f"{name} is not revoked from {group}.")
    _record(catalogue, f"{name}#{group}", "restored", who, why, ids)


def _deny(catalogue: Catalogue, name: str, group: str, *, denied: bool) -> None:
    policy = catalogue.policy()
    groups = policy.revoked.get(name, frozenset())
    changed = {**policy.revoked, name: groups | {group} if denied else groups - {group}}
    catalogue.set_policy(replace(policy, revoked={n: g for n, g in changed.items() if g}))


def _record(catalogue: Catalogue, key: str, act: Act, who: str, why: str, ids: NewId) -> None:
    if not why.strip():
        raise InputError("Say why with --reason: it is kept in the record.")
    with catalogue.connect(write=True) as connection:
        connection.execute(
            "INSERT INTO withdrawals (key, act, at, who, why) VALUES (?, ?, ?, ?, ?)",
            (key, act, catalogue.now(), who, why),
        )
    if act in ("withdrawn", "readmitted"):
        hide(catalogue, key, hidden=act == "withdrawn")
    else:
        name, _, group = key.rpartition("#")
        _deny(catalogue, name, group, denied=act == "revoked")
    SqliteLedger(catalogue, ids).append(act, {"key": key, "who": who, "why": why})


def hide(catalogue: Catalogue, name: str, *, hidden: bool) -> None:
    """``name``: a key (all versions) or an id (one)."""
    policy = catalogue.policy()
    withdrawn = policy.withdrawn | {name} if hidden else policy.withdrawn - {name}
    catalogue.set_policy(replace(policy, withdrawn=withdrawn))


def withdrawals(catalogue: Catalogue) -> list[Withdrawal]:
    """Oldest first, those that were taken back too."""
    with catalogue.connect() as connection:
        rows = connection.execute("SELECT key, act, at, who, why FROM withdrawals ORDER BY seq").fetchall()
    return [Withdrawal(key=key, act=act, at=at, who=who, why=why) for key, act, at, who, why in rows]


def in_force(catalogue: Catalogue) -> dict[str, Withdrawal]:
    """By key."""
    last = {w.key: w for w in withdrawals(catalogue)}
    return {key: w for key, w in last.items() if w.act == "withdrawn"}


# --------------------------------------------------------------------------------------------------- purges


def begin_purge(catalogue: Catalogue, document: str, version: str, *, who: str, why: str) -> None:
    """From here on nobody reads it and no ingestion takes it."""
    with catalogue.connect(write=True) as connection:
        connection.execute(
            "INSERT OR IGNORE INTO purges (document, version, at, who, why, erased) VALUES (?, ?, ?, ?, ?, 'null')",
            (document, version, catalogue.now(), who, why),
        )
    hide(catalogue, document, hidden=True)


def note_purge(catalogue: Catalogue, document: str, erased: Mapping[str, Any]) -> None:
    """Which receipts are emptied is noted before it happens: they say so even where the purge is killed."""
    with catalogue.connect(write=True) as connection:
        connection.execute("UPDATE purges SET erased = ? WHERE document = ?", (json.dumps(erased), document))


def purges(catalogue: Catalogue) -> dict[str, Purge]:
    """By document id."""
    with catalogue.connect() as connection:
        rows = connection.execute("SELECT document, version, at, who, why, erased FROM purges ORDER BY at").fetchall()
    return {
        document: Purge(document=document, version=version, at=at, who=who, why=why, erased=json.loads(erased))
        for document, version, at, who, why, erased in rows
    }


def purge_behind(catalogue: Catalogue, record: str) -> Purge | None:
    """Why the content of a ledger record is no longer there: the purge that erased it, None where none did."""
    return next((p for p in purges(catalogue).values() if p.erased and record in p.erased["receipts"]), None)


def receipts_with(catalogue: Catalogue, documents: Collection[str]) -> list[str]:
    """Ids of ledger records that hold words of the documents: answers that cite them or withheld a sentence about them, and
    questions whose conversation repeats such a sentence. That a document was found is no word of it."""
    with catalogue.connect() as connection:
        rows = connection.execute(
            "SELECT r.id, r.kind, c.content FROM ledger r JOIN ledger_content c ON c.seq = r.seq "
            "WHERE r.kind IN ('asked', 'answered') ORDER BY r.seq"
        ).fetchall()
    told = [(record, kind, json.loads(content)) for record, kind, content in rows]
    sentences: set[str] = set()
    found = []
    for record, kind, content in told:
        if kind == "answered":
            said = [
                s for s in (*content["sentences"], *content["withheld"]) if _about(s["spans"], "document", documents)
            ]
            if said or _about(content["citations"], "document_id", documents):
                found.append(record)
                sentences |= {s["text"] for s in said}
    for record, kind, content in told:
        if kind == "asked" and any(s in turn["answer"] for turn in content["history"] for s in sentences):
            found.append(record)
    return found


def _about(rows: Sequence[Mapping[str, Any]], name: str, documents: Collection[str]) -> bool:
    return any(row[name] in documents for row in rows)


def erase(catalogue: Catalogue, *, receipts: list[str], vectors: list[str]) -> None:
    """Contents of ledger records (the chain still verifies: it holds commitments) and cached vectors by text hash, whoever
    embedded them. `Catalogue.compact` then leaves nothing of them in the file."""
    with catalogue.connect(write=True) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        connection.executemany(
            "DELETE FROM ledger_content WHERE seq = (SELECT seq FROM ledger WHERE id = ?)", [(r,) for r in receipts]
        )
        connection.executemany("DELETE FROM vectors WHERE text_hash = ?", [(v,) for v in vectors])
