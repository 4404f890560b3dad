"""Encoder and reranker learn what they are shown, from groups that hold no question or passage kept for measuring."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from assistant.config import Device, Encoder
from assistant.errors import InputError
from assistant.models import layers
from assistant.models.device import choose
from assistant.models.encode import SentenceEncoder
from assistant.models.rerank import CrossEncoder
from assistant.train import encoder, reranker
from assistant.train.groups import Group, hardest, mine
from eval.split import held_out_passages, validation_queries
from tests import tiny

PAIRS = (
    ("gift worth more", "the approval of Compliance"),
    ("records kept", "five years after the relationship"),
    ("report suspicion", "to the officer at once"),
)
GROUPS = [
    Group(query=query, positive=right, negatives=tuple(text for _, text in PAIRS if text != right))
    for query, right in PAIRS
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.encoder(tmp_path_factory.mktemp("ranking") / "base")


@given(st.lists(st.text("ab", max_size=8), max_size=6), st.integers(0, 4))
def test_the_hardest_negatives_are_those_scored_highest(texts: list[str], most: int) -> None:
    group = Group(query="q", positive="right", negatives=tuple(texts))
    (kept,) = hardest([group], lambda _, found: [float(len(text)) for text in found], most)
    assert (kept.query, kept.positive) == ("q", "right")
    assert sorted(map(len, kept.negatives)) == sorted(sorted(map(len, texts), reverse=True)[:most])


def test_the_encoder_learns_and_goes_on_from_what_it_learnt(base: Path, tmp_path: Path) -> None:
    def nearness(tuned: Path | None) -> float:
        model = SentenceEncoder(base, Encoder(dtype="float32"), choose(Device(choice="cpu")), "tiny", tuned)
        asked, told = model.embed([q for q, _ in PAIRS]), model.embed([t for _, t in PAIRS])
        cosines = asked @ told.T
        return float(np.trace(cosines) / 3 - (cosines.sum() - np.trace(cosines)) / 6)

    told: list[str] = []
    unanswered = Group(query="the fee", positive="", negatives=("the approval of Compliance",))
    recipe: dict[str, Any] = {"layers": 1, "epochs": 30, "batch": 3, "rate": 1e-2, "card": {}}
    encoder.train([*GROUPS, unanswered], base, tmp_path / "one", **recipe, tell=told.append)
    assert nearness(tmp_path / "one") > nearness(None) + 0.2
    assert "30/30" in told[-1]
    encoder.train(
        GROUPS, base, tmp_path / "two", **{**recipe, "epochs": 1, "rate": 0.0}, start=tmp_path / "one", tell=told.append
    )
    assert nearness(tmp_path / "two") == pytest.approx(nearness(tmp_path / "one"), abs=0.01)


def test_the_reranker_learns_that_nothing_answers(base: Path, tmp_path: Path) -> None:
    texts = tuple(text for _, text in PAIRS)
    groups = [*GROUPS, Group(query="the fee", positive="", negatives=texts)]
    reranker.train(groups, base, tmp_path, layers=1, epochs=60, batch=4, rate=1e-2, card={}, tell=lambda _: None)
    model = CrossEncoder.load(base, tmp_path)
    for query, right in PAIRS:
        assert model.scores(query, texts).argmax() == texts.index(right)
    assert model.scores("the fee", texts).max() < min(model.scores(q, [t])[0] for q, t in PAIRS)


def test_a_question_without_an_answer_gives_a_group_without_a_positive() -> None:
    texts = [text for _, text in PAIRS]
    queries = [("report", {2}), ("the fee of Compliance", set[int]())]
    answered, unanswered = mine(queries, texts, None, first=1, last=3, negatives=2, rng=random.Random(0))
    assert answered.positive == texts[2]
    assert texts[2] not in answered.negatives
    assert unanswered.positive == ""
    assert unanswered.negatives


def test_passages_of_the_validation_part_are_told_by_their_text(tmp_path: Path) -> None:
    (tmp_path / "qrels").mkdir()
    names = [f"q{n}" for n in range(40)]
    (tmp_path / "queries.jsonl").write_text("".join(json.dumps({"_id": n, "text": n}) + "\n" for n in names))
    (tmp_path / "corpus.jsonl").write_text(
        "".join(json.dumps({"_id": f"p-{n}", "text": f"Rule  {n}"}) + "\n" for n in names)
    )
    rows = "".join(f"{n}\tp-{n}\t1\n" for n in names)
    (tmp_path / "qrels" / "dev.tsv").write_text("query-id\tcorpus-id\tscore\n" + rows)
    held = held_out_passages(tmp_path)
    assert held == {f"rule {query.id}" for query in validation_queries(tmp_path)}
    assert 0 < len(held) < 40


def test_pairs_sorted_by_length_keep_their_scores(base: Path) -> None:
    model = CrossEncoder.fresh(base, layers=1)
    pairs = [(query, f"{text} " * (n % 5 + 1)) for n in range(9) for query, text in PAIRS]
    torch.testing.assert_close(reranker.scores(model, pairs), model.forward(pairs), atol=1e-5, rtol=1e-4)


def test_a_mean_of_two_trainings_lies_between_them(base: Path, tmp_path: Path) -> None:
    for name, rate in (("one", 1e-2), ("two", 1e-3)):
        reranker.train(
            GROUPS, base, tmp_path / name, layers=1, epochs=5, rate=rate, card={}, tell=lambda _: None, batch=3
        )
    reranker.mean([tmp_path / "one", tmp_path / "two"], base, tmp_path / "mean")
    one, two, middle = (layers.load(tmp_path / name, base).weights for name in ("one", "two", "mean"))
    for name, weight in middle.items():
        step = (one[name] - two[name]).abs().max() / 100 + 1e-3
        assert ((one[name] + two[name]) / 2 - weight).abs().max() <= step
    reranker.train(GROUPS, base, tmp_path / "all", layers=2, epochs=1, rate=1e-3, card={}, tell=lambda _: None, batch=3)
    with pytest.raises(InputError, match="of one shape"):
        reranker.mean([tmp_path / "one", tmp_path / "all"], base, tmp_path / "none")
