"""What an ingestion leaves out because somebody took it back by name: withdrawn lineages, purged bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.knowledge.catalogue import Catalogue
from assistant.knowledge.withdrawals import Purge, Withdrawal, in_force, purges
from assistant.types import Document

if TYPE_CHECKING:
    from ingest.discover import SourceFile


@dataclass(frozen=True, kw_only=True)
class Barred:
    """``withdrawn`` by key, ``purged`` by the SHA-256 of the bytes."""

    withdrawn: Mapping[str, Withdrawal]
    purged: Mapping[str, Purge]

    @classmethod
    def now(cls, catalogue: Catalogue) -> Barred:
        return cls(withdrawn=in_force(catalogue), purged={p.version: p for p in purges(catalogue).values()})

    def of_file(self, file: SourceFile) -> str:
        return self._reason(file.key, file.sha256)

    def of_document(self, document: Document) -> str:
        return self._reason(document.key, document.version)

    def _reason(self, key: str, version: str) -> str:
        """Why it is left out; "" where it is not."""
        if key in self.withdrawn:
            act = self.withdrawn[key]
            return (
                f"Withdrawn by {act.who} on {act.at[:10]}: {act.why}; "
                f"`muniment documents readmit {key}` takes that back."
            )
        if version in self.purged:
            purge = self.purged[version]
            return f"Its bytes were purged by {purge.who} on {purge.at[:10]}: {purge.why}; delete the file."
        return ""
