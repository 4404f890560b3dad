"""Training groups for a reranker: a question, a passage that answers it, and near ones that don't.

Sources: a BEIR folder (`corpus.jsonl`, `queries.jsonl`, `qrels/<split>.tsv`), cited answers (JSON Lines with ``question`` and
its gold ``passages``), and a collection's own ``training.jsonl`` (question, document, section). Negatives are mined with
BM25 and the untuned encoder; the nearest few ranks of a large rulebook are skipped, since a near neighbour is often a second
right answer.
"""

from __future__ import annotations

import csv
import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.evidence.quote import sayable
from assistant.knowledge.lexical import Bm25Searcher
from assistant.knowledge.library import OpenSnapshot
from assistant.protocols import Embedder
from assistant.retrieve import index_text

Skip = Callable[[int, int], bool]
"""``skip(gold row, other row)``: True where the other may be right too."""


@dataclass(frozen=True, kw_only=True)
class Group:
    query: str
    positive: str
    negatives: tuple[str, ...]


def read_lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as stream:
        yield from (json.loads(line) for line in stream if line.strip())


def from_beir(
    folder: Path, split: str, embedder: Embedder, *, limit: int, negatives: int, rng: random.Random
) -> list[Group]:
    """``limit`` questions at random, their first gold passage, negatives from ranks 6–40."""
    corpus = [
        (row["_id"], f"{row.get('title', '')} {row['text']}".strip()) for row in read_lines(folder / "corpus.jsonl")
    ]
    rows = {key: n for n, (key, _) in enumerate(corpus)}
    gold: dict[str, set[int]] = {}
    with (folder / "qrels" / f"{split}.tsv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream, delimiter="\t"):
            if int(row["score"]) > 0 and row["corpus-id"] in rows:
                gold.setdefault(row["query-id"], set()).add(rows[row["corpus-id"]])
    queries = [(row["text"], gold[row["_id"]]) for row in read_lines(folder / "queries.jsonl") if row["_id"] in gold]
    chosen = rng.sample(queries, min(limit, len(queries)))
    return mine(chosen, [text for _, text in corpus], embedder, first=6, last=40, negatives=negatives, rng=rng)


def from_cited(file: Path, embedder: Embedder, *, limit: int, negatives: int, rng: random.Random) -> list[Group]:
    """Both gold passages of a question, each a group of its own; negatives from ranks 3–30 of the file's passages."""
    items = list(read_lines(file))
    texts = list(dict.fromkeys(p["text"] for item in items for p in item["passages"]))
    rows = {text: n for n, text in enumerate(texts)}
    chosen = rng.sample(items, min(limit, len(items)))
    queries = [(item["question"], {rows[p["text"]] for p in item["passages"]}) for item in chosen]
    return mine(queries, texts, embedder, first=3, last=30, negatives=negatives, rng=rng)


def from_collection(
    file: Path, snapshot: OpenSnapshot, embedder: Embedder, *, negatives: int, rng: random.Random
) -> list[Group]:
    """Passages against passages (ranks 1–20, never the same section of another version), and where the answering sentence is
    quoted, that sentence against the others of its passage: the reranker chooses both."""
    texts = [index_text(snapshot.documents[p.document_id].title, p) for p in snapshot.passages]
    places = [(snapshot.documents[p.document_id], p.where) for p in snapshot.passages]
    queries, sentences = [], []
    for item in read_lines(file):
        section = re.compile(rf"(?:^|› ){re.escape(item['section'])}(?:[. ]|$)")
        hits = {
            n for n, (d, where) in enumerate(places) if d.uri.endswith(f"/{item['document']}") and section.search(where)
        }
        if hits:
            queries.append((item["question"], hits))
            sentences += _sentence_group(item, snapshot, sorted(hits), negatives)

    def same_rule(gold: int, other: int) -> bool:
        (one, here), (two, there) = places[gold], places[other]
        return one.key == two.key and (one.id != two.id or here == there)

    return [*mine(queries, texts, embedder, first=1, last=20, negatives=negatives, rng=rng, skip=same_rule), *sentences]


def _sentence_group(item: dict[str, Any], snapshot: OpenSnapshot, rows: Sequence[int], negatives: int) -> list[Group]:
    """The quoted sentence of its passage, and its neighbours; none where the quote is not found or has no neighbours."""
    wanted = " ".join(item.get("quote", "").split())
    for row in rows:
        passage, title = snapshot.passages[row], snapshot.document_of(row).title
        said = sayable(passage, title)
        cells = [cell.strip() for cell in wanted.split("|")]
        right = [text for text in said if wanted and (all(cell in text for cell in cells) or text in wanted)]
        wrong = [text for text in said if text not in right]
        if right and wrong:
            placed = [f"{title} › {passage.where}\n{text}" for text in (right[0], *wrong[:negatives])]
            return [Group(query=item["question"], positive=placed[0], negatives=tuple(placed[1:]))]
    return []


def mine(
    queries: Sequence[tuple[str, set[int]]],
    texts: Sequence[str],
    embedder: Embedder,
    *,
    first: int,
    last: int,
    negatives: int,
    rng: random.Random,
    skip: Skip | None = None,
) -> list[Group]:
    """One group a gold passage. Ranks count from 1 in the list where BM25 and the encoder take turns."""
    lexical = Bm25Searcher.build(texts)
    vectors = embedder.embed(texts)
    asked = embedder.embed([query for query, _ in queries])
    everything = np.ones(len(texts), dtype=np.bool_)
    groups = []
    for (query, gold), vector in zip(queries, asked, strict=True):
        near = [int(row) for row in np.argsort(-(vectors @ vector))[:last]]
        (found,) = lexical.search([query], last, everything)
        turns = dict.fromkeys(row for pair in zip(near, [f.row for f in found] or near, strict=False) for row in pair)
        pool = [row for row in list(turns)[first - 1 :] if row not in gold]
        for row in sorted(gold):
            allowed = [other for other in pool if skip is None or not skip(row, other)]
            picked = rng.sample(allowed, min(negatives, len(allowed)))
            groups.append(Group(query=query, positive=texts[row], negatives=tuple(texts[n] for n in picked)))
    return groups
