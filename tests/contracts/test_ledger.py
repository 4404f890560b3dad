"""Law 6 for every `Ledger`: whatever is altered, dropped or reordered is found; truncation by an exported head; redacted
content leaves the chain whole."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import Corrupt, Unavailable
from assistant.knowledge.catalogue import Catalogue
from assistant.protocols import Ledger, Record
from assistant.record.ledger import GENESIS, MemoryLedger, SqliteLedger, hash_of, new_id
from tests.world import NOW, clock, counted

FIELDS = ("seq", "id", "at", "kind", "commitment", "previous", "hash")
KINDS = st.sampled_from(["asked", "answered", "failed"])
CONTENTS = st.dictionaries(st.text(max_size=3), st.text(max_size=5) | st.integers() | st.none(), max_size=3)
CHAINS = st.lists(st.tuples(KINDS, CONTENTS), min_size=2, max_size=4)


class Hands(Protocol):
    """A ledger, and the hands of somebody who can write to its storage."""

    ledger: Ledger

    def records(self) -> list[Record]: ...
    def rewrite(self, records: Sequence[Record]) -> None: ...
    def redact(self, record: Record) -> None: ...
    def reword(self, record: Record, salt: str | None, content: str | None) -> None: ...


class InMemory:
    def __init__(self, ids: Callable[[], str] = new_id) -> None:
        self.ledger = MemoryLedger(clock, ids)

    def records(self) -> list[Record]:
        return list(self.ledger.records)

    def rewrite(self, records: Sequence[Record]) -> None:
        self.ledger.records = list(records)

    def redact(self, record: Record) -> None:
        del self.ledger.contents[record.id]

    def reword(self, record: Record, salt: str | None, content: str | None) -> None:
        old_salt, old = self.ledger.contents[record.id]
        self.ledger.contents[record.id] = (salt or old_salt, content or old)


class InSqlite:
    def __init__(self, ids: Callable[[], str] = new_id) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.catalogue = Catalogue.open(self.folder, clock)
        self.ledger = SqliteLedger(self.catalogue, ids)

    def records(self) -> list[Record]:
        rows = self.run(f"SELECT {', '.join(FIELDS)} FROM ledger ORDER BY seq")
        return [Record(**dict(zip(FIELDS, row, strict=True))) for row in rows]

    def rewrite(self, records: Sequence[Record]) -> None:
        rows = [tuple(getattr(record, name) for name in FIELDS) for record in records]
        connection = sqlite3.connect(self.catalogue.path)
        with connection:
            connection.execute("DROP TRIGGER IF EXISTS ledger_keeps")
            connection.execute("DELETE FROM ledger")
            connection.executemany("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        connection.close()

    def redact(self, record: Record) -> None:
        self.run("DELETE FROM ledger_content WHERE seq=?", record.seq)

    def reword(self, record: Record, salt: str | None, content: str | None) -> None:
        for column, value in (("salt", salt), ("content", content)):
            if value is not None:
                self.run(f"UPDATE ledger_content SET {column}=? WHERE seq=?", value, record.seq)

    def run(self, statement: str, *values: Any) -> list[Any]:
        connection = sqlite3.connect(self.catalogue.path)
        try:
            with connection:
                return connection.execute(statement, values).fetchall()
        finally:
            connection.close()


@pytest.fixture(params=[InMemory, InSqlite], ids=lambda hands: hands.__name__)
def make(request: pytest.FixtureRequest) -> Callable[..., Hands]:
    kind: Callable[..., Hands] = request.param
    return kind


def written(make: Callable[..., Hands], chain: Sequence[tuple[str, dict[str, Any]]]) -> Hands:
    hands = make()
    for kind, content in chain:
        hands.ledger.append(kind, content)
    return hands


def other(value: str | int) -> str | int:
    if isinstance(value, int):
        return value + 100
    return ("0" if value[:1] != "0" else "1") + value[1:] if value else "x"


@settings(max_examples=10)
@given(chain=CHAINS)
def test_what_was_appended_verifies(make: Callable[..., Hands], chain: list[Any]) -> None:
    hands = written(make, chain)
    records = hands.records()
    assert hands.ledger.verify() == len(chain)
    assert [r.seq for r in records] == list(range(1, len(chain) + 1))
    assert [r.kind for r in records] == [kind for kind, _ in chain]
    assert [r.previous for r in records] == [GENESIS, *(r.hash for r in records[:-1])]
    assert {r.at for r in records} == {NOW.isoformat(timespec="milliseconds")}
    for record in records:
        assert hands.ledger.verify(record.hash) == len(chain)


@settings(max_examples=10)
@given(chain=CHAINS, data=st.data())
def test_an_altered_record_is_found(make: Callable[..., Hands], chain: list[Any], data: st.DataObject) -> None:
    hands = written(make, chain)
    records = hands.records()
    place = data.draw(st.integers(0, len(records) - 1))
    name = data.draw(st.sampled_from(FIELDS))
    changed: dict[str, Any] = {name: other(getattr(records[place], name))}
    records[place] = replace(records[place], **changed)
    hands.rewrite(records)
    with pytest.raises(Corrupt):
        hands.ledger.verify()


@settings(max_examples=10)
@given(chain=CHAINS, data=st.data())
def test_a_record_altered_and_hashed_anew_is_found(
    make: Callable[..., Hands], chain: list[Any], data: st.DataObject
) -> None:
    hands = written(make, chain)
    records = hands.records()
    head = records[-1].hash
    place = data.draw(st.integers(0, len(records) - 1))
    forged = replace(records[place], kind="forged")
    forged = replace(
        forged,
        hash=hash_of(forged.seq, forged.id, forged.at, forged.kind, forged.commitment, forged.previous),
    )
    hands.rewrite([*records[:place], forged, *records[place + 1 :]])
    with pytest.raises(Corrupt):
        hands.ledger.verify(head)
    if place < len(records) - 1:
        with pytest.raises(Corrupt):
            hands.ledger.verify()


@settings(max_examples=10)
@given(chain=CHAINS, data=st.data())
def test_a_dropped_record_is_found(make: Callable[..., Hands], chain: list[Any], data: st.DataObject) -> None:
    hands = written(make, chain)
    records = hands.records()
    place = data.draw(st.integers(0, len(records) - 2))
    hands.rewrite([*records[:place], *records[place + 1 :]])
    with pytest.raises(Corrupt, match=f"misses record {place + 1}|altered"):
        hands.ledger.verify()


@settings(max_examples=10)
@given(chain=CHAINS, data=st.data())
def test_reordered_records_are_found(make: Callable[..., Hands], chain: list[Any], data: st.DataObject) -> None:
    hands = written(make, chain)
    records = hands.records()
    first, second = data.draw(st.lists(st.integers(0, len(records) - 1), min_size=2, max_size=2, unique=True))
    swapped = list(records)
    swapped[first] = replace(records[second], seq=records[first].seq)
    swapped[second] = replace(records[first], seq=records[second].seq)
    hands.rewrite(swapped)
    with pytest.raises(Corrupt):
        hands.ledger.verify()


@settings(max_examples=10)
@given(chain=CHAINS, data=st.data())
def test_truncation_is_found_by_an_exported_head(
    make: Callable[..., Hands], chain: list[Any], data: st.DataObject
) -> None:
    hands = written(make, chain)
    records = hands.records()
    kept = data.draw(st.integers(0, len(records) - 1))
    for record in records[kept:]:
        hands.redact(record)
    hands.rewrite(records[:kept])
    assert hands.ledger.verify() == kept
    with pytest.raises(Corrupt, match="exported head"):
        hands.ledger.verify(records[-1].hash)


@settings(max_examples=10)
@given(chain=CHAINS, data=st.data())
def test_redacted_content_leaves_the_chain_whole(
    make: Callable[..., Hands], chain: list[Any], data: st.DataObject
) -> None:
    hands = written(make, chain)
    records = hands.records()
    for record in data.draw(st.lists(st.sampled_from(records), unique=True)):
        hands.redact(record)
    assert hands.ledger.verify(records[-1].hash) == len(chain)


@settings(max_examples=10)
@given(chain=CHAINS, data=st.data(), part=st.sampled_from(["salt", "content"]))
def test_altered_content_is_found(make: Callable[..., Hands], chain: list[Any], data: st.DataObject, part: str) -> None:
    hands = written(make, chain)
    record = data.draw(st.sampled_from(hands.records()))
    changed = {"salt": None, "content": None, part: '{"forged":1}'}
    hands.reword(record, changed["salt"], changed["content"])
    with pytest.raises(Corrupt, match=f"content of ledger record {record.seq} "):
        hands.ledger.verify()


def test_the_same_content_has_another_commitment_each_time(make: Callable[..., Hands]) -> None:
    hands = written(make, [("asked", {"question": "How long?"})] * 2)
    first, second = hands.records()
    assert first.commitment != second.commitment


def test_clock_and_ids_make_the_chain(make: Callable[..., Hands]) -> None:
    chains = []
    for _ in range(2):
        hands = make(counted())
        hands.ledger.append("asked", {"a": 1, "b": "é 🌷"})
        hands.ledger.append("asked", {"b": "é 🌷", "a": 1})
        chains.append(hands.records())
    assert chains[0] == chains[1]


def test_an_empty_ledger_verifies(make: Callable[..., Hands]) -> None:
    assert make().ledger.verify() == 0
    assert make().ledger.verify(GENESIS) == 0
    with pytest.raises(Corrupt):
        make().ledger.verify("a" * 64)


def test_both_kinds_make_the_same_chain() -> None:
    chains = [
        written(lambda kind=kind: kind(counted()), [("asked", {"n": n}) for n in range(3)])
        for kind in (InMemory, InSqlite)
    ]
    assert chains[0].records() == chains[1].records()


# ---------------------------------------------------------------------------------------- SQLite's own


def test_sqlite_refuses_change_and_deletion() -> None:
    hands = InSqlite()
    hands.ledger.append("asked", {})
    for statement in ("UPDATE ledger SET kind='x'", "DELETE FROM ledger"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            hands.run(statement)


def test_writers_at_once_make_one_chain() -> None:
    hands = InSqlite()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: hands.ledger.append("asked", {"n": n}), range(24)))
    assert hands.ledger.verify() == 24


def test_content_is_told_until_it_is_redacted() -> None:
    hands = InSqlite()
    record = hands.ledger.append("asked", {"question": "Wie lange? 🌷"})
    assert hands.ledger.content(record.id) == {"question": "Wie lange? 🌷"}
    assert hands.ledger.content("unknown") is None
    hands.redact(record)
    assert hands.ledger.content(record.id) is None


def test_a_ledger_that_cant_be_written_says_so() -> None:
    ledger = SqliteLedger(Catalogue(Path(tempfile.mkdtemp()) / "gone" / "muniment.sqlite"))
    with pytest.raises(Unavailable, match="check that the data folder is there"):
        ledger.append("asked", {})
