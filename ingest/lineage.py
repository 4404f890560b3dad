"""Versions of one document: at no date may two of them be in force. Collections: which of them are gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.knowledge.candidates import KnownCollection

if TYPE_CHECKING:
    from ingest.discover import Collection, SourceFile


def with_ends(files: Sequence[SourceFile]) -> list[SourceFile]:
    """A file without an end that another supersedes from a known date ends the day before."""
    until: dict[str, date] = {}
    for file in files:
        if file.supersedes and file.effective_from:
            end = file.effective_from - timedelta(days=1)
            until[file.supersedes] = min(end, until.get(file.supersedes, end))
    return [
        replace(file, effective_to=until[file.uri])
        if file.effective_to is None
        and file.uri in until
        and (file.effective_from is None or file.effective_from <= until[file.uri])
        else file
        for file in files
    ]


def conflicts(files: Sequence[SourceFile]) -> dict[str, str]:
    """Reasons by uri. Of two versions in force at once *both* are refused: which one is right is not ours to guess."""
    reasons: dict[str, str] = {}
    for first, second in combinations(files, 2):
        if first.key == second.key and _overlap(first, second):
            for file, other in ((first, second), (second, first)):
                reasons[file.uri] = (
                    f"It and {other.uri} share the key {file.key} and are in force at the same time; "
                    "give them effective dates that don't overlap, or say which supersedes which."
                )
    return reasons


def _overlap(first: SourceFile, second: SourceFile) -> bool:
    return (first.effective_from or date.min) <= (second.effective_to or date.max) and (
        second.effective_from or date.min
    ) <= (first.effective_to or date.max)


def gone_collections(
    known: Sequence[KnownCollection], found: Sequence[Collection], roots: Sequence[Path], project: Path
) -> set[str]:
    """Ids of collections that were ingested from below one of ``roots`` and are there no more: the folder or its
    `collection.toml` was deleted, or it has another id now. What was ingested from elsewhere is not gone: nobody looked."""
    ids, manifests = {c.id for c in found}, {c.manifest for c in found}
    looked = [root.resolve() for root in roots]
    gone = set()
    for collection in known:
        folder, manifest = (project.resolve() / part for part in (collection.folder, collection.manifest))
        if collection.id in ids or not any(folder.is_relative_to(root) for root in looked):
            continue
        if manifest in manifests or not (folder.is_dir() and manifest.is_file()):
            gone.add(collection.id)
    return gone
