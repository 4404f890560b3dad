"""Documents and snapshots for the command line, without loading a model: opening the knowledge only to read it."""

from __future__ import annotations

from datetime import date
from typing import Any

from assistant import access
from assistant.build import principal_of
from assistant.config import Config
from assistant.errors import Unavailable
from assistant.knowledge import snapshot as snapshots
from assistant.knowledge.catalogue import Catalogue
from assistant.types import Document, Principal


class ReadingLibrary:
    """The served documents behind the same access question as everywhere."""

    def __init__(self, config: Config) -> None:
        self._catalogue = Catalogue.open_existing(config.data)
        current = snapshots.current_id(config.data)
        if current is None:
            raise Unavailable("No knowledge has been published yet; run `muniment ingest`.")
        folder = snapshots.folder_of(config.data, current)
        snapshots.verify(folder)
        documents, self._passages = snapshots.read_contents(folder / snapshots.CONTENTS)
        self._documents = {d.id: d for d in documents}

    def documents(self, principal: Principal, as_of: date | None = None) -> tuple[Document, ...]:
        return access.readable(self._documents, principal, self._catalogue.policy(), as_of)

    def questions(self, principal: Principal) -> tuple[str, ...]:
        """Known questions of what the principal may see."""
        return access.known_questions(self._passages, self.documents(principal))

    def document(self, document_id: str, principal: Principal) -> Document:
        return access.read_one(self._documents, document_id, principal, self._catalogue.policy())


def reading_library(config: Config, user: str | None, groups: str | None) -> tuple[ReadingLibrary, Principal]:
    principal = principal_of(config, user, groups)
    return ReadingLibrary(config), principal


def document_json(document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "title": document.title,
        "uri": document.uri,
        "key": document.key,
        "version": document.version,
        "text_sha256": document.text_sha256,
        "reader": document.reader,
        "collection": document.collection,
        "effective_from": document.effective_from.isoformat() if document.effective_from else None,
        "effective_to": document.effective_to.isoformat() if document.effective_to else None,
        "supersedes": document.supersedes,
        "characters": len(document.text),
    }
