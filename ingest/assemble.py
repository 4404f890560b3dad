"""A snapshot's folder: passages, vectors of what is new, both indexes and the contents, complete before it has its name."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from assistant.config import Split
from assistant.errors import InputError
from assistant.files import sync
from assistant.knowledge import checked, dense, references
from assistant.knowledge import snapshot as snapshots
from assistant.knowledge.catalogue import Catalogue
from assistant.knowledge.lexical import Bm25Searcher
from assistant.protocols import Embedder, Vectors
from assistant.retrieve import index_text
from assistant.types import Document, Passage
from ingest.split import split

EMBED_BATCH = 64
Counted = Callable[[str, int, int], None]
"""Told of a stage: its name, how much is done, of how much."""


def passages_of(
    documents: Sequence[Document],
    embedder: Embedder,
    section: Split,
    counted: Counted,
    known: Mapping[str, Sequence[Passage]] = MappingProxyType({}),
) -> list[Passage]:
    """In the documents' order. ``known``: by id, of documents that need not be cut again. `InputError` where there is no text at
    all."""
    passages: list[Passage] = []
    for count, document in enumerate(documents, start=1):
        passages += known.get(document.id) or split(
            document.text,
            document.landmarks,
            document_id=document.id,
            title=document.title,
            count_tokens=embedder.count_tokens,
            section=section,
        )
        counted("split", count, len(documents))
    if not passages:
        raise InputError("The documents hold no text to answer from; nothing was published.")
    return passages


def texts_of(documents: Sequence[Document], passages: Sequence[Passage]) -> list[str]:
    """What is embedded and indexed, a text a passage."""
    titles = {d.id: d.title for d in documents}
    return [index_text(titles[p.document_id], p) for p in passages]


def hash_of(text: str) -> str:
    """Under which a text's vector is cached."""
    return hashlib.sha256(text.encode()).hexdigest()


def vectors_of(texts: Sequence[str], embedder: Embedder, catalogue: Catalogue, counted: Counted) -> tuple[Vectors, int]:
    """Shape (texts, dim), and how many had to be embedded. Each batch is cached before the next begins: a kill costs one."""
    hashes = [hash_of(text) for text in texts]
    cached = catalogue.cached_vectors(embedder.identity, hashes)
    new = list({h: t for h, t in zip(hashes, texts, strict=True) if h not in cached}.items())
    new.sort(key=lambda pair: len(pair[1]))
    for start in range(0, len(new), EMBED_BATCH):
        part = new[start : start + EMBED_BATCH]
        vectors = embedder.embed([text for _, text in part])
        catalogue.cache_vectors(embedder.identity, [h for h, _ in part], vectors)
        cached.update((h, v.astype(np.float16).astype(np.float32)) for (h, _), v in zip(part, vectors, strict=True))
        counted("embed", start + len(part), len(new))
    return np.stack([cached[h] for h in hashes]), len(new)


def write_snapshot(
    folder: Path,
    *,
    snapshot: str,
    inputs: Mapping[str, Any],
    documents: Sequence[Document],
    passages: Sequence[Passage],
    vectors: Vectors,
    purged: Sequence[str] = (),
) -> None:
    """Row n of both indexes is the n-th passage. Renamed into place as the last act, over a damaged or unpurged copy of the
    same snapshot; what a crash left half-built is thrown away."""
    building = folder.with_name(f".building-{snapshot}")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    dense.write_index(vectors, building / snapshots.DENSE)
    Bm25Searcher.build(texts_of(documents, passages)).save(building / snapshots.LEXICAL)
    references.link(documents, passages).save(building / snapshots.REFERENCES)
    snapshots.write_contents(building / snapshots.CONTENTS, documents, passages)
    manifest = snapshots.seal(
        building, snapshot=snapshot, inputs=inputs, documents=len(documents), passages=len(passages), purged=purged
    )
    shutil.rmtree(folder, ignore_errors=True)
    building.replace(folder)
    sync(folder.parent)
    checked.remember(folder, checked.marks(folder, (snapshots.MANIFEST, *manifest.files)))
