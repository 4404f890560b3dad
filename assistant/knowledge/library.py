"""The served knowledge: the current snapshot opened whole, and the one place where documents are handed out.

`Library.current` notices a publication by itself: it compares the pointer before each question. Whoever holds an
`OpenSnapshot` keeps that one to the end of the question. Every side door asks `access.visible`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np

from assistant import access
from assistant.access import Policy
from assistant.errors import Corrupt, Unavailable
from assistant.knowledge import dense
from assistant.knowledge import snapshot as snapshots
from assistant.knowledge.blobs import Blobs
from assistant.knowledge.candidates import KnownCollection, known_collections
from assistant.knowledge.catalogue import Catalogue
from assistant.knowledge.dense import DenseSearcher, GpuDense
from assistant.knowledge.lexical import Bm25Searcher
from assistant.knowledge.references import References
from assistant.protocols import Embedder, Mask
from assistant.types import Document, Passage, Principal


class OpenSnapshot:
    """One verified generation in memory: ``passages[row]`` belongs to row ``row`` of both searchers; ``asked`` are those with
    known questions."""

    def __init__(
        self,
        manifest: snapshots.Manifest,
        documents: tuple[Document, ...],
        passages: tuple[Passage, ...],
        dense_searcher: DenseSearcher | GpuDense,
        lexical_searcher: Bm25Searcher,
        device_reason: str,
        references: References | None = None,
    ) -> None:
        self.id = manifest.id
        self.manifest = manifest
        self.documents: Mapping[str, Document] = {d.id: d for d in documents}
        self.passages = passages
        self.asked = tuple(passage for passage in passages if passage.questions)
        self.dense = dense_searcher
        self.lexical = lexical_searcher
        self.device_reason = device_reason
        self.references = references or References.none(len(passages))
        places = {d.id: place for place, d in enumerate(documents)}
        self._document_of_row = np.array([places[p.document_id] for p in passages], dtype=np.int64)

    @classmethod
    def open(cls, folder: Path, embedder: Embedder, device: str) -> OpenSnapshot:
        """Verifies every hash first. `Corrupt` for altered files, `Unavailable` for another embedder's index."""
        manifest = snapshots.verify(folder)
        if manifest.embedder != embedder.identity:
            raise Unavailable(
                f"Snapshot {manifest.id} was built by the encoder {manifest.embedder}, the config names {embedder.identity}; "
                "run `muniment ingest`."
            )
        documents, passages = snapshots.read_contents(folder / snapshots.CONTENTS)
        index = dense.read_index(folder / snapshots.DENSE)
        if index.ntotal != len(passages):
            raise Corrupt(f"{folder / snapshots.DENSE} has {index.ntotal} rows for {len(passages)} passages.")
        searcher, reason = dense.open_searcher(index, embedder, device)
        return cls(
            manifest,
            documents,
            passages,
            searcher,
            Bm25Searcher.load(folder / snapshots.LEXICAL),
            reason,
            References.load(folder / snapshots.REFERENCES, len(passages)),
        )

    def document_of(self, row: int) -> Document:
        return self.documents[self.passages[row].document_id]

    def mask(self, principal: Principal, policy: Policy, as_of: date | None) -> Mask:
        """The visible set: shape (passages,), True where the principal may read and the text is in force."""
        allowed = np.array(
            [access.visible(principal, policy, d, as_of) for d in self.documents.values()], dtype=np.bool_
        )
        return allowed[self._document_of_row] if len(self.passages) else np.zeros(0, dtype=np.bool_)


class View:
    """One snapshot under one policy: every door to its documents, for the faces and for the gate alike."""

    def __init__(self, snapshot: OpenSnapshot, policy: Policy, blobs: Blobs) -> None:
        self.snapshot = snapshot
        self.policy = policy
        self._blobs = blobs

    def mask(self, principal: Principal, as_of: date | None) -> Mask:
        return self.snapshot.mask(principal, self.policy, as_of)

    def documents(self, principal: Principal, as_of: date | None = None) -> tuple[Document, ...]:
        """What the principal may see, by title and date; ``as_of`` keeps what is in force on that day."""
        return access.readable(self.snapshot.documents, principal, self.policy, as_of)

    def questions(self, principal: Principal) -> tuple[str, ...]:
        """Known questions of what the principal may see."""
        return access.known_questions(self.snapshot.asked, self.documents(principal))

    def document(self, document_id: str, principal: Principal) -> Document:
        return access.read_one(self.snapshot.documents, document_id, principal, self.policy)

    def source(self, document_id: str, principal: Principal) -> bytes:
        """The bytes that were ingested, checked against the version in their name."""
        return self._blobs.get(self.document(document_id, principal).version)


class Library:
    """Thread-safe. A publication is noticed by the next question; while one thread opens the new snapshot, the others go on
    with the old one, whole."""

    def __init__(
        self, data: Path, catalogue: Catalogue, embedder: Embedder, device: str, *, only: View | None = None
    ) -> None:
        """``only``: this view, whatever is served."""
        self._only = only
        self._data = data
        self._catalogue = catalogue
        self._embedder = embedder
        self._device = device
        self._blobs = Blobs(data)
        self._lock = threading.Lock()
        self._open: OpenSnapshot | None = None

    def showing(self, view: View) -> Library:
        """The same doors onto another snapshot than the served one, under the policy that would hold with it."""
        return Library(self._data, self._catalogue, self._embedder, self._device, only=view)

    def current(self) -> OpenSnapshot:
        if self._only is not None:
            return self._only.snapshot
        wanted = snapshots.current_id(self._data)
        if wanted is None:
            raise Unavailable("No knowledge has been published yet; run `muniment ingest`.")
        held = self._open
        if held is not None:
            if held.id == wanted:
                return held
            if not self._lock.acquire(blocking=False):
                return held  # another thread is opening the new one
            self._lock.release()
        with self._lock:
            if self._open is None or self._open.id != wanted:
                self._open = OpenSnapshot.open(snapshots.folder_of(self._data, wanted), self._embedder, self._device)
            return self._open

    @property
    def snapshot_id(self) -> str:
        return self.current().id

    def policy(self) -> Policy:
        return self._only.policy if self._only is not None else self._catalogue.policy()

    def view(self) -> View:
        """The served snapshot under the policy in force now."""
        return View(self.current(), self.policy(), self._blobs)

    def collections(self, principal: Principal) -> dict[str, KnownCollection]:
        """By id, those with a document that the principal may see, as they were last ingested: title, owner, review date."""
        seen = {document.collection for document in self.documents(principal)}
        return {known.id: known for known in known_collections(self._catalogue) if known.id in seen}

    def documents(self, principal: Principal, as_of: date | None = None) -> tuple[Document, ...]:
        """What the principal may see, by title and date; ``as_of`` keeps what is in force on that day."""
        return self.view().documents(principal, as_of)

    def questions(self, principal: Principal) -> tuple[str, ...]:
        """Known questions of what the principal may see."""
        return self.view().questions(principal)

    def document(self, document_id: str, principal: Principal) -> Document:
        return self.view().document(document_id, principal)

    def source(self, document_id: str, principal: Principal) -> bytes:
        """The bytes that were ingested, checked against the version in their name."""
        return self.view().source(document_id, principal)
