"""A consistent copy of everything but the models, and the way back.

    <backup>/muniment.sqlite   SQLite's own online copy: one instant of it, whoever is writing
             snapshots/ sources/ current
             backup.json       written last: SHA-256 of every file; without it, it is no backup

Receipts, policies, publications, cached vectors and the ledger stand in the database. The catalogue is copied first and the
pointer is what its last publication says, so both tell the same. Models are not copied: the lock pulls them again.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from assistant.errors import Corrupt, InputError, Unavailable
from assistant.files import sha256_of, sync, sync_tree
from assistant.knowledge import snapshot as snapshots
from assistant.knowledge.catalogue import FILE_NAME, Catalogue

LIST = "backup.json"
FORMAT = 1
_FOLDERS = ("snapshots", "sources")


@dataclass(frozen=True, kw_only=True)
class Saved:
    files: int
    bytes: int
    served: str | None
    at: str


def backup(catalogue: Catalogue, data: Path, target: Path) -> Saved:
    """Call it under the ingestion's lock. ``target`` must be empty or not exist yet; every snapshot is verified on its way."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(f"{target} is not empty; give a new folder for the backup.")
    try:
        target.mkdir(parents=True, exist_ok=True)
        _copy_database(catalogue.path, target / FILE_NAME)
        for name in _FOLDERS:
            if (data / name).is_dir():
                shutil.copytree(data / name, target / name, ignore=shutil.ignore_patterns(".*"))
        published = Catalogue(target / FILE_NAME).publications()
        served = published[-1]["snapshot"] if published else snapshots.current_id(data)
        if served is not None:
            snapshots.point_to(target, served)
        for folder in sorted((target / "snapshots").glob("s-*")):
            snapshots.verify(folder)
        files = {str(PurePosixPath(f.relative_to(target))): sha256_of(f) for f in _files(target)}
        sync_tree(target)
        at = catalogue.now()
        body = {"format": FORMAT, "at": at, "served": served, "files": files}
        snapshots.write_atomically(target / LIST, json.dumps(body, indent=1, sort_keys=True))
    except OSError as error:
        raise Unavailable(
            f"{error.filename or target} can't be written ({error.strerror}); check space and permissions."
        ) from error
    return Saved(files=len(files), bytes=sum(f.stat().st_size for f in _files(target)), served=served, at=at)


def restore(source: Path, data: Path) -> Saved:
    """Every file is checked against the backup's list before anything is written. ``data`` must hold no catalogue: what is
    there is never overwritten. The pointer comes last."""
    body = _checked(source)
    if (data / FILE_NAME).exists() or (data / snapshots.POINTER).exists():
        raise InputError(f"{data} holds knowledge already; move that folder away first, or name another in paths.data.")
    try:
        data.mkdir(parents=True, exist_ok=True)
        names = sorted(body["files"], key=lambda name: (name == snapshots.POINTER, name == FILE_NAME, name))
        for name in names:
            file = data / name
            file.parent.mkdir(parents=True, exist_ok=True)
            temporary = file.with_name(f".{file.name}.{os.getpid()}.new")
            shutil.copyfile(source / name, temporary)
            sync(temporary)
            if sha256_of(temporary) != body["files"][name]:
                raise Corrupt(f"{source / name} changed while it was read; nothing is served from {data} yet.")
            temporary.replace(file)
            for folder in PurePosixPath(name).parents:
                sync(data / folder)
    except OSError as error:
        raise Unavailable(
            f"{error.filename or data} can't be used ({error.strerror}); check space and permissions."
        ) from error
    Catalogue.open(data)  # an older schema is brought to the present one, keeping everything
    size = sum((source / name).stat().st_size for name in body["files"])
    return Saved(files=len(names), bytes=size, served=body["served"], at=body["at"])


def _copy_database(source: Path, target: Path) -> None:
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=30)) as old,
            closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new)
            new.execute("PRAGMA journal_mode=DELETE")
            (said,) = new.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.Error as error:
        raise Unavailable(f"{source} can't be copied ({error}); check space and try again.") from error
    if said != "ok":
        raise Corrupt(f"{source} is damaged ({said}); restore it from an older backup.")


def _files(folder: Path) -> Iterator[Path]:
    yield from (f for f in sorted(folder.rglob("*")) if f.is_file() and f.name != LIST)


def _checked(source: Path) -> dict[str, Any]:
    try:
        body = json.loads((source / LIST).read_text(encoding="utf-8"))
        files = body["files"]
        known = body["format"] == FORMAT
    except OSError as error:
        raise InputError(f"{source} is no backup, or an unfinished one: it has no {LIST}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise Corrupt(f"{source / LIST} is damaged; use another backup.") from error
    if not known:
        raise Unavailable(f"{source} has another format than this program's {FORMAT}; use the program that wrote it.")
    for name, expected in files.items():
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise Corrupt(f"{source / LIST} names a file outside the backup: {name}.")
        if not (source / name).is_file():
            raise Corrupt(f"{source / name} is missing; use another backup.")
        if sha256_of(source / name) != expected:
            raise Corrupt(f"{source / name} was altered after the backup; use another one.")
    return dict(body)
