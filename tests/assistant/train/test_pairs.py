"""The judge's examples: the same for the same seed, half of them supported, nothing called changed that is not."""

from __future__ import annotations

import random

import pytest

from assistant.evidence.rules import numbers, stands_literally
from assistant.train.corrupt import KINDS, same
from assistant.train.judge_sources import SHARES, part_of
from assistant.train.pairs import VERBATIM, WRONG, Pair, Source, make, parts
from assistant.train.reword import WAYS, swaps
from assistant.types import Passage

TEXTS = [
    "A Fund Manager must keep the Register for six years, unless the Regulator agrees otherwise.",
    "Before 1 June 2024 each Authorised Person shall notify the Regulator of all outsourced services within 10 days.",
    "If a Client asks for it, the Fund Manager may give a copy of the Register to the Client without delay.",
    "For the purposes of this rule, a Trustee must ensure that at least two officers approve each payment.",
    "The Board must assess adequate controls in relation to money laundering and must not delegate that duty.",
    "An Employee may accept gifts of up to £75 prior to approval, where the Board does not object to it.",
    "| Limit | Approver |\n| £75 of goods | the Head of Compliance |\n| £900 of goods | the Board of Directors |",
]


def source(text: str, document: str = "d") -> Source:
    return Source(document=document, passage=Passage(id="p", document_id=document, start=0, end=0, text=text, where=""))


def made(seed: int, *, held: bool = False) -> list[Pair]:
    return make([source(text) for text in TEXTS], most=40, seed=seed, held=held)


def test_same_seed_same_pairs_half_of_them_supported() -> None:
    first = made(3)
    assert first == made(3) != made(4)
    assert sum(pair.supported for pair in first) * 2 == len(first) >= 20
    assert {pair.kind for pair in first if not pair.supported} <= {*KINDS, WRONG}


@pytest.mark.parametrize("seed", range(12))
def test_a_changed_sentence_is_nowhere_word_for_word(seed: int) -> None:
    for pair in made(seed, held=True):
        assert pair.supported or stands_literally(pair.sentence, pair.passage) is None
        if pair.kind == VERBATIM:
            assert " ".join(pair.sentence.split()) in " ".join(pair.passage.split())


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("held", [False, True])
def test_every_kind_of_change_changes(kind: str, held: bool) -> None:
    rng = random.Random(0)
    changed = [(t, KINDS[kind](t, rng, near=t, held=held)) for t in TEXTS[:6] for _ in range(5)]
    changed = [(old, new) for old, new in changed if new]
    assert changed or (kind == "scope" and held)
    assert all(not same(old, new) for old, new in changed)
    if kind == "number":
        assert all(numbers(old) != numbers(new) for old, new in changed)


@pytest.mark.parametrize("way", sorted(WAYS))
def test_rewording_keeps_every_figure(way: str) -> None:
    rng = random.Random(0)
    for text in TEXTS[:6]:
        for held in (False, True):
            new = WAYS[way](text, rng, held=held)
            assert not new or numbers(new) == numbers(text)


def test_words_for_the_test_are_not_in_training() -> None:
    assert not {old for old, _ in swaps(held=True)} & {old for old, _ in swaps(held=False)}


def test_the_condition_that_is_dropped() -> None:
    rng = random.Random(0)
    found = {KINDS["condition"](TEXTS[0], rng, near="", held=False) for _ in range(4)}
    assert found == {"A Fund Manager must keep the Register for six years."}


def test_a_document_has_one_part_and_a_text_of_training_is_not_tested() -> None:
    names = [f"d{n}" for n in range(60)]
    where = parts(names, SHARES)
    assert set(where.values()) == set(SHARES)
    assert where == parts(reversed(names), SHARES)
    sources = [source(text, name) for name in names for text in (f"Text of {name}.", "In every document.")]
    tested = part_of(sources, "test")
    assert {s.document for s in tested} == {n for n in names if where[n] == "test"}
    assert all(s.passage.text != "In every document." for s in tested)
