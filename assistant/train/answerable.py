"""Trains the gate's adapter on the generator (`assistant.train.lora`): does this passage answer this question?

What must be told apart is the right passage from its neighbour that speaks of the same matter and says something else. So each
question that the collection answers is asked of its passage and of the nearest others, as if its own were not there, and each
that nothing answers of the passages that come nearest. All questions about one passage are read in one pass: the passage once,
then each question, which sees the passage and itself (a quarter of the tokens).
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from assistant.config import Config
from assistant.errors import InputError
from assistant.evidence import prompt
from assistant.evidence.prompt import NO, YES, Block
from assistant.evidence.sentences import within
from assistant.knowledge.lexical import Bm25Searcher
from assistant.knowledge.library import OpenSnapshot
from assistant.models.device import prepare
from assistant.models.tokens import ChatTokens
from assistant.protocols import Reranker
from assistant.retrieve import retrieve
from assistant.train import lora
from assistant.train.groups import Scores, answering, quoted
from assistant.train.lora import Recipe, Tell
from assistant.types import Hit

_NEAR = 5
"""Candidates that the reranker orders for each question."""
_FAR = (1, 12)
"""Ranks among a rulebook's gold passages from which others are drawn: a tenth of its passages, so about the ranks 10 to 70 of the
citing protocol."""
_TOGETHER = 14
"""Questions of one pass at most."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A passage as the gate reads it, and questions with whether it answers them."""

    block: Block
    questions: tuple[tuple[str, bool], ...]


def from_collection(
    items: Sequence[Mapping[str, Any]],
    snapshot: OpenSnapshot,
    config: Config,
    reranker: Reranker,
    rng: random.Random,
    *,
    others: int = 1,
) -> list[Asked]:
    """``items`` as `assistant.train.groups.from_collection`'s; each that is answered is asked of so many ``others``, too."""
    about: dict[int, set[tuple[str, bool]]] = defaultdict(set)
    for item in items:
        question, gold = item["question"], answering(item, item["section"], snapshot)
        if item["section"] and not gold:
            continue
        nearest = _nearest_others(question, gold, snapshot, config, reranker)[:others]
        if gold:
            title = snapshot.document_of(gold[0]).title
            quoting = [row for row in gold if quoted(item.get("quote", ""), snapshot.passages[row], title)]
            about[rng.choice(quoting or gold)].add((question, True))
            for row in nearest:
                about[row].add((question, False))
            continue
        near = answering(item, item["near"], snapshot)
        if near:
            about[rng.choice(near[:2])].add((question, False))
        if nearest[0] not in near and rng.random() < 0.5:
            about[nearest[0]].add((question, False))
    return [one for row, questions in about.items() for one in _parts(_block(row, snapshot, config), questions, rng)]


def from_rulebook(
    questions: Sequence[tuple[str, Sequence[str]]], words: int, scores: Scores, rng: random.Random, *, others: int = 1
) -> list[Asked]:
    """``questions`` with the texts of their gold passages, of one rulebook. Each is asked of one of them and of ``others`` that
    are gold for other questions: of some that BM25 finds for it, those with the highest ``scores``. ``words`` of a passage are
    read. Passages are given by themselves there, as in `eval.contexts.Given`, so a block has no name."""
    texts = list(dict.fromkeys(text for _, gold in questions for text in gold))
    lexical, everything = Bm25Searcher.build(texts), np.ones(len(texts), dtype=np.bool_)
    about: dict[str, set[tuple[str, bool]]] = defaultdict(set)
    for question, gold in questions:
        about[rng.choice(gold)].add((question, True))
        (found,) = lexical.search([question], _FAR[1], everything)
        far = [texts[one.row] for one in found[_FAR[0] :] if texts[one.row] not in gold]
        near = rng.sample(far, min(len(far), _NEAR))
        told = scores(question, near) if near else ()
        for place in sorted(range(len(near)), key=lambda n: -told[n])[:others]:
            about[near[place]].add((question, False))
    return [
        one
        for text, asked in about.items()
        for one in _parts(("", within(text, words)), {(q, a) for q, a in asked if a or (q, True) not in asked}, rng)
    ]


def _nearest_others(
    question: str, gold: Sequence[int], snapshot: OpenSnapshot, config: Config, reranker: Reranker
) -> list[int]:
    """Rows of the passages that would be found first if those of the ``gold`` places, in every version, were not there."""
    section = config.retrieve.model_copy(update={"rerank_candidates": _NEAR, "follow": 0, "hits": _NEAR})
    places = [(snapshot.document_of(row).key, passage.where) for row, passage in enumerate(snapshot.passages)]
    hidden = {places[row] for row in gold}
    allowed = np.array([place not in hidden for place in places], dtype=np.bool_)
    (hits,) = retrieve(snapshot, [question], allowed, section, reranker)
    rows = {id(passage): row for row, passage in enumerate(snapshot.passages)}
    return [rows[id(hit.passage)] for hit in hits]


def _block(row: int, snapshot: OpenSnapshot, config: Config) -> Block:
    hit = Hit(passage=snapshot.passages[row], document=snapshot.document_of(row), score=0.0, rank=1, found_by={})
    return prompt.block(hit, config.prompt.words)


def _parts(block: Block, questions: set[tuple[str, bool]], rng: random.Random) -> list[Asked]:
    order = sorted(questions)
    rng.shuffle(order)
    parts = math.ceil(len(order) / _TOGETHER)
    return [Asked(block=block, questions=tuple(order[n::parts])) for n in range(parts)]


def train(
    asked: Sequence[Asked],
    base: Path,
    identity: str,
    out: Path,
    *,
    recipe: Recipe,
    card: dict[str, Any],
    start: Path | None = None,
    every: int = 10,
    tell: Tell = print,
) -> None:
    """As `assistant.train.lora.fit`, an example being a passage with its questions; both answers count the same in the loss.
    ``start``: an adapter to go on from. Raises `InputError` where the examples don't fill one batch or all have one answer."""
    prepare()
    torch.manual_seed(recipe.seed)
    tokens = ChatTokens(base)
    rows = [row for one in asked if (row := _row(one, tokens)).length <= recipe.longest]
    yes = sum(sum(row.answers) for row in rows)
    no = sum(len(row.answers) for row in rows) - yes
    tell(f"{len(rows)} of {len(asked)} passages are short enough; {yes} questions with an answer, {no} without")
    if len(rows) < recipe.batch or not yes or not no:
        raise InputError("There are too few questions, or all have the same answer; give more.")
    backward = partial(_backward, words=(tokens.plain(YES)[0], tokens.plain(NO)[0]), weight=no / yes)
    model = lora.with_lora(base, recipe, start)
    lora.fit(model, rows, backward, identity, out, recipe=recipe, card=card, every=every, tell=tell)


@dataclass(frozen=True)
class _Row:
    head: list[int]
    """What all questions about the passage begin with."""
    rests: list[list[int]]
    answers: list[bool]

    @property
    def length(self) -> int:
        return len(self.head) + sum(map(len, self.rests))


def _row(asked: Asked, tokens: ChatTokens) -> _Row:
    """The prompts as they are served. The head ends where the first differ, so that none of the rests is empty."""
    whole = [tokens.chat(prompt.answerable(question, asked.block), True) for question, _ in asked.questions]
    empty = tokens.chat(prompt.answerable("", asked.block), True)
    shared = min(_same(one, empty) for one in whole)
    return _Row(whole[0][:shared], [one[shared:] for one in whole], [answer for _, answer in asked.questions])


def _same(one: Sequence[int], other: Sequence[int]) -> int:
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def log_odds(model: Any, row: _Row, words: tuple[int, int]) -> torch.Tensor:
    """Natural-log odds of the first of the ``words`` (tokens) against the second after each question; shape (questions,)."""
    ids, places, owner, last = list(row.head), list(range(len(row.head))), [-1] * len(row.head), []
    for number, rest in enumerate(row.rests):
        ids += rest
        places += range(len(row.head), len(row.head) + len(rest))
        owner += [number] * len(rest)
        last.append(len(ids) - 1)
    whose = torch.tensor(owner)
    seen = ((whose[None] == -1) | (whose[None] == whose[:, None])) & torch.ones(len(ids), len(ids)).tril().bool()
    mask = torch.zeros(len(ids), len(ids)).masked_fill(~seen, torch.finfo(torch.float32).min)
    inner = model.get_base_model()
    states = inner.model(
        input_ids=torch.tensor([ids]),
        position_ids=torch.tensor([places]),
        attention_mask=mask[None, None],
        use_cache=False,
    ).last_hidden_state[0, last]
    first, second = inner.lm_head.weight[list(words)]
    odds: torch.Tensor = states @ (first - second)
    return odds


def _backward(model: Any, row: _Row, of: int, *, words: tuple[int, int], weight: float) -> float:
    """``weight`` of a question with an answer beside one without."""
    answers = torch.tensor([float(answer) for answer in row.answers])
    losses = functional.binary_cross_entropy_with_logits(
        log_odds(model, row, words), answers, pos_weight=torch.tensor(weight)
    )
    loss = losses / of
    loss.backward()
    return float(loss.detach())
