"""Collections as their folders hold them, complete or not: what a person still has to say before they can be published.

`ingest.manifest` refuses a `collection.toml` that misses something. Here it is read as far as it goes, and filled in: comments
and everything else in the file stay as they are, and what would not be valid is not written.
"""

from __future__ import annotations

import os
import secrets
import stat
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import tomlkit
from pydantic import ValidationError

from assistant.access import NOBODY
from assistant.errors import InputError, Unavailable
from assistant.files import sync
from assistant.types import Access
from ingest.manifest import NAME, AccessRule, load_manifest
from ingest.readers import SUFFIXES
from ingest.readers.archive import SUFFIX as ARCHIVE

ASKED = ("title", "owner", "licence", "review_date")
"""What every collection must say and a person can fill in, in this order."""

TAKEN = SUFFIXES | {ARCHIVE}


@dataclass(frozen=True, kw_only=True)
class FileEntry:
    """What `collection.toml` says of one file. ``access`` None: the collection's holds; ``key`` "": its path is its key."""

    title: str = ""
    key: str = ""
    effective_from: date | None = None
    effective_to: date | None = None
    supersedes: str = ""
    access: Access | None = None


@dataclass(frozen=True, kw_only=True)
class Draft:
    """``problem``: why it can't be ingested as it stands, "" where it can. ``access`` is nobody's where none is said or it is
    not valid; so is that of an entry. ``entries`` by path below ``folder``."""

    id: str
    folder: Path
    title: str = ""
    owner: str = ""
    licence: str = ""
    review_date: date | None = None
    access: Access = NOBODY
    entries: Mapping[str, FileEntry] = field(default_factory=dict)
    problem: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(name for name in ASKED if not getattr(self, name))

    def entry(self, path: str) -> FileEntry:
        return self.entries.get(path, FileEntry())

    def rule(self, path: str) -> Access:
        """Who may read the file at ``path`` when this is published."""
        own = self.entry(path).access
        return self.access if own is None else own


def drafts(corpora: Path) -> tuple[Draft, ...]:
    """Every collection below ``corpora`` that has an id, by id. A file that is no TOML at all is left out: an ingestion, and
    its dry run, say of it what is wrong."""
    found = (_draft(file) for file in sorted(corpora.rglob(NAME)) if not file.is_symlink())
    return tuple(sorted((draft for draft in found if draft is not None), key=lambda draft: draft.id))


def files(draft: Draft) -> Iterator[tuple[str, int]]:
    """Path below the folder and bytes of what lies in it, by path: no hidden files, nothing of a collection inside it, nothing
    through a linked folder."""
    for folder, names, found in os.walk(draft.folder):
        here = Path(folder)
        names[:] = sorted(n for n in names if not n.startswith(".") and not (here / n / NAME).is_file())
        for name in sorted(found):
            file = here / name
            if not name.startswith((".", "~$")) and file.suffix.lower() in TAKEN and file.is_file():
                yield file.relative_to(draft.folder).as_posix(), file.stat().st_size


def _draft(file: Path) -> Draft | None:
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return None
    known = _text(values.get("id"))
    if not known:
        return None
    try:
        load_manifest(file)
        problem = ""
    except InputError as error:
        problem = str(error).replace(str(file), NAME)
    rows = values.get("documents")
    return Draft(
        id=known,
        folder=file.parent.resolve(),
        title=_text(values.get("title")),
        owner=_text(values.get("owner")),
        licence=_text(values.get("licence")),
        review_date=_day(values.get("review_date")),
        access=_access(values.get("access")) or NOBODY,
        entries=dict(_entry(row) for row in (rows if isinstance(rows, list) else []) if isinstance(row, dict)),
        problem=problem,
    )


def _entry(row: Mapping[str, Any]) -> tuple[str, FileEntry]:
    return str(PurePosixPath(_text(row.get("path")))), FileEntry(
        title=_text(row.get("title")),
        key=_text(row.get("key")),
        effective_from=_day(row.get("effective_from")),
        effective_to=_day(row.get("effective_to")),
        supersedes=_text(row.get("supersedes")),
        access=_access(row["access"]) if "access" in row else None,
    )


def _access(value: object) -> Access:
    """Nobody's where it is not valid."""
    try:
        return AccessRule.model_validate(value).access
    except ValidationError:
        return NOBODY


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _day(value: object) -> date | None:
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


# ------------------------------------------------------------------------------------------------ filling in


def fill_in(draft: Draft, *, title: str, owner: str, licence: str, review_date: date) -> None:
    """Writes them into the collection's file. `InputError` where the file would still not be valid; it then stays as it is."""
    document = _read(draft)
    for name, value in (("title", title), ("owner", owner), ("licence", licence), ("review_date", review_date)):
        if document.get(name) != value:
            document[name] = value
    _write(draft, document)


def describe(
    draft: Draft,
    path: str,
    *,
    title: str = "",
    effective_from: date | None = None,
    effective_to: date | None = None,
    supersedes: str = "",
) -> None:
    """Says of one file what is given and takes back what is not. A file that supersedes another joins its lineage, and, where
    nothing is said of its own access yet, takes over the other's: what was restricted stays so in its next version."""
    document = _read(draft)
    rows = document.setdefault("documents", tomlkit.aot())
    row = next((r for r in rows if str(PurePosixPath(str(r.get("path", "")))) == path), None)
    if row is None:
        row = tomlkit.table()
        row["path"] = path
        rows.append(row)
    said: dict[str, object] = {
        "title": title,
        "effective_from": effective_from,
        "effective_to": effective_to,
        "supersedes": supersedes,
    }
    for name, value in said.items():
        if not value:
            row.pop(name, None)
        elif row.get(name) != value:
            row[name] = value
    if supersedes:
        other = draft.entry(supersedes)
        row["key"] = other.key or supersedes
        if other.access is not None and "access" not in row:
            rule = tomlkit.inline_table()
            rule.update({"allow": sorted(other.access.allow), "deny": sorted(other.access.deny)})
            row["access"] = rule
    _write(draft, document)


def _read(draft: Draft) -> tomlkit.TOMLDocument:
    file = draft.folder / NAME
    try:
        return tomlkit.parse(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Unavailable(f"{NAME} of {draft.id} can't be read ({error.strerror}).") from error


def _write(draft: Draft, document: tomlkit.TOMLDocument) -> None:
    """Checked beside the file, then put in its place: the old text or the new one, whole."""
    file = draft.folder / NAME
    temporary = draft.folder / f".{secrets.token_hex(8)}.toml"
    try:
        temporary.write_text(tomlkit.dumps(document), encoding="utf-8")
        _check(temporary, draft)
        temporary.chmod(stat.S_IMODE(file.stat().st_mode))
        sync(temporary)
        os.replace(temporary, file)
        sync(draft.folder)
    except OSError as error:
        raise Unavailable(
            f"{NAME} of {draft.id} can't be written ({error.strerror}); check the permissions of its folder."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def _check(temporary: Path, draft: Draft) -> None:
    try:
        manifest = load_manifest(temporary)
    except InputError as error:
        raise InputError(str(error).replace(str(temporary), f"{NAME} of {draft.id}")) from error
    if manifest.id != draft.id:
        raise InputError(f"The file in {draft.folder.name} is another collection's by now; open the page again.")
