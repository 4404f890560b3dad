"""A BEIR folder as knowledge: its corpus in memory, searched by the searchers and in the very way that answers use.

    corpus.jsonl    {"_id", "title", "text", "metadata": {"document_id"}}; title and metadata may be missing
    queries.jsonl   {"_id", "text"}
    qrels/S.tsv     query-id, corpus-id, score

A passage's index text is its title, a blank and its text. One that the encoder can't read whole is indexed in several rows;
`parent_of` says of which passage a row is a part. Vectors are kept under ``data/eval`` by text hash, so a second run embeds
nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.config import Config
from assistant.errors import InputError
from assistant.knowledge import dense
from assistant.knowledge.catalogue import Catalogue
from assistant.knowledge.dense import DenseSearcher, GpuDense
from assistant.knowledge.lexical import Bm25Searcher
from assistant.knowledge.references import References, link
from assistant.protocols import Embedder, Vectors
from assistant.retrieve import index_text
from assistant.types import Document, Passage, Progress
from ingest.prose import cut_prose

EMBED_BATCH = 256
_READER = "beir/1"
Tell = Callable[[Progress], None]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One passage of a corpus; ``document`` groups passages, "" where the corpus does not say."""

    id: str
    title: str
    text: str
    document: str


class BeirSnapshot:
    """What `retrieve` searches. ``passages[row]`` is row ``row`` of both searchers."""

    def __init__(
        self,
        documents: Sequence[Document],
        passages: Sequence[Passage],
        parents: Sequence[str],
        dense_searcher: DenseSearcher | GpuDense,
        lexical_searcher: Bm25Searcher,
        references: References,
    ) -> None:
        self.documents = {document.id: document for document in documents}
        self.passages = tuple(passages)
        self._parents = {passage.id: parent for passage, parent in zip(passages, parents, strict=True)}
        self.dense = dense_searcher
        self.lexical = lexical_searcher
        self.references = references

    def document_of(self, row: int) -> Document:
        return self.documents[self.passages[row].document_id]

    def parent_of(self, passage: Passage) -> str:
        """The id in the corpus of which the passage is the whole or a part."""
        return self._parents[passage.id]


def read_corpus(folder: Path) -> list[Entry]:
    """`InputError` names the file and the line; an id that stands twice is refused."""
    file, entries, seen = folder / "corpus.jsonl", [], set()
    for number, row in _rows(file):
        try:
            entry = Entry(
                id=str(row["_id"]),
                title=str(row.get("title") or "").strip(),
                text=str(row["text"]),
                document=str((row.get("metadata") or {}).get("document_id", "")),
            )
        except (KeyError, AttributeError) as error:
            raise InputError(f"{file}:{number} is not a passage with _id and text.") from error
        if entry.id in seen:
            raise InputError(f"{file}:{number}: the id {entry.id} stands twice.")
        seen.add(entry.id)
        entries.append(entry)
    if not entries:
        raise InputError(f"{file} holds no passage.")
    return entries


def read_queries(folder: Path) -> dict[str, str]:
    """Text by query id."""
    file = folder / "queries.jsonl"
    try:
        return {str(row["_id"]): str(row["text"]) for _, row in _rows(file)}
    except (KeyError, TypeError) as error:
        raise InputError(f"{file} holds a line without _id or text.") from error


def read_cited(file: Path, kind: str | None = None) -> tuple[dict[str, str], dict[str, dict[str, int]]]:
    """Questions by id and their gold passages, from cited answers: ``id``, ``question``, ``passages`` with their ``_id``, and
    where not all of these are gold the ids in ``gold``. ``kind``: only such questions."""
    texts: dict[str, str] = {}
    gold: dict[str, dict[str, int]] = {}
    for number, row in _rows(file):
        try:
            ids = row["gold"] if "gold" in row else [passage["_id"] for passage in row["passages"]]
            if ids and kind in (None, row.get("kind")):
                texts[str(row["id"])] = str(row["question"])
                gold[str(row["id"])] = dict.fromkeys(map(str, ids), 1)
        except (KeyError, TypeError) as error:
            raise InputError(f"{file}:{number} is not a cited answer (id, question, passages or gold).") from error
    return texts, gold


def build_snapshot(
    entries: Sequence[Entry], embedder: Embedder, device: str, catalogue: Catalogue, limit: int, tell: Tell
) -> BeirSnapshot:
    """``limit``: the longest row in the encoder's tokens, title included."""
    documents, passages, parents = _laid_out(entries, embedder, limit)
    titles = {document.id: document.title for document in documents}
    texts = [index_text(titles[passage.document_id], passage) for passage in passages]
    vectors = embed_cached(texts, embedder, catalogue, tell)
    tell(Progress(stage="index", done=0, total=len(texts)))
    searcher, _ = dense.open_searcher(dense.build_index(vectors), embedder, device)
    linked = link(documents, passages)
    return BeirSnapshot(documents, passages, parents, searcher, Bm25Searcher.build(texts), linked)


def embed_cached(texts: Sequence[str], embedder: Embedder, catalogue: Catalogue, tell: Tell) -> Vectors:
    """Shape (texts, dim), unit rows as the index keeps them (fp16). Each batch is kept before the next begins."""
    hashes = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    known = catalogue.cached_vectors(embedder.identity, hashes)
    new = sorted({h: t for h, t in zip(hashes, texts, strict=True) if h not in known}.items(), key=lambda p: len(p[1]))
    for start in range(0, len(new), EMBED_BATCH):
        part = new[start : start + EMBED_BATCH]
        vectors = embedder.embed([text for _, text in part])
        catalogue.cache_vectors(embedder.identity, [h for h, _ in part], vectors)
        known.update((h, v.astype(np.float16).astype(np.float32)) for (h, _), v in zip(part, vectors, strict=True))
        tell(Progress(stage="embed", done=min(start + EMBED_BATCH, len(new)), total=len(new)))
    return np.stack([known[h] for h in hashes])


def vector_cache(config: Config) -> Catalogue:
    """The vectors of evaluations, apart from those of the served knowledge."""
    return Catalogue.open(config.data / "eval")


def _laid_out(
    entries: Sequence[Entry], embedder: Embedder, limit: int
) -> tuple[list[Document], list[Passage], list[str]]:
    """Entries of one document joined to its canonical text, in the order of the corpus; long ones in several passages."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.document, []).append(entry)
    documents: list[Document] = []
    passages: list[Passage] = []
    parents: list[str] = []
    for name, members in groups.items():
        identity = hashlib.sha256(f"{_READER}\n{name}".encode()).hexdigest()[:16]
        position = 0
        for entry in members:
            room = max(limit - embedder.count_tokens(entry.title), 16) if len(entry.text) > limit // 2 else limit
            for start, end in _parts(entry.text, embedder, room):
                passages.append(
                    Passage(
                        id=f"{entry.id}#{start}",
                        document_id=identity,
                        start=position + start,
                        end=position + end,
                        text=entry.text[start:end],
                        where=entry.title,
                    )
                )
                parents.append(entry.id)
            position += len(entry.text) + 2
        text = "\n\n".join(entry.text for entry in members)
        documents.append(_document(identity, name, text))
    return documents, passages, parents


def _parts(text: str, embedder: Embedder, room: int) -> Iterator[tuple[int, int]]:
    """A text of no more characters than ``room`` can't have more tokens; an empty one is still a row."""
    if len(text) <= room or not text.strip():
        yield 0, len(text)
    else:
        yield from cut_prose(text, 0, len(text), embedder.count_tokens, room)


def _document(identity: str, name: str, text: str) -> Document:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Document(
        id=identity,
        key=name,
        version=digest,
        uri=name,
        title="",
        text=text,
        text_sha256=digest,
        landmarks=(),
        collection="beir",
        reader=_READER,
    )


def _rows(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """JSON objects with their line numbers."""
    try:
        with file.open(encoding="utf-8") as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    yield number, json.loads(line)
    except OSError as error:
        raise InputError(f"{file} can't be read ({error.strerror}); --dataset names a BEIR folder.") from error
    except ValueError as error:
        raise InputError(f"{file} is not JSON Lines in UTF-8 ({error}).") from error
