"""The database's history: one named function a step, in order, never edited once released.

Each runs inside the transaction that also raises ``PRAGMA user_version``; `tests/assistant/knowledge/test_migrations.py`
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


MIGRATIONS: tuple[Migration, ...] = (m001_foundation,)
SCHEMA_VERSION = len(MIGRATIONS)
