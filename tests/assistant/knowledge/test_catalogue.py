"""The database beside the snapshots: its golden schema, opening it, policies, publications, jobs, cached vectors."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from assistant.access import Policy
from assistant.errors import Corrupt, Transient, Unavailable
from assistant.knowledge.catalogue import FILE_NAME, Catalogue
from assistant.knowledge.migrations import MIGRATIONS, SCHEMA_VERSION
from assistant.types import Access
from tests.world import clock

GOLDEN = {
    "access_policies": "seq INTEGER, version TEXT!, at TEXT!, body TEXT!",
    "publications": "seq INTEGER, snapshot TEXT!, parent TEXT, at TEXT!, who TEXT!, why TEXT!, kind TEXT!, prepared_by TEXT, "
    "forced INTEGER!, verdict TEXT, policy TEXT",
    "jobs": "id TEXT, kind TEXT!, state TEXT!, stage TEXT!, done INTEGER!, total INTEGER!, note TEXT!, "
    "started TEXT!, updated TEXT!",
    "vectors": "embedder TEXT!, text_hash TEXT!, vector BLOB!",
    "ledger": "seq INTEGER, id TEXT!, at TEXT!, kind TEXT!, commitment TEXT!, previous TEXT!, hash TEXT!",
    "ledger_content": "seq INTEGER, salt TEXT!, content TEXT!",
    "candidates": "seq INTEGER, snapshot TEXT!, parent TEXT, at TEXT!, who TEXT!, why TEXT!, proposal TEXT!, verdict TEXT!",
    "collections": "id TEXT, folder TEXT!, manifest TEXT!, title TEXT!, owner TEXT!, licence TEXT!, review_date TEXT!, "
    "updated TEXT!",
    "withdrawals": "seq INTEGER, key TEXT!, act TEXT!, at TEXT!, who TEXT!, why TEXT!",
    "findings": "document TEXT, uri TEXT!, identity TEXT!, at TEXT!, body TEXT!",
    "decisions": "seq INTEGER, document TEXT!, uri TEXT!, kinds TEXT!, act TEXT!, at TEXT!, who TEXT!, why TEXT!",
    "purges": "document TEXT, version TEXT!, at TEXT!, who TEXT!, why TEXT!, erased TEXT!",
}
"""Columns in order; "!" where NULL is refused. A released migration is never edited: a change here needs a new one."""


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue.open(tmp_path, clock)


def version_of(file: Path) -> int:
    connection = sqlite3.connect(file)
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    finally:
        connection.close()
    return int(version)


def test_the_schema_is_the_golden_one(catalogue: Catalogue) -> None:
    with catalogue.connect() as connection:
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table' ORDER BY rowid")
        ]
        found = {
            table: ", ".join(
                f"{name} {kind}{'!' if required else ''}"
                for _, name, kind, required, _, _ in connection.execute(f"PRAGMA table_info({table})")
            )
            for table in tables
        }
        triggers = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='trigger'")}
    assert found == GOLDEN
    assert triggers == {"ledger_keeps", "ledger_stands"}
    assert version_of(catalogue.path) == SCHEMA_VERSION == len(MIGRATIONS)


def test_opening_again_changes_nothing(catalogue: Catalogue) -> None:
    before = catalogue.path.read_bytes()
    Catalogue.open(catalogue.path.parent)
    Catalogue.open_existing(catalogue.path.parent)
    assert catalogue.path.read_bytes() == before


def test_a_failed_migration_leaves_the_old_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our list of migrations is patched: only a broken one can show that all of a step is one transaction."""

    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE half (a TEXT)")
        connection.execute("CREATE TABLE half (a TEXT)")

    Catalogue.open(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("assistant.knowledge.catalogue.MIGRATIONS", (*MIGRATIONS, broken))
        patch.setattr("assistant.knowledge.catalogue.SCHEMA_VERSION", SCHEMA_VERSION + 1)
        with pytest.raises(Unavailable, match="half already exists"):
            Catalogue.open(tmp_path)
        with pytest.raises(Unavailable, match=f"has schema {SCHEMA_VERSION}, this program wants {SCHEMA_VERSION + 1}"):
            Catalogue.open_existing(tmp_path)
    assert version_of(tmp_path / FILE_NAME) == SCHEMA_VERSION
    Catalogue.open_existing(tmp_path)


def test_a_newer_database_is_left_alone(catalogue: Catalogue) -> None:
    with catalogue.connect(write=True) as connection:
        connection.execute("PRAGMA user_version=99")
    for opened in (Catalogue.open, Catalogue.open_existing):
        with pytest.raises(Unavailable, match="schema 99"):
            opened(catalogue.path.parent)


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (lambda folder: None, "no knowledge yet; run `muniment ingest`"),
        (lambda folder: (folder / FILE_NAME).write_bytes(b"not a database" * 100), "is damaged"),
        (lambda folder: (folder / FILE_NAME).write_bytes(b""), "has schema 0"),
    ],
)
def test_what_cant_be_opened_is_said(tmp_path: Path, prepare: Callable[[Path], object], said: str) -> None:
    prepare(tmp_path)
    with pytest.raises((Unavailable, Corrupt), match=said):
        Catalogue.open_existing(tmp_path)


def test_a_data_folder_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(Unavailable, match="data can't be used"):
        Catalogue.open(tmp_path / "data")


def test_a_read_only_data_folder_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder in the database's place can't be opened either; what the system says of the parent is planted."""
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(Unavailable, match="check that the data folder is there, its space and permissions"):
        Catalogue.open(tmp_path)
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(Unavailable, match="is read-only, and every answer leaves a record there"):
        Catalogue.open(tmp_path)


def test_an_error_rolls_everything_back(catalogue: Catalogue) -> None:
    def fail() -> None:
        with catalogue.connect(write=True) as connection:
            connection.execute("INSERT INTO access_policies (version, at, body) VALUES ('v', 't', 'b')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with catalogue.connect() as connection:
        assert connection.execute("SELECT count(*) FROM access_policies").fetchone() == (0,)


def test_a_busy_database_says_try_again(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's own waiting time is shortened in the library's call, 30 s would be long for a test."""
    connect = sqlite3.connect
    with monkeypatch.context() as patch, catalogue.connect(write=True):
        patch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, **{**k, "timeout": 0.05}))
        with pytest.raises(Transient, match="busy; try again"):
            catalogue.start_job("job", "ingest")


def test_policies_are_kept_in_versions_and_the_last_holds(catalogue: Catalogue) -> None:
    assert catalogue.policy() == Policy()
    staff = Policy(collections={"rules": Access(allow=frozenset({"staff"}))})
    assert catalogue.set_policy(staff)
    assert not catalogue.set_policy(staff)
    assert catalogue.set_policy(Policy())
    assert catalogue.policy() == Policy()
    with catalogue.connect() as connection:
        versions = [v for (v,) in connection.execute("SELECT version FROM access_policies ORDER BY seq")]
    assert versions == [staff.version, Policy().version]


def test_publications_are_told_oldest_first(catalogue: Catalogue) -> None:
    catalogue.record_publication("s-1", None, "ann", "first")
    catalogue.record_publication("s-2", "s-1", "mia", "second")
    told = catalogue.publications()
    assert [(p["snapshot"], p["parent"], p["who"], p["why"]) for p in told] == [
        ("s-1", None, "ann", "first"),
        ("s-2", "s-1", "mia", "second"),
    ]
    assert told[0]["at"] == "2026-11-21T09:30:00.000+00:00"


def test_jobs_are_told_newest_first(catalogue: Catalogue) -> None:
    for job in ("a", "b", "c"):
        catalogue.start_job(job, "ingest")
    catalogue.update_job("b", stage="embed", done=3, total=9)
    catalogue.update_job("c", state="failed", note="No space.")
    jobs = catalogue.jobs(2)
    assert [job["id"] for job in jobs] == ["c", "b"]
    assert (jobs[0]["state"], jobs[0]["note"]) == ("failed", "No space.")
    assert (jobs[1]["state"], jobs[1]["stage"], jobs[1]["done"], jobs[1]["total"]) == ("running", "embed", 3, 9)


def test_vectors_are_kept_by_text_and_embedder_as_the_index_keeps_them(catalogue: Catalogue) -> None:
    vectors = np.random.default_rng(0).normal(size=(1200, 4)).astype(np.float32)
    hashes = [f"h{n}" for n in range(1200)]
    catalogue.cache_vectors("one", hashes, vectors)
    found = catalogue.cached_vectors("one", [*hashes, "unknown"])
    assert set(found) == set(hashes)
    kept = np.stack([found[h] for h in hashes])
    assert kept.dtype == np.float32
    assert np.array_equal(kept, vectors.astype(np.float16).astype(np.float32))
    assert catalogue.cached_vectors("another", hashes) == {}
