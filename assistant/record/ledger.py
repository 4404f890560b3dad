"""The ledger: an append-only hash chain over salted commitments.

``commitment = SHA-256(salt ‖ content)`` and ``hash = SHA-256(seq ‖ id ‖ at ‖ kind ‖ commitment ‖ previous)``. Content and
salt stand in a table of their own, so that content can be redacted and the chain still verifies; with the salt gone, a
commitment can't be guessed back. Altered, dropped or reordered records are found by `verify`; truncation by comparing
with a head exported earlier. After Crosby and Wallach 2009 (tamper-evident logging), without their tree: a ledger of one
firm is verified in one pass.

Not covered: somebody who can rewrite the whole database and every exported head.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from assistant.errors import Corrupt
from assistant.knowledge.catalogue import Catalogue, Clock
from assistant.protocols import Record

GENESIS = "0" * 64
NewId = Callable[[], str]


def new_id() -> str:
    """128 random bits, URL-safe."""
    return secrets.token_urlsafe(16)


def canonical_json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def commitment_of(salt: str, content: str) -> str:
    return hashlib.sha256(f"{salt}\n{content}".encode()).hexdigest()


def hash_of(seq: int, record_id: str, at: str, kind: str, commitment: str, previous: str) -> str:
    return hashlib.sha256("\n".join((str(seq), record_id, at, kind, commitment, previous)).encode()).hexdigest()


def link(seq: int, record_id: str, at: str, kind: str, commitment: str, previous: str) -> Record:
    digest = hash_of(seq, record_id, at, kind, commitment, previous)
    return Record(seq=seq, id=record_id, at=at, kind=kind, commitment=commitment, previous=previous, hash=digest)


def check_chain(records: Iterable[Record], head: str | None = None) -> int:
    """Walks the chain; `Corrupt` names the first record that does not fit. Returns how many there are."""
    previous, count, seen_head = GENESIS, 0, head is None or head == GENESIS
    for record in records:
        count += 1
        if record.seq != count:
            raise Corrupt(f"The ledger misses record {count}: the next one there is {record.seq}.")
        if record.previous != previous:
            raise Corrupt(f"Ledger record {record.seq} does not follow the one before it.")
        if record.hash != hash_of(record.seq, record.id, record.at, record.kind, record.commitment, record.previous):
            raise Corrupt(f"Ledger record {record.seq} was altered.")
        previous = record.hash
        seen_head = seen_head or record.hash == head
    if not seen_head:
        raise Corrupt("The ledger does not hold the exported head: it was cut short or replaced.")
    return count


class MemoryLedger:
    """The in-memory twin, for tests and for trying things out."""

    def __init__(self, clock: Clock | None = None, new_id: NewId = new_id) -> None:
        self.records: list[Record] = []
        self.contents: dict[str, tuple[str, str]] = {}
        self._clock = clock or (lambda: datetime.now(UTC))
        self._new_id = new_id

    def append(self, kind: str, content: Mapping[str, Any]) -> Record:
        salt, text = self._new_id(), canonical_json(content)
        previous = self.records[-1].hash if self.records else GENESIS
        at = self._clock().isoformat(timespec="milliseconds")
        record = link(len(self.records) + 1, self._new_id(), at, kind, commitment_of(salt, text), previous)
        self.records.append(record)
        self.contents[record.id] = (salt, text)
        return record

    def verify(self, head: str | None = None) -> int:
        count = check_chain(self.records, head)
        for record in self.records:
            if record.id in self.contents and commitment_of(*self.contents[record.id]) != record.commitment:
                raise Corrupt(f"The content of ledger record {record.seq} was altered.")
        return count


class SqliteLedger:
    """In the catalogue's database; each append is one immediate, fully synchronised transaction."""

    def __init__(self, catalogue: Catalogue, new_id: NewId = new_id) -> None:
        self._catalogue = catalogue
        self._new_id = new_id

    def append(self, kind: str, content: Mapping[str, Any]) -> Record:
        salt, text = self._new_id(), canonical_json(content)
        with self._catalogue.connect(write=True) as connection:
            seq, previous = connection.execute("SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1").fetchone() or (
                0,
                GENESIS,
            )
            record = link(seq + 1, self._new_id(), self._catalogue.now(), kind, commitment_of(salt, text), previous)
            connection.execute(
                "INSERT INTO ledger (seq, id, at, kind, commitment, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (record.seq, record.id, record.at, record.kind, record.commitment, record.previous, record.hash),
            )
            connection.execute(
                "INSERT INTO ledger_content (seq, salt, content) VALUES (?, ?, ?)", (record.seq, salt, text)
            )
        return record

    def content(self, record_id: str) -> dict[str, Any] | None:
        """What a record says; None where there is no such record or its content was redacted."""
        with self._catalogue.connect() as connection:
            row = connection.execute(
                "SELECT c.content FROM ledger r JOIN ledger_content c ON c.seq = r.seq WHERE r.id = ?", (record_id,)
            ).fetchone()
        return json.loads(row[0]) if row else None

    def contents(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        """Id and content of each record of that kind, oldest first; what was redacted is left out."""
        with self._catalogue.connect() as connection:
            rows = connection.execute(
                "SELECT r.id, c.content FROM ledger r JOIN ledger_content c ON c.seq = r.seq WHERE r.kind = ? ORDER BY r.seq",
                (kind,),
            ).fetchall()
        return [(record, json.loads(content)) for record, content in rows]

    def verify(self, head: str | None = None) -> int:
        names = ("seq", "id", "at", "kind", "commitment", "previous", "hash")
        with self._catalogue.connect() as connection:
            rows = connection.execute(f"SELECT {', '.join(names)} FROM ledger ORDER BY seq").fetchall()
            count = check_chain((Record(**dict(zip(names, row, strict=True))) for row in rows), head)
            for seq, salt, content, commitment in connection.execute(
                "SELECT c.seq, c.salt, c.content, r.commitment FROM ledger_content c JOIN ledger r ON r.seq = c.seq"
            ):
                if commitment_of(salt, content) != commitment:
                    raise Corrupt(f"The content of ledger record {seq} was altered.")
        return count
