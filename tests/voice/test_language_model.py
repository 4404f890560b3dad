"""How words follow one another: probabilities that add up, and a figure is a figure."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.voice.language_model import DISCOUNT, UNSEEN, LanguageModel

SENTENCES = (
    "Gifts above £50 are declared within 5 days.",
    "Section 4.2 of the policy says who is told.",
    "The MLRO is told within 24 hours.",
    "Who is told of a gift?",
)
WORD = st.sampled_from(["gift", "gifts", "told", "who", "is", "of", "mlro", "fifty", "7", "4.2.1", "£"])
TEXT = st.lists(WORD, max_size=6).map(" ".join)


def test_without_a_collection_or_without_words_nothing_is_preferred() -> None:
    assert LanguageModel().mean("who is told") == 0.0
    assert LanguageModel(["", "…"]).mean("who is told") == 0.0
    assert LanguageModel(SENTENCES).mean("") == LanguageModel(SENTENCES).mean("?!") == 0.0


@given(st.lists(TEXT, min_size=1, max_size=4), TEXT)
def test_a_mean_is_a_log_probability(sentences: list[str], text: str) -> None:
    assert -math.inf < LanguageModel(sentences).mean(text) <= 0.0


@given(st.lists(TEXT.filter(bool), min_size=1, max_size=4), st.lists(WORD, max_size=2))
def test_what_may_come_next_adds_up_to_one(sentences: list[str], before: list[str]) -> None:
    """The ends, all words of the collection, and as many unseen ones as are allowed for."""
    model = LanguageModel(sentences)
    words = {word for sentence in sentences for word in sentence.split()}
    row = [0, 0, *model._numbered(" ".join(before))][-2:]
    kinds = {model._numbered(word)[0] for word in words} | {1}
    unseen = len(model._numbers) + UNSEEN - len(kinds)
    known = sum(model._probability([*row, kind]) for kind in kinds)
    assert known + unseen * model._probability([*row, 2]) == pytest.approx(1.0, abs=1e-6)


def test_kneser_ney_by_hand() -> None:
    """ "told" after "is": seen 3 of 3 times, discounted; the rest by how many different words stand before it."""
    model = LanguageModel(["is told", "is told", "is told", "be told", "told"])
    numbers = model._numbered("is told be")
    after_start = Counter({"is": 3, "be": 1, "told": 1})
    different = {"told": 3, "end": 1, "is": 1, "be": 1}
    least = 1 / (3 + UNSEEN)
    total, kinds = sum(different.values()), len(different)
    told = (different["told"] - DISCOUNT + DISCOUNT * kinds * least) / total
    after_is = (
        1 - DISCOUNT
    ) / 1 + DISCOUNT * told  # one kind of beginning before "is told": its continuation count is one
    expected = (after_start["is"] - DISCOUNT) / 3 + DISCOUNT * after_is / 3
    assert model._probability([0, *numbers[:2]]) == pytest.approx(expected)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_it_never_says_which_figure(one: int, other: int) -> None:
    model = LanguageModel(SENTENCES)
    assert model.mean(f"gifts above £{one} are declared") == model.mean(f"gifts above £{other} are declared")
    rules = (model.mean(f"section {n % 90}.{n % 7} of the policy") for n in (one, other))
    assert len(set(rules)) == 1


def test_the_collections_own_wording_is_likelier() -> None:
    model = LanguageModel(SENTENCES)
    assert (
        model.mean("who is told of a gift")
        > model.mean("who is sold of a gift")
        > model.mean("hue his old off egg lift")
    )
    assert model.mean("Who is TOLD of a gift?") == model.mean("who is told of a gift")
    assert model.mean("within 30 days") > model.mean("within dirty days")
