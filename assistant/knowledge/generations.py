"""The snapshots on disk: what each holds, how two differ, and which may be thrown away."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant import access
from assistant.errors import InputError, MunimentError
from assistant.knowledge import checked
from assistant.knowledge import snapshot as snapshots
from assistant.knowledge.candidates import candidates
from assistant.knowledge.catalogue import Catalogue
from assistant.types import Document, Passage, Principal


@dataclass(frozen=True, kw_only=True)
class Generation:
    """One snapshot on disk. The counts are of all it holds: an operator's, not a reader's. ``damage`` says what is wrong with
    its manifest; the files themselves are hashed by `snapshots verify`. ``waits``: prepared, never published."""

    id: str
    served: bool
    documents: int
    passages: int
    bytes: int
    published: str | None
    waits: bool
    purged: int
    damage: str | None


def generations(data: Path, catalogue: Catalogue) -> list[Generation]:
    """The last published first; what was never published after that."""
    published = {row["snapshot"]: row["at"] for row in catalogue.publications()}
    waiting = {c.snapshot for c in candidates(catalogue)} - published.keys()
    current = snapshots.current_id(data)
    rows = []
    for folder in (data / "snapshots").glob("s-*"):
        manifest, damage = None, None
        try:
            manifest = snapshots.read_manifest(folder)
        except MunimentError as error:
            damage = str(error)
        rows.append(
            Generation(
                id=folder.name,
                served=folder.name == current,
                documents=manifest.documents if manifest else 0,
                passages=manifest.passages if manifest else 0,
                bytes=sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()),
                published=published.get(folder.name),
                waits=folder.name in waiting,
                purged=len(manifest.purged) if manifest else 0,
                damage=damage,
            )
        )
    return sorted(rows, key=lambda row: (row.published or "", row.id), reverse=True)


def contents_of(data: Path, snapshot: str) -> tuple[tuple[Document, ...], tuple[Passage, ...]]:
    """Verified first: what was altered is refused by name."""
    folder = snapshots.folder_of(data, snapshot)
    snapshots.verify(folder)
    return snapshots.read_contents(folder / snapshots.CONTENTS)


def visible_documents(data: Path, catalogue: Catalogue, snapshot: str, principal: Principal) -> tuple[Document, ...]:
    """What of a snapshot, served or not, the principal may read by the policy in force now."""
    documents, _ = contents_of(data, snapshot)
    return access.readable({d.id: d for d in documents}, principal, catalogue.policy(), None)


def difference(old: Sequence[Document], new: Sequence[Document]) -> dict[str, Any]:
    """By uri: ``added``, ``removed``, ``changed`` with what differs, and how many are ``unchanged``."""
    before, after = {d.uri: d for d in old}, {d.uri: d for d in new}
    differing = {uri: _differs(before[uri], after[uri]) for uri in sorted(before.keys() & after.keys())}
    changed = [{"uri": uri, "what": what} for uri, what in differing.items() if what]
    return {
        "added": sorted(after.keys() - before.keys()),
        "removed": sorted(before.keys() - after.keys()),
        "changed": changed,
        "unchanged": len(differing) - len(changed),
    }


def _differs(old: Document, new: Document) -> list[str]:
    names = ("version", "text_sha256", "key", "title", "effective_from", "effective_to", "supersedes", "reader")
    return [name for name in names if getattr(old, name) != getattr(new, name)]


# ------------------------------------------------------------------------------------------------ pruning


@dataclass(frozen=True, kw_only=True)
class Pruned:
    """``kept`` says why, by snapshot; ``sources`` counts ingested files that no remaining snapshot holds."""

    removed: tuple[str, ...]
    kept: Mapping[str, str]
    sources: int
    bytes: int


def prune(data: Path, catalogue: Catalogue, *, force: bool, dry_run: bool = False) -> Pruned:
    """Keeps what is served, the one before it, what waits to be published and, unless ``force``, what a receipt needs to be
    replayed. Call it under the ingestion's lock."""
    reasons = _reasons_to_keep(data, catalogue, force)
    folders = {folder.name: folder for folder in (data / "snapshots").glob("s-*")}
    kept = {name: reasons[name] for name in sorted(folders) if name in reasons}
    doomed = [folder for name, folder in sorted(folders.items()) if name not in kept]
    leftovers = list((data / "snapshots").glob(".building-*"))
    needed = {d.version for name in kept for d in _held(folders[name])}
    orphans = [f for f in sorted((data / "sources").glob("*")) if f.is_file() and f.name not in needed]
    files = [f for folder in (*doomed, *leftovers) for f in folder.rglob("*") if f.is_file()]
    size = sum(f.stat().st_size for f in (*files, *orphans))
    if not dry_run:
        for folder in doomed:
            (folder / snapshots.MANIFEST).unlink(missing_ok=True)  # from here on it is no snapshot, whatever happens
        for folder in (*doomed, *leftovers):
            shutil.rmtree(folder)
            checked.place_of(folder).unlink(missing_ok=True)
        for file in orphans:
            file.unlink()
    return Pruned(removed=tuple(f.name for f in doomed), kept=kept, sources=len(orphans), bytes=size)


def _held(folder: Path) -> tuple[Document, ...]:
    return snapshots.read_contents(folder / snapshots.CONTENTS)[0]


def _reasons_to_keep(data: Path, catalogue: Catalogue, force: bool) -> dict[str, str]:
    served = snapshots.current_id(data)
    if served is None:
        raise InputError("No snapshot is served, so none is thrown away; run `muniment ingest` first.")
    reasons: dict[str, str] = {}
    if not force:
        reasons |= dict.fromkeys(needed_by_receipts(catalogue), "a receipt needs it")
    published = catalogue.publications()
    last = max((n for n, row in enumerate(published) if row["snapshot"] == served), default=-1)
    known = {row["snapshot"] for row in published}
    for candidate in candidates(catalogue):
        if candidate.snapshot not in known and (last < 0 or candidate.at >= published[last]["at"]):
            reasons[candidate.snapshot] = "it waits to be published"
    parent = published[last]["parent"] if last >= 0 else None
    if parent:
        reasons[str(parent)] = "it was served before the present one"
    return {**reasons, served: "it is served"}


def needed_by_receipts(catalogue: Catalogue) -> set[str]:
    """Snapshots that an answer of the ledger was drawn from."""
    with catalogue.connect() as connection:
        rows = connection.execute(
            "SELECT DISTINCT json_extract(c.content, '$.release.snapshot') FROM ledger_content c "
            "JOIN ledger r ON r.seq = c.seq WHERE r.kind = 'answered'"
        ).fetchall()
    return {str(name) for (name,) in rows if name}
