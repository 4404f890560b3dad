"""Word times: the path is the cheapest there is, words keep order and length, punctuation goes to the word before."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from assistant.models.speech_align import SECONDS, path, period, stutters, token_times, words_of


def cheapest(cost: np.ndarray) -> float:
    """All paths, twenty plain lines less."""
    rows, columns = cost.shape
    best = {(0, 0): cost[0, 0]}
    for i, j in itertools.product(range(rows), range(columns)):
        before = [best[p] for p in ((i - 1, j - 1), (i - 1, j), (i, j - 1)) if p in best]
        if before:
            best[i, j] = cost[i, j] + min(before)
    return float(best[rows - 1, columns - 1])


@given(arrays(np.float64, st.tuples(st.integers(1, 7), st.integers(1, 9)), elements=st.integers(-9, 9).map(float)))
def test_the_path_is_monotone_and_cheapest(cost: np.ndarray) -> None:
    rows, columns = path(cost)
    assert (rows[0], columns[0], rows[-1], columns[-1]) == (0, 0, cost.shape[0] - 1, cost.shape[1] - 1)
    steps = {(int(a), int(b)) for a, b in zip(np.diff(rows), np.diff(columns), strict=True)}
    assert steps <= {(0, 1), (1, 0), (1, 1)}
    assert cost[rows, columns].sum() == pytest.approx(cheapest(cost))


def test_planted_attention_gives_planted_times() -> None:
    """Token k looks at positions 10k to 10k + 9: it begins there."""
    weights = np.full((2, 5, 50), 0.001, dtype=np.float32)
    for token in range(5):
        weights[:, token, 10 * token : 10 * token + 10] = 0.1
    assert token_times(weights) == pytest.approx(np.array([0, 10, 20, 30, 40, 50]) * SECONDS, abs=3 * SECONDS)


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ([" Hello", ",", " you", "."], ["Hello,", "you."]),
        ([" United", " States", ".To", " create"], ["United", "States.", "To", "create"]),
        ([" an", " e", "-", "mail"], ["an", "e-mail"]),
        ([" £", "12", ",000"], ["£12,000"]),
        ([" rule", " 8", ".1", ".1", "?"], ["rule", "8.1.1?"]),
        (["?"], ["?"]),
    ],
)
def test_pieces_become_words(pieces: list[str], words: list[str]) -> None:
    times = np.linspace(0.0, 0.5 * len(pieces), len(pieces) + 1)
    sure = [0.9 - 0.1 * n for n in range(len(pieces))]
    found = words_of(pieces, [1] * len(pieces), times, sure, 60.0)
    assert [word.text for word in found] == words
    assert all(0 <= word.start <= word.end for word in found)
    assert min(word.confidence for word in found) >= min(sure)


@given(st.lists(st.tuples(st.text(" ab.,-é?", min_size=1, max_size=6), st.integers(1, 3)), min_size=1, max_size=12))
def test_no_letter_is_lost(pieces: list[tuple[str, int]]) -> None:
    count = sum(number for _, number in pieces)
    found = words_of(
        [t for t, _ in pieces], [n for _, n in pieces], np.linspace(0.0, 0.02 * count, count + 1), [0.5] * count, 9.0
    )
    said = "".join(text for text, _ in pieces)
    assert "".join(c for c in "".join(w.text for w in found) if c.isalpha()) == "".join(c for c in said if c.isalpha())
    assert list(found) == sorted(found, key=lambda word: word.start)


@given(st.lists(st.integers(0, 5), min_size=4, max_size=12), st.integers(2, 4))
def test_a_repetition_is_found(tokens: list[int], times: int) -> None:
    found = period(tokens * times)
    assert found is not None
    assert found <= len(tokens) or len(tokens) % found == 0


@given(st.integers(1, 40))
def test_what_is_said_once_has_no_period(count: int) -> None:
    assert period(list(range(count))) is None
    assert period([7, 7, 7, *range(count)]) is None


def test_a_repetition_that_was_only_begun() -> None:
    assert period([*range(8), *range(8), 0, 1, 2, 3]) == 8
    assert period([1, 2, 3, 4, 1, 2]) is None


@given(st.lists(st.integers(0, 2), max_size=30), st.integers(6, 12))
def test_a_stretch_said_twice_at_once_is_found_anywhere(tokens: list[int], least: int) -> None:
    plain = any(
        tokens[at : at + size] == tokens[at + size : at + 2 * size]
        for size in range(least, len(tokens) // 2 + 1)
        for at in range(len(tokens) - 2 * size + 1)
    )
    assert stutters(tokens, least) == plain
