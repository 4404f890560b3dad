"""The database's history: one named function a step, in order, never edited once released.

Each runs inside the transaction that also raises ``PRAGMA user_version``; `tests/assistant/knowledge/test_catalogue.py`
holds the golden schema.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

Migration = Callable[[sqlite3.Connection], None]


_FOUNDATION = (
    """CREATE TABLE access_policies (
        seq INTEGER PRIMARY KEY, version TEXT NOT NULL, at TEXT NOT NULL, body TEXT NOT NULL)""",
    """CREATE TABLE publications (
        seq INTEGER PRIMARY KEY, snapshot TEXT NOT NULL, parent TEXT, at TEXT NOT NULL, who TEXT NOT NULL, why TEXT NOT NULL)""",
    """CREATE TABLE jobs (
        id TEXT PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, stage TEXT NOT NULL DEFAULT '',
        done INTEGER NOT NULL DEFAULT 0, total INTEGER NOT NULL DEFAULT 0, note TEXT NOT NULL DEFAULT '',
        started TEXT NOT NULL, updated TEXT NOT NULL)""",
    """CREATE TABLE vectors (
        embedder TEXT NOT NULL, text_hash TEXT NOT NULL, vector BLOB NOT NULL,
        PRIMARY KEY (embedder, text_hash)) WITHOUT ROWID""",
    """CREATE TABLE ledger (
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at TEXT NOT NULL, kind TEXT NOT NULL, commitment TEXT NOT NULL,
        previous TEXT NOT NULL, hash TEXT NOT NULL UNIQUE)""",
    """CREATE TABLE ledger_content (
        seq INTEGER PRIMARY KEY REFERENCES ledger(seq), salt TEXT NOT NULL, content TEXT NOT NULL)""",
    """CREATE TRIGGER ledger_keeps BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER ledger_stands BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
)


def m001_foundation(connection: sqlite3.Connection) -> None:
    for statement in _FOUNDATION:
        connection.execute(statement)


_RELEASES = (
    "ALTER TABLE publications ADD COLUMN kind TEXT NOT NULL DEFAULT 'publish'",
    "ALTER TABLE publications ADD COLUMN prepared_by TEXT",
    "ALTER TABLE publications ADD COLUMN forced INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE publications ADD COLUMN verdict TEXT",
    "ALTER TABLE publications ADD COLUMN policy TEXT",
    """CREATE TABLE candidates (
        seq INTEGER PRIMARY KEY, snapshot TEXT NOT NULL, parent TEXT, at TEXT NOT NULL, who TEXT NOT NULL, why TEXT NOT NULL,
        proposal TEXT NOT NULL, verdict TEXT NOT NULL)""",
    """CREATE TABLE collections (
        id TEXT PRIMARY KEY, folder TEXT NOT NULL, manifest TEXT NOT NULL, title TEXT NOT NULL, owner TEXT NOT NULL,
        licence TEXT NOT NULL, review_date TEXT NOT NULL, updated TEXT NOT NULL)""",
    """CREATE TABLE withdrawals (
        seq INTEGER PRIMARY KEY, key TEXT NOT NULL, act TEXT NOT NULL, at TEXT NOT NULL, who TEXT NOT NULL, why TEXT NOT NULL)""",
    """CREATE TABLE purges (
        document TEXT PRIMARY KEY, version TEXT NOT NULL, at TEXT NOT NULL, who TEXT NOT NULL, why TEXT NOT NULL,
        erased TEXT NOT NULL)""",
)


def m002_releases(connection: sqlite3.Connection) -> None:
    """Publications say who prepared, what the gate said and whether it was forced; candidates wait for approval."""
    for statement in _RELEASES:
        connection.execute(statement)


_QUARANTINE = (
    """CREATE TABLE findings (
        document TEXT PRIMARY KEY, uri TEXT NOT NULL, identity TEXT NOT NULL, at TEXT NOT NULL, body TEXT NOT NULL)""",
    """CREATE TABLE decisions (
        seq INTEGER PRIMARY KEY, document TEXT NOT NULL, uri TEXT NOT NULL, kinds TEXT NOT NULL, act TEXT NOT NULL,
        at TEXT NOT NULL, who TEXT NOT NULL, why TEXT NOT NULL)""",
)


def m003_quarantine(connection: sqlite3.Connection) -> None:
    """What was found wrong with documents, and what people decided."""
    for statement in _QUARANTINE:
        connection.execute(statement)


MIGRATIONS: tuple[Migration, ...] = (m001_foundation, m002_releases, m003_quarantine)
SCHEMA_VERSION = len(MIGRATIONS)
