"""Dates and lineage that documents declare on their own front page, where `collection.toml` says nothing.

What `collection.toml` says holds; where the front page says something else, that is a finding. What the front page says of
another document ("Supersedes: Gifts Policy, version 5.0") counts where exactly one document of the collection is meant.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import PurePosixPath

from assistant.protocols import Reading
from assistant.types import Document
from ingest.changes import document_of
from ingest.discover import Refused, SourceFile
from ingest.front_page import FrontPage, front_page
from ingest.lineage import conflicts, with_ends
from ingest.quality.findings import Finding

_VERSIONED = re.compile(
    r"(?P<title>.*?)[\s,;(–—-]*\b(?:version|v\.?|revision|issue)\s*(?P<version>\d[\w.]*)\)?", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True)
class Read:
    """A file that was read: its document's id, what `collection.toml` says of it, and what is in it."""

    identity: str
    file: SourceFile
    reading: Reading


def documents_of(read: Sequence[Read]) -> tuple[list[Document], list[Refused]]:
    """In order; and the versions of one document that their front pages put in force at the same time."""
    files = _with_front_pages(read)
    clashing = conflicts(files)
    documents = [
        document_of(each.identity, file, each.reading)
        for each, file in zip(read, files, strict=True)
        if file.uri not in clashing
    ]
    return documents, [Refused(uri=uri, reason=reason) for uri, reason in clashing.items()]


def _with_front_pages(read: Sequence[Read]) -> list[SourceFile]:
    pages = [front_page(each.reading.text, each.reading.landmarks) for each in read]
    names = _Names([(each.file, _title(each), page) for each, page in zip(read, pages, strict=True)])
    files = []
    for each, page in zip(read, pages, strict=True):
        file = each.file
        first = file.effective_from or page.effective_from
        last = file.effective_to or page.effective_to
        if first and last and last < first:  # one of them declared: that one holds alone
            first, last = file.effective_from, file.effective_to
        files.append(
            replace(
                file,
                effective_from=first,
                effective_to=last,
                supersedes=file.supersedes or names.meant(file, _title(each), page.supersedes),
            )
        )
    return with_ends(files)


def _title(read: Read) -> str:
    return read.file.title or read.reading.title


class _Names:
    """How documents of a collection are called: by path, by title, by title and version."""

    def __init__(self, documents: Sequence[tuple[SourceFile, str, FrontPage]]) -> None:
        self._called: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        for file, title, page in documents:
            path = PurePosixPath(file.uri).relative_to(file.collection)
            for name in {str(path), path.name, path.stem, title}:
                for version in {"", page.version}:
                    self._called[file.collection, _plain(name), version].add(file.uri)

    def meant(self, file: SourceFile, title: str, words: str) -> str | None:
        """The uri of the only document that ``words`` can mean; "version 5.0" alone is one with the same title."""
        if not words:
            return None
        versioned = _VERSIONED.fullmatch(words)
        name, version = (versioned["title"] or title, versioned["version"]) if versioned else (words, "")
        uris = self._called.get((file.collection, _plain(name), version), set()) - {file.uri}
        return next(iter(uris)) if len(uris) == 1 else None


def _plain(name: str) -> str:
    return " ".join(re.sub(r"[\"'“”‘’]|^the\s", " ", name.casefold()).split())


def disagreements(document: Document) -> tuple[Finding, ...]:
    """Where the document's front page says something else than holds, or nothing clear."""
    page = front_page(document.text, document.landmarks)
    pairs = (
        ("effective from", page.effective_from, document.effective_from),
        ("effective to", page.effective_to, document.effective_to),
    )
    return (
        *(Finding(kind="front page", severity="warning", message=message) for message in _contradictions(pairs)),
        *(Finding(kind="front page", severity="note", message=message) for message in _doubts(page, document)),
    )


def _contradictions(pairs: Sequence[tuple[str, date | None, date | None]]) -> Iterator[str]:
    for name, said, holds in pairs:
        if said is not None and said != holds:
            there = f"{holds.day} {holds:%B %Y}" if holds else "nothing"
            yield (
                f"Its front page says it is {name} {said.day} {said:%B %Y}, collection.toml and what follows from it say "
                f"{there}, which holds; correct one of them."
            )


def _doubts(page: FrontPage, document: Document) -> Iterator[str]:
    for words in page.unclear:
        yield f"Its front page says “{words}”, which can't be read in one way only; say it in collection.toml."
    if page.supersedes and document.supersedes is None:
        yield (
            f"Its front page says that it supersedes “{page.supersedes}”, which is no document, or not only one, of its "
            "collection; say it in collection.toml."
        )
