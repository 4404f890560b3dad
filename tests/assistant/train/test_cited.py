"""Examples: what is to be said stands in what is given, under its own number; what is not given is not said."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from assistant.evidence.sayable import sayable
from assistant.train.cited import GIVEN, WORDS, Example, as_served, from_cited, from_collection, from_rulebook, nearest
from assistant.types import Passage
from tests.world import World

POOL = [
    f"Rule {n}. {subject} must be {verb} within {n} days by the {who} of the branch. {subject} may not be lent."
    for n, (subject, verb, who) in enumerate(
        [
            (s, v, w)
            for s in ("A gift", "A file", "A ticket", "A loan")
            for v in ("kept", "sold")
            for w in ("head", "clerk")
        ]
    )
]
ITEMS: list[dict[str, Any]] = [
    {
        "question": f"When must what rule {n} says be done?",
        "answer": f"Within {n} days [1].",
        "passages": [{"text": POOL[n]}, {"text": POOL[(n + 5) % len(POOL)]}],
    }
    for n in range(9)
]


def stands(example: Example) -> bool:
    return all(" ".join(text.split()) in " ".join(example.blocks[marker][1].split()) for marker, text in example.said)


@given(st.integers(0, 1000))
def test_what_is_said_stands_in_its_passage(seed: int) -> None:
    rng = random.Random(seed)
    queries = [(item["question"], {n}) for n, item in enumerate(ITEMS)]
    for example in [*from_cited(ITEMS, POOL, "a", rng), *from_rulebook(queries, POOL, "b", rng)]:
        assert stands(example)
        assert len(example.blocks) <= GIVEN
        assert len({text for _, text in example.blocks.values()}) == len(example.blocks)
        assert [marker for marker, _ in example.said] == sorted({marker for marker, _ in example.said})


def test_every_kind_is_there() -> None:
    rng = random.Random(0)
    cited = from_cited(ITEMS, POOL, "a", rng)
    assert [len(example.said) for example in cited] == [2, 2, 1] * 3
    rules = from_rulebook([(item["question"], {n}) for n, item in enumerate(ITEMS)], POOL, "b", rng)
    assert [bool(example.said) for example in rules] == [True, True, False] * 3
    for n, example in enumerate(rules):
        assert (POOL[n] in [text for _, text in example.blocks.values()]) == bool(example.said), (
            "what answers is not given by chance"
        )


@given(st.integers(0, 1000))
def test_as_served_only_what_answers_is_read(seed: int) -> None:
    every = from_cited(ITEMS, POOL, "a", random.Random(seed))
    for example in as_served(every):
        assert stands(example)
        assert set(example.blocks) == {marker for marker, _ in example.said} != set()
    silent = Example(question="?", blocks={1: ("", POOL[0])}, said=(), source="a")
    alone = Example(question="?", blocks={1: ("", "Gifts are refused.")}, said=((1, "Gifts are refused."),), source="a")
    beyond = Example(question="?", blocks={1: ("", POOL[0])}, said=((1, "Gifts are refused."),), source="a")
    assert as_served([silent, alone, beyond]) == []


def test_the_nearest_sentence_is_the_one_that_shares_most() -> None:
    text = "Gifts are refused. Complaint files are kept for six years. Tickets are bought."
    assert nearest(text, "The files of a complaint are kept six years.") == "Complaint files are kept for six years."
    assert nearest("", "x") == ""


def test_a_long_passage_is_read_to_its_start() -> None:
    long = " ".join(f"Clause {n} says that item {n} is kept." for n in range(60))
    chosen = nearest(long, "Clause 59 item 59")
    passage = Passage(id="", document_id="", start=0, end=len(long), text=long, where="")
    assert chosen in sayable(passage, "", WORDS)


def test_a_collections_examples_come_from_its_own_search(served: World) -> None:
    snapshot = served.library().current()
    items = [
        {
            "question": "How long are complaint files kept?",
            "document": d.uri.rpartition("/")[2],
            "section": "1",
            "quote": p.text,
        }
        for d in snapshot.documents.values()
        for p in snapshot.passages
        if p.document_id == d.id
    ]
    from assistant.retrieve import FusedOrder

    found = from_collection(items, snapshot, FusedOrder(), served.config, random.Random(0))
    assert all(stands(example) for example in found)
    silent = sum(not example.said for example in found)
    assert silent <= max(1, (len(found) - silent)) // 3 + 1
