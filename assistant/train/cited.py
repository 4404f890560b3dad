"""Training examples for the generator: a question, numbered passages, and the sentences of them that answer it, or none.

Three sources, one form. Cited answers (JSON Lines with ``question``, ``answer`` and its two gold ``passages``): the answers
there cite badly and paraphrase, so what is learnt is not their text: of each gold passage the sentence nearest to the answer
is taken, word for word. A BEIR folder: one gold passage, or none. A collection's ``training.jsonl``: the quoted sentence of
its section, among what retrieval finds. Distractors are what BM25 finds for the question. Where no gold passage is given,
the model learns to say that nothing answers. `as_served` keeps of each example what the generator reads where the reranker
chooses the passages (``docs/decisions/006``).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from assistant.config import Config
from assistant.evidence.prompt import Block, block
from assistant.evidence.sayable import sayable
from assistant.evidence.sentences import within
from assistant.knowledge.lexical import Bm25Searcher, terms
from assistant.knowledge.library import OpenSnapshot
from assistant.protocols import Reranker
from assistant.retrieve import retrieve
from assistant.train.groups import answering, quoted
from assistant.types import Passage

GIVEN = 5
"""Passages of an example from a rulebook, as in the citing protocol."""
WORDS = 80
"""A passage is read up to the end of the sentence in which this many words are reached; the model need not read more."""
SHORT = 40
"""Letters: so much more than the sentence its passage must hold, or there is nothing to choose."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """``blocks`` by marker; ``said``: (marker, sentence) pairs in the order of the passages, empty where nothing answers."""

    question: str
    blocks: Mapping[int, Block]
    said: tuple[tuple[int, str], ...]
    source: str


def from_cited(
    items: Sequence[Mapping[str, Any]], pool: Sequence[str], source: str, rng: random.Random
) -> list[Example]:
    """Both gold passages of each item; of every third item only one, so that half an answer is learnt too."""
    lexical, everything = Bm25Searcher.build(pool), np.ones(len(pool), dtype=np.bool_)
    examples = []
    for n, item in enumerate(items):
        gold = list(dict.fromkeys(p["text"].strip() for p in item["passages"]))
        kept = [rng.choice(gold)] if n % 3 == 2 else gold
        near = _near(lexical, pool, item["question"], gold, everything)
        wanted = {text: nearest(text, f"{item['answer']} {item['question']}") for text in kept}
        examples.append(_shuffled(item["question"], wanted, near, source, rng))
    return examples


def from_rulebook(
    queries: Sequence[tuple[str, set[int]]], pool: Sequence[str], source: str, rng: random.Random
) -> list[Example]:
    """``queries``: question and the rows of ``pool`` that answer it. Every third has its gold passages left out."""
    lexical, everything = Bm25Searcher.build(pool), np.ones(len(pool), dtype=np.bool_)
    examples = []
    for n, (question, rows) in enumerate(queries):
        gold = [pool[row].strip() for row in sorted(rows)]
        near = _near(lexical, pool, question, gold, everything)
        wanted = {} if n % 3 == 2 else {text: nearest(text, question) for text in gold[:2]}
        examples.append(_shuffled(question, wanted, near, source, rng))
    return examples


def from_collection(
    items: Sequence[Mapping[str, Any]], snapshot: OpenSnapshot, reranker: Reranker, config: Config, rng: random.Random
) -> list[Example]:
    """What retrieval finds for each question, in its order, the quoted sentence to be said; items whose quote is not among
    what was found, and one in five of the others, lose every passage of the answering section. Of these at most one stands
    for three of the others."""
    everything = np.ones(len(snapshot.passages), dtype=np.bool_)
    examples = []
    for item in items:
        rows = answering(item, item["section"], snapshot)
        (hits,) = retrieve(snapshot, [item["question"]], everything, config.retrieve, reranker)
        gold = {snapshot.passages[row].id: snapshot.document_of(row).title for row in rows}
        wheres = {snapshot.passages[row].where for row in rows}
        wanted = {
            p: quoted(item["quote"], snapshot.passages[row], gold[p])
            for row in rows
            if (p := snapshot.passages[row].id)
        }
        wanted = {p: text for p, text in wanted.items() if text}
        given = hits[: config.prompt.passages]
        if not any(hit.passage.id in wanted for hit in given) or rng.random() < 0.2:
            given = [h for h in hits if h.passage.id not in gold and h.passage.where not in wheres][
                : config.prompt.passages
            ]
        elif rng.random() < 0.4:
            rng.shuffle(given)
        told = [(m, wanted[h.passage.id]) for m, h in enumerate(given, start=1) if h.passage.id in wanted]
        said = tuple(told[:1])  # one version of a rule is enough
        examples.append(
            Example(
                question=item["question"],
                blocks={m: block(hit, config.prompt.words) for m, hit in enumerate(given, start=1)},
                said=said,
                source="collection",
            )
        )
    answered, unanswered = [e for e in examples if e.said], [e for e in examples if not e.said]
    return [*answered, *unanswered[: len(answered) // 3]]


def as_served(examples: Sequence[Example]) -> list[Example]:
    """Only the passages that answer, under the numbers that they have among the sources; left out is what asks for no choice:
    where nothing answers, where the sentence stands beyond what is read, and where its passage has no other."""
    served = []
    for one in examples:
        blocks = {marker: one.blocks[marker] for marker, _ in one.said}
        bodies = {marker: " ".join(body.split()) for marker, (_, body) in blocks.items()}
        read = all(" ".join(text.split()) in bodies[marker] for marker, text in one.said)
        if read and any(len(bodies[marker]) > len(text) + SHORT for marker, text in one.said):
            served.append(replace(one, blocks=blocks))
    return served


def _near(lexical: Bm25Searcher, pool: Sequence[str], question: str, gold: Sequence[str], everything: Any) -> list[str]:
    """The nearest passages that are not gold, nor nearly the same as a gold one, nor a bare heading."""
    (found,) = lexical.search([question], 30, everything)
    held = [set(terms(text)) for text in gold]
    near = []
    for one in found:
        text = pool[one.row].strip()
        own = set(terms(text))
        alike = any(len(own & g) > 0.7 * min(len(own), len(g)) for g in held if g)
        if len(own) >= 6 and not alike and text not in near:
            near.append(text)
    return near


def _shuffled(
    question: str, wanted: Mapping[str, str], near: Sequence[str], source: str, rng: random.Random
) -> Example:
    texts = [*wanted, *near[: GIVEN - len(wanted)]]
    rng.shuffle(texts)
    said = tuple((marker, wanted[text]) for marker, text in enumerate(texts, start=1) if text in wanted)
    blocks = {marker: ("", within(text, WORDS)) for marker, text in enumerate(texts, start=1)}
    return Example(question=question, blocks=blocks, said=said, source=source)


def nearest(passage: str, answer: str) -> str:
    """The sentence of what is read of ``passage`` that shares most with ``answer`` (F1 over terms)."""
    wanted = set(terms(answer))

    def shared(text: str) -> float:
        own = set(terms(text))
        both = len(own & wanted)
        return 2 * both / (len(own) + len(wanted)) if both else 0.0

    units = sayable(Passage(id="", document_id="", start=0, end=len(passage), text=passage, where=""), "", WORDS)
    return max(units, key=shared) if units else ""
