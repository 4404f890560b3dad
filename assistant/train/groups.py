"""Training groups for a reranker: a question, a passage that answers it, and near ones that don't.

Sources: a BEIR folder's questions that may be trained on, cited answers (JSON Lines with ``question`` and
its gold ``passages``), and a collection's own ``training.jsonl`` (question, document, section). Negatives are mined with
BM25 and the untuned encoder; the nearest few ranks of a large rulebook are skipped, since a near neighbour is often a second
right answer.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.evidence.sayable import sayable
from assistant.knowledge.lexical import Bm25Searcher
from assistant.knowledge.library import OpenSnapshot
from assistant.knowledge.sections import in_section
from assistant.protocols import Embedder
from assistant.retrieve import index_text
from assistant.types import Passage

Scores = Callable[[str, Sequence[str]], Sequence[float] | NDArray[np.float32]]
"""``scores(question, texts)``: one for each, as `Reranker.scores`."""
Skip = Callable[[int, int], bool]
"""``skip(gold row, other row)``: True where the other may be right too."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """``positive``: "" where nothing answers, so that all that is near must score low."""

    query: str
    positive: str
    negatives: tuple[str, ...]


def read_lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as stream:
        yield from (json.loads(line) for line in stream if line.strip())


def from_beir(
    folder: Path,
    queries: Sequence[tuple[str, Sequence[str]]],
    embedder: Embedder | None,
    *,
    negatives: int,
    rng: random.Random,
) -> list[Group]:
    """``queries``: a question and the ids of its gold passages. Negatives from ranks 6–40."""
    corpus = [
        (row["_id"], f"{row.get('title', '')} {row['text']}".strip()) for row in read_lines(folder / "corpus.jsonl")
    ]
    rows = {key: n for n, (key, _) in enumerate(corpus)}
    known = [(text, {rows[key] for key in gold if key in rows}) for text, gold in queries]
    return mine(
        [(text, gold) for text, gold in known if gold],
        [text for _, text in corpus],
        embedder,
        first=6,
        last=40,
        negatives=negatives,
        rng=rng,
    )


def from_cited(
    items: Sequence[Mapping[str, Any]], embedder: Embedder | None, *, negatives: int, rng: random.Random
) -> list[Group]:
    """Both gold passages of a question, each a group of its own; negatives from ranks 3–30 of the items' passages."""
    texts = list(dict.fromkeys(p["text"] for item in items for p in item["passages"]))
    rows = {text: n for n, text in enumerate(texts)}
    queries = [(item["question"], {rows[p["text"]] for p in item["passages"]}) for item in items]
    return mine(queries, texts, embedder, first=3, last=30, negatives=negatives, rng=rng)


def from_collection(
    items: Sequence[Mapping[str, Any]],
    snapshot: OpenSnapshot,
    embedder: Embedder,
    *,
    negatives: int,
    rng: random.Random,
    sentences: bool,
) -> list[Group]:
    """Passages against passages (ranks 1–20, never the same section of another version); with ``sentences``, where the
    answering one is quoted, also that against the others of its passage: the reranker chooses both. An item whose ``section``
    is "" is answered nowhere; ``near`` is the section that comes nearest."""
    texts = [index_text(snapshot.documents[p.document_id].title, p) for p in snapshot.passages]
    places = [(snapshot.documents[p.document_id], p.where) for p in snapshot.passages]
    queries, said = [], []
    for item in items:
        hits = answering(item, item["section"], snapshot)
        if hits or not item["section"]:
            queries.append((item["question"], set(hits)))
            rows = hits or answering(item, item["near"], snapshot)
            said += _sentence_group(item, snapshot, rows, negatives) if sentences else []

    def same_rule(gold: int, other: int) -> bool:
        (one, here), (two, there) = places[gold], places[other]
        return one.key == two.key and (one.id != two.id or here == there)

    return [*mine(queries, texts, embedder, first=1, last=20, negatives=negatives, rng=rng, skip=same_rule), *said]


def answering(item: Mapping[str, Any], numbered: str, snapshot: OpenSnapshot) -> list[int]:
    """Rows of the passages in the item's section, in order, of every version of its document; none where ``numbered`` is ""."""
    return [
        row
        for row, passage in enumerate(snapshot.passages)
        if in_section(passage.where, numbered) and snapshot.document_of(row).uri.endswith(f"/{item['document']}")
    ]


def quoted(quote: str, passage: Passage, title: str) -> str:
    """The sentence of ``passage``, as it would be said, in which ``quote`` stands; "" where none."""
    wanted = " ".join(quote.split())
    cells = [cell.strip() for cell in wanted.split("|")]
    said = sayable(passage, title) if wanted else []
    return next((text for text in said if all(cell in text for cell in cells) or text in wanted), "")


def _sentence_group(
    item: Mapping[str, Any], snapshot: OpenSnapshot, rows: Sequence[int], negatives: int
) -> list[Group]:
    """The quoted sentence of its passage, and its neighbours; none where the quote is not found or has no neighbours. Where
    nothing answers, the sentences of the first of the ``rows`` alone."""
    for row in rows:
        passage, title = snapshot.passages[row], snapshot.document_of(row).title
        right = quoted(item.get("quote", ""), passage, title)
        wrong = [f"{title} › {passage.where}\n{text}" for text in sayable(passage, title) if text != right][:negatives]
        if wrong and (right or not item["section"]):
            positive = f"{title} › {passage.where}\n{right}" if right else ""
            return [Group(query=item["question"], positive=positive, negatives=tuple(wrong))]
    return []


def _nearest(texts: Sequence[str], queries: Sequence[str], embedder: Embedder, last: int) -> list[list[int]]:
    vectors = embedder.embed(texts)
    return [[int(row) for row in np.argsort(-(vectors @ asked))[:last]] for asked in embedder.embed(queries)]


def mine(
    queries: Sequence[tuple[str, set[int]]],
    texts: Sequence[str],
    embedder: Embedder | None,
    *,
    first: int,
    last: int,
    negatives: int,
    rng: random.Random,
    skip: Skip | None = None,
) -> list[Group]:
    """One group a gold passage, one without a positive where there is none. Ranks count from 1 in the list where BM25 and the
    encoder, if one is given, take turns."""
    if not negatives:
        return [
            Group(query=query, positive=texts[row], negatives=()) for query, gold in queries for row in sorted(gold)
        ]
    lexical = Bm25Searcher.build(texts)
    by_meaning = _nearest(texts, [query for query, _ in queries], embedder, last) if embedder else [[]] * len(queries)
    everything = np.ones(len(texts), dtype=np.bool_)
    groups = []
    for (query, gold), near in zip(queries, by_meaning, strict=True):
        (found,) = lexical.search([query], last, everything)
        by_words = [one.row for one in found]
        turns = dict.fromkeys(row for pair in zip_longest(near, by_words) for row in pair if row is not None)
        pool = [row for row in list(turns)[first - 1 :] if row not in gold]
        for row in sorted(gold):
            allowed = [other for other in pool if skip is None or not skip(row, other)]
            groups.append(Group(query=query, positive=texts[row], negatives=_some(allowed, texts, negatives, rng)))
        if not gold:
            groups.append(Group(query=query, positive="", negatives=_some(pool, texts, negatives, rng)))
    return groups


def hardest(groups: Sequence[Group], scores: Scores, most: int) -> list[Group]:
    """Of each group's negatives the ``most`` that are scored highest: what a model takes for an answer learns it best from."""
    kept = []
    for group in groups:
        told = scores(group.query, group.negatives) if group.negatives else ()
        order = sorted(range(len(group.negatives)), key=lambda n: -told[n])[:most]
        kept.append(replace(group, negatives=tuple(group.negatives[n] for n in order)))
    return kept


def _some(rows: Sequence[int], texts: Sequence[str], most: int, rng: random.Random) -> tuple[str, ...]:
    return tuple(texts[row] for row in rng.sample(rows, min(most, len(rows))))
