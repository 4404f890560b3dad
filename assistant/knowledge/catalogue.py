"""The one SQLite database beside the snapshots: access policies, publications, jobs, cached vectors, the ledger's tables.

Opening for reading never writes; `Catalogue.open` migrates, `Catalogue.open_existing` refuses a database that another
version of the program wrote. Clock and ids are parameters. Write-ahead logging: readers never wait for the writer.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.access import Policy
from assistant.errors import Corrupt, Transient, Unavailable
from assistant.knowledge.migrations import MIGRATIONS, SCHEMA_VERSION
from assistant.protocols import Vectors

Clock = Callable[[], datetime]
FILE_NAME = "muniment.sqlite"
_PUBLICATION = ("snapshot", "parent", "at", "who", "why", "kind", "prepared_by", "forced", "verdict", "policy")


def utc_now() -> datetime:
    return datetime.now(UTC)


class Catalogue:
    """Safe to share between threads: each use opens its own connection."""

    def __init__(self, path: Path, clock: Clock = utc_now) -> None:
        self.path = path
        self._clock = clock

    @classmethod
    def open(cls, data: Path, clock: Clock = utc_now) -> Catalogue:
        """Creates the database or brings it to the present schema."""
        try:
            data.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(f"{data} can't be used ({error.strerror}); name another folder in paths.data.") from error
        catalogue = cls(data / FILE_NAME, clock)
        with catalogue.connect(write=True) as connection:
            _migrate(connection)
        return catalogue

    @classmethod
    def open_existing(cls, data: Path, clock: Clock = utc_now) -> Catalogue:
        """For readers: writes nothing. `Unavailable` where nothing was ever ingested."""
        catalogue = cls(data / FILE_NAME, clock)
        if not catalogue.path.is_file():
            raise Unavailable("There is no knowledge yet; run `muniment ingest` first.")
        with catalogue.connect() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version != SCHEMA_VERSION:
            raise Unavailable(
                f"{catalogue.path} has schema {version}, this program wants {SCHEMA_VERSION}; run `muniment ingest`."
            )
        return catalogue

    @contextmanager
    def connect(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        """One transaction: committed at the end, rolled back on an error. ``write`` takes the write lock at once."""
        mode = "rwc" if write else "ro"
        try:
            connection = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode={mode}", uri=True, timeout=30, isolation_level=None
            )
        except sqlite3.OperationalError as error:
            raise self._unusable(error) from error
        try:
            if write:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            yield connection
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise Transient(f"{self.path.name} is busy; try again in a moment.") from error
            raise self._unusable(error) from error
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.IntegrityError):
                raise
            raise Corrupt(f"{self.path} is damaged ({error}); restore it from a backup.") from error
        finally:
            connection.close()

    def compact(self) -> None:
        """Rewrites the file and empties the write-ahead log, so that nothing deleted stays in free pages."""
        connection = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        try:
            connection.execute("VACUUM")
            (busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:
            busy = 1
        finally:
            connection.close()
        if busy:
            raise Transient(
                f"{self.path.name} is in use, so what was deleted may still stand in it; give the command again in a moment."
            )

    def _unusable(self, error: sqlite3.OperationalError) -> Unavailable:
        """The write-ahead log has files beside the database even for readers, so a read-only folder can't be served."""
        folder = self.path.parent
        if folder.is_dir() and not os.access(folder, os.W_OK):
            return Unavailable(
                f"The data folder {folder} is read-only, and every answer leaves a record there; make it writable or name "
                "another in paths.data."
            )
        return Unavailable(
            f"{self.path} can't be used ({error}); check that the data folder is there, its space and permissions."
        )

    def now(self) -> str:
        return self._clock().isoformat(timespec="milliseconds")

    # ------------------------------------------------------------------------------------- access policy

    def policy(self) -> Policy:
        """The policy in force now; before any was set, nobody may read anything."""
        with self.connect() as connection:
            row = connection.execute("SELECT body FROM access_policies ORDER BY seq DESC LIMIT 1").fetchone()
        return Policy.from_json(row[0]) if row else Policy()

    def set_policy(self, policy: Policy) -> bool:
        """True where it differs from the one in force (a new version is then recorded)."""
        if policy.to_json() == self.policy().to_json():
            return False
        with self.connect(write=True) as connection:
            connection.execute(
                "INSERT INTO access_policies (version, at, body) VALUES (?, ?, ?)",
                (policy.version, self.now(), policy.to_json()),
            )
        return True

    # ------------------------------------------------------------------------------------- publications

    def record_publication(
        self,
        snapshot: str,
        parent: str | None,
        who: str,
        why: str,
        *,
        kind: str = "publish",
        prepared_by: str | None = None,
        forced: bool = False,
        verdict: str | None = None,
    ) -> None:
        """``verdict`` is the gate's, as JSON; None where nothing was judged (a rollback)."""
        policy = self.policy().version
        values = (snapshot, parent, self.now(), who, why, kind, prepared_by, int(forced), verdict, policy)
        with self.connect(write=True) as connection:
            connection.execute(
                f"INSERT INTO publications ({', '.join(_PUBLICATION)}) VALUES ({', '.join('?' * len(_PUBLICATION))})",
                values,
            )

    def publications(self) -> list[dict[str, Any]]:
        """Oldest first: snapshot, parent, at, who, why, kind, prepared_by, forced, verdict, policy."""
        with self.connect() as connection:
            rows = connection.execute(f"SELECT {', '.join(_PUBLICATION)} FROM publications ORDER BY seq").fetchall()
        told = [dict(zip(_PUBLICATION, row, strict=True)) for row in rows]
        return [
            {**row, "forced": bool(row["forced"]), "verdict": json.loads(row["verdict"]) if row["verdict"] else None}
            for row in told
        ]

    # ------------------------------------------------------------------------------------- jobs

    def start_job(self, job: str, kind: str) -> None:
        with self.connect(write=True) as connection:
            connection.execute(
                "INSERT INTO jobs (id, kind, state, started, updated) VALUES (?, ?, 'running', ?, ?)",
                (job, kind, self.now(), self.now()),
            )

    def update_job(
        self, job: str, *, state: str = "running", stage: str = "", done: int = 0, total: int = 0, note: str = ""
    ) -> None:
        with self.connect(write=True) as connection:
            connection.execute(
                "UPDATE jobs SET state=?, stage=?, done=?, total=?, note=?, updated=? WHERE id=?",
                (state, stage, done, total, note, self.now(), job),
            )

    def jobs(self, limit: int = 20) -> list[Mapping[str, str | int]]:
        names = ("id", "kind", "state", "stage", "done", "total", "note", "started", "updated")
        with self.connect() as connection:
            rows = connection.execute(
                f"SELECT {', '.join(names)} FROM jobs ORDER BY started DESC, rowid DESC LIMIT ?", (limit,)
            ).fetchall()
        return [dict(zip(names, row, strict=True)) for row in rows]

    # ------------------------------------------------------------------------------------- cached vectors

    def cached_vectors(self, embedder: str, hashes: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Vectors by text hash, where this embedder made one before."""
        found: dict[str, NDArray[np.float32]] = {}
        with self.connect() as connection:
            for start in range(0, len(hashes), 500):
                part = hashes[start : start + 500]
                marks = ",".join("?" * len(part))
                for text_hash, blob in connection.execute(
                    f"SELECT text_hash, vector FROM vectors WHERE embedder=? AND text_hash IN ({marks})",
                    (embedder, *part),
                ):
                    found[text_hash] = np.frombuffer(blob, dtype=np.float16).astype(np.float32)
        return found

    def cache_vectors(self, embedder: str, hashes: Sequence[str], vectors: Vectors) -> None:
        """Stored as fp16, which is what the index keeps."""
        with self.connect(write=True) as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO vectors (embedder, text_hash, vector) VALUES (?, ?, ?)",
                [(embedder, h, v.astype(np.float16).tobytes()) for h, v in zip(hashes, vectors, strict=True)],
            )


def _migrate(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise Unavailable(
            f"The database has schema {version}, newer than this program's {SCHEMA_VERSION}; update the program."
        )
    if version == SCHEMA_VERSION:
        return
    for migration in MIGRATIONS[version:]:
        migration(connection)
    connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
