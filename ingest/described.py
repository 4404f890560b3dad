"""What is known of documents besides their text: their collections, and the findings of the quality rules."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from assistant.access import NOBODY
from assistant.knowledge.candidates import known_collections
from assistant.knowledge.catalogue import Catalogue
from assistant.knowledge.quarantine import reports
from assistant.types import Document
from ingest.declared import disagreements
from ingest.discover import Collection
from ingest.quality import Finding, compare, finding_of


def described(
    catalogue: Catalogue, root: Path, documents: Sequence[Document]
) -> tuple[list[Collection], dict[str, list[Finding]]]:
    """The documents' collections as last ingested, and by document id what was found of each alone and among the others
    given. ``root``: the project's."""
    held, policy = {d.collection for d in documents}, catalogue.policy()
    collections = [
        Collection(
            id=c.id,
            folder=root / c.folder,
            manifest=root / c.manifest,
            title=c.title,
            owner=c.owner,
            licence=c.licence,
            review_date=c.review_date,
            access=policy.collections.get(c.id, NOBODY),
        )
        for c in known_collections(catalogue)
        if c.id in held
    ]
    kept, among = reports(catalogue), compare(documents)
    findings = {
        d.id: [
            *(finding_of(values) for values in (kept[d.id].findings if d.id in kept else ())),
            *among.get(d.id, ()),
            *disagreements(d),
        ]
        for d in documents
    }
    return collections, findings
