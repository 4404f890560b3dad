"""Answers against references: what is the same is wholly right, what is foreign is not, facts are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.models.twins import HashingEmbedder
from eval.correctness import against, key_facts, token_f1

WORDS = st.lists(st.sampled_from("staff must keep the register for six years and 30 days".split()), max_size=10)


@given(WORDS, WORDS)
def test_shared_tokens_are_a_symmetric_share(first: list[str], second: list[str]) -> None:
    value = token_f1(" ".join(first), " ".join(second))
    assert 0 <= value <= 1
    assert value == token_f1(" ".join(second), " ".join(first))
    assert (value == 1) == (sorted(first) == sorted(second) != [])


def test_tokens_are_counted_as_often_as_they_stand() -> None:
    assert token_f1("a a b", "a b b") == pytest.approx(2 / 3)
    assert token_f1("a", "b") == 0


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("It must be done within 30 days.", {"must", "30"}),
        ("It shall not take thirty days, or 1,500 dollars.", {"must not", "30", "1500"}),
        ("Staff may not accept one; they are required to refuse.", {"must not", "must"}),
        ("You may ask by 3 May 2026.", {"may", "2026-05-03"}),
        ("Due on 2026-05-03, not May 4th, 2026", {"2026-05-03", "2026-05-04"}),
        ("Either 03/05/2026 or 13/05/2026.", {"03/05/2026", "2026-05-13"}),
        ("It is what it is.", set()),
    ],
)
def test_facts_are_read(text: str, facts: set[str]) -> None:
    assert key_facts(text) == facts


def test_markers_count_for_nothing_and_the_same_text_is_right() -> None:
    found = against("Kept for 6 years. [1]", "Kept for six years [3].", HashingEmbedder())
    assert found.key_facts == 1.0
    same = against("Kept for six years. [1]", "Kept for six years [3] [4].", HashingEmbedder())
    assert (same.token_f1, round(same.cosine, 5)) == (1.0, 1.0)
    assert against("So it is.", "It is so.", HashingEmbedder()).key_facts is None
