"""Items hang on their lead-in."""

from __future__ import annotations

import pytest

from assistant.evidence.lists import hangs


@pytest.mark.parametrize(
    ("lines", "hanging"),
    [
        (["Staff must not:", "Accept a loan.", "Sell a secret."], [False, True, False]),
        (["Staff must not", "(a) accept a loan; or", "(b) sell a secret."], [False, True, True]),
        (["(1) A firm must keep records.", "(2) It must keep them well."], [False, False]),
        (["A firm must:", "(1) Keep records.", "(2) Keep them well."], [False, True, True]),
        (["(1) A firm must:", "(a) keep records;", "(2) The Regulator may ask."], [False, True, False]),
        (["(2) The Regulator may ask."], [True]),  # what stood before (1) is not known
        (["A line that", "goes on here."], [False, True]),
        (["• Keep records."], [True]),
    ],
)
def test_an_item_hangs_on_its_lead_in_and_a_numbered_paragraph_stands(lines: list[str], hanging: list[bool]) -> None:
    assert [hangs(lines, n) for n in range(len(lines))] == hanging
