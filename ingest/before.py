"""What is served when an ingestion begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant.errors import Corrupt, Unavailable
from assistant.knowledge import snapshot as snapshots
from assistant.knowledge.catalogue import Catalogue
from assistant.types import Document, Passage

_CUT_BY = ("splitter", "embedder")
"""The inputs that decide where a text is cut: the rules, and whose tokens are counted."""


@dataclass(frozen=True)
class Before:
    """The served documents by id, their passages, and the row that each has in the inputs of the snapshot's id. ``recorded``
    is what was last published, ``inputs`` what the served snapshot's id is a hash of."""

    recorded: str | None
    documents: Mapping[str, Document] = field(default_factory=dict)
    passages: Sequence[Passage] = ()
    rows: Mapping[str, list[str]] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def questions(self) -> Mapping[str, str]:
        """Digests of the served known questions, by collection."""
        found: Mapping[str, str] = self.inputs.get("known questions", {})
        return found

    def cut_alike(self, documents: Sequence[Document], inputs: Mapping[str, Any]) -> dict[str, list[Passage]]:
        """The passages, by document, of those ``documents`` that would be cut into the same ones again: nothing has changed
        that cutting looks at, neither in the document nor in the ``inputs``."""
        if any(self.inputs.get(name) != inputs[name] for name in _CUT_BY):
            return {}
        alike: dict[str, list[Passage]] = {}
        for document in documents:
            known = self.documents.get(document.id)
            if known and all(
                getattr(known, name) == getattr(document, name) for name in ("text", "landmarks", "title")
            ):
                alike[document.id] = []
        for passage in self.passages:
            if passage.document_id in alike:
                alike[passage.document_id].append(passage)
        return alike

    def without(self, kept: Mapping[str, Document]) -> list[tuple[Document, list[Passage]]]:
        """The documents that are not among ``kept``, with their passages."""
        passages: dict[str, list[Passage]] = {i: [] for i in self.documents if i not in kept}
        for passage in self.passages:
            if passage.document_id in passages:
                passages[passage.document_id].append(passage)
        return [(self.documents[i], of_it) for i, of_it in passages.items()]


def read_before(data: Path, catalogue: Catalogue, looked_at: set[str]) -> Before:
    """Nothing before the first publication. A damaged snapshot counts as nothing where every collection is found anew
    (``looked_at``, by id), so that a run mends it; where one would have to be carried over from it, the damage is told."""
    published = catalogue.publications()
    recorded = published[-1]["snapshot"] if published else None
    try:
        current = snapshots.current_id(data)
        if current is None:
            return Before(recorded)
        folder = snapshots.folder_of(data, current)
        manifest = snapshots.verify(folder)
    except (Corrupt, Unavailable) as error:
        elsewhere = set(catalogue.policy().collections) - looked_at
        if elsewhere:
            missing = ", ".join(sorted(elsewhere))
            raise Corrupt(f"{error} Ingest {missing} in the same run: nothing can be carried over.") from error
        return Before(recorded)
    documents, passages = snapshots.read_contents(folder / snapshots.CONTENTS)
    rows = {row[0]: row for row in manifest.inputs["documents"]}
    return Before(recorded, {d.id: d for d in documents}, passages, rows, manifest.inputs)
