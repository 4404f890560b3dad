"""The fit of what an answer needs, and of the gate above it: what can be told apart is, by what there is to tell it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from assistant.errors import InputError
from assistant.evidence.needed import Standing
from eval.items import Item
from eval.needed import Weighed, fit

IDS = ("a", "b", "c")
GOLD = {"two": frozenset("ab"), "one": frozenset("a"), "none": frozenset[str]()}


def weighed(count: int = 60, *, telling: bool = True, read: bool = False) -> list[Weighed]:
    """``telling``: the reranker says what is gold; ``read``: the gate's adapter says whether anything is."""
    rng, out = random.Random(0), []
    for n in range(count):
        kind = ("two", "one", "none")[n % 3]
        item = Item(id=str(n), kind=kind, question=f"{n}?", passages=IDS, ids=IDS, gold=GOLD[kind])
        scores = [(3.0 if telling and key in item.gold else -3.0) + rng.random() for key in IDS]
        answerable = (4.0 if item.gold else -4.0) + rng.random() if read else None
        out.append(Weighed(item=item, standings=standings(scores), answerable=answerable))
    return out


def standings(scores: Sequence[float]) -> tuple[Standing, ...]:
    beside = (1.0,) * len(scores)
    return tuple(Standing(passage=s, sentence=s, cosine=0.5, beside=beside, adds=beside) for s in scores)


def test_what_the_reranker_tells_apart_is() -> None:
    found = fit(weighed(), 2)
    perfect = {"citation_precision": 1.0, "citation_recall": 1.0}
    assert found["held_out"] == dict.fromkeys(("none", "one", "two"), perfect)
    assert found["gate"]["weights"] == {"needed": 1.0}
    assert found["gate"]["intercept"] == 0.0
    assert found["items"] == {"none": 20, "one": 20, "two": 20}


def test_the_adapter_of_the_gate_says_what_the_reranker_does_not() -> None:
    blind, read = fit(weighed(telling=False), 2), fit(weighed(telling=False, read=True), 2)
    assert read["held_out"]["none"]["citation_recall"] == 1.0
    assert set(read["gate"]["weights"]) == {"needed", "answerable"}
    assert read["gate"]["weights"]["answerable"] > 0
    reached = [sum(one["held_out"][kind]["citation_recall"] for kind in GOLD) for one in (blind, read)]
    assert reached[0] < reached[1]


def test_known_questions_tell_where_there_are_any_and_their_mean_stands_where_there_are_none() -> None:
    items = weighed(telling=False)
    assert "unknown" not in fit(items, 2)["needed"]
    asked = [
        replace(
            one,
            standings=tuple(
                replace(each, known=(4.0 if key in one.item.gold else -4.0) if key != "c" else None)
                for key, each in zip(IDS, one.standings, strict=True)
            ),
        )
        for one in items
    ]
    found = fit(asked, 2)
    assert found["needed"]["weights"]["known"] > 0
    assert found["needed"]["unknown"] == pytest.approx(0.0, abs=0.3), "half of those that have a number are gold"
    assert found["held_out"]["one"]["citation_recall"] == 1.0


def test_signals_that_speak_of_few_items_are_left_out() -> None:
    assert "adds" not in fit(weighed(), 2, ["adds"])["needed"]["weights"]
    with pytest.raises(InputError, match="no signal 'smell'"):
        fit(weighed(), 2, ["smell"])
