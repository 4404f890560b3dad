"""Versions of one document: at no date may two of them be in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingest.discover import SourceFile


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
