"""Spoken rule numbers become numerals; quantities stay; what is said for a number is read back as that number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.voice.numbers import TENS, UNITS, rule_numbers

WORDS = {number: word for word, number in UNITS.items()}


def in_words(number: int) -> str:
    if number < 20:
        return WORDS[number]
    ten = next(word for word, value in TENS.items() if value == number // 10 * 10)
    return ten if number % 10 == 0 else f"{ten} {WORDS[number % 10]}"


def written(text: str) -> str:
    words = text.split()
    out, at = [], 0
    for found in rule_numbers(words):
        out += [*words[at : found.start], found.text]
        at = found.end
    return " ".join([*out, *words[at:]])


@given(st.lists(st.integers(0, 99), min_size=3, max_size=5), st.sampled_from(["point", "dot"]))
def test_any_number_of_three_parts(parts: list[int], between: str) -> None:
    spoken = f" {between} ".join(in_words(part) for part in parts)
    assert written(f"what does {spoken} say") == f"what does {'.'.join(map(str, parts))} say"


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        ("rule eight point one point one", "rule 8.1.1"),
        ("rule 8 point 1 point 1?", "rule 8.1.1?"),
        ("rule 8.1 point 1.", "rule 8.1.1."),
        ("section four point two of the policy", "section 4.2 of the policy"),
        ("Section 4 point 2, please", "Section 4.2, please"),
        ("rule eight point won point too", "rule 8.1.2"),
        ("rule twenty-three point one point eleven", "rule 23.1.11"),
        ("compare eleven point two point five with eleven point five point two", "compare 11.2.5 with 11.5.2"),
        ("rule 8.1.1 and rule 8.1.2", "rule 8.1.1 and rule 8.1.2"),
        ("two point five per cent", "two point five per cent"),
        ("it is two point five", "it is two point five"),
        ("part two point five million", "part two point five million"),
        ("at that point one of them left", "at that point one of them left"),
        ("one point to note", "one point to note"),
        ("rule eight. Point one", "rule eight. Point one"),
        ("does rule 3. 12. 4 apply", "does rule 3.12.4 apply"),
        ("rule 1. 10. 1. 17% or 70%", "rule 1.10.1. 17% or 70%"),
        ("under section 5. 3 people left", "under section 5. 3 people left"),
        ("", ""),
    ],
)
def test_what_is_changed_and_what_is_not(heard: str, expected: str) -> None:
    assert written(heard) == expected


@given(
    st.lists(st.sampled_from([*UNITS, *TENS, "point", "dot", "rule", "the", "8.1", "8.", "to", ",", "."]), max_size=12)
)
def test_spans_are_in_order_and_apart(words: list[str]) -> None:
    edges = [edge for found in rule_numbers(words) for edge in (found.start, found.end)]
    assert edges == sorted(edges)
    assert all(0 <= edge <= len(words) for edge in edges)
