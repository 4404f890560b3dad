"""Where sentences end: the same wherever a stream happens to be cut, and markers stay with their sentence."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.evidence.sentences import spans, split_markers, stream, within

FRAGMENTS = st.sampled_from(
    [
        "Gifts over £50 must be declared.",
        " [1]",
        "[2]",
        " [1, 3]",
        "\n",
        "\n\n",
        " ",
        " See e.g. section 4.",
        " No. 7 applies.",
        " Ask Dr. Wray!",
        " Is it? ",
        "“Never”, he said.",
        " (Unless approved.)",
        "- an item",
        "3.1. Limits",
        "lower case. then more",
        " A | B",
        "12",
        ".",
        " €10",
        " 🌷",
    ]
)
TEXTS = st.lists(FRAGMENTS, max_size=8).map("".join)


def said(text: str) -> list[str]:
    return [text[start:end] for start, end in spans(text)]


@given(text=TEXTS | st.text(alphabet="aB1.[] \n-", max_size=30))
def test_spans_are_ordered_trimmed_and_lose_nothing(text: str) -> None:
    found = spans(text)
    assert all(0 <= start < end <= len(text) for start, end in found)
    assert all(before[1] <= after[0] for before, after in pairwise(found))
    assert all(text[start:end] == text[start:end].strip() for start, end in found)
    assert "".join("".join(said(text)).split()) == "".join(text.split())


@settings(max_examples=300)
@given(text=TEXTS, data=st.data())
def test_any_cutting_streams_the_same_sentences(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert list(stream(pieces)) == said(text)
    assert list(stream(text)) == said(text)


def test_a_sentence_comes_as_soon_as_the_next_begins() -> None:
    taken = 0

    def pieces() -> Iterator[str]:
        nonlocal taken
        for piece in ("One gift. ", "[1] ", "A second", " gift. [2]"):
            taken += 1
            yield piece

    sentences = stream(pieces())
    assert next(sentences) == "One gift. [1]"
    assert taken == 3
    assert list(sentences) == ["A second gift. [2]"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Claims are paid. [2]", ["Claims are paid. [2]"]),
        ("Claims are paid [2].", ["Claims are paid [2]."]),
        ("Claims are paid. [1] [2] Late ones are not. [3]", ["Claims are paid. [1] [2]", "Late ones are not. [3]"]),
        ("Claims are paid. [1, 2] Late ones are not.", ["Claims are paid. [1, 2]", "Late ones are not."]),
        ("One.\nTwo", ["One.", "Two"]),
        ("See e.g. Annex 2. Then ask.", ["See e.g. Annex 2.", "Then ask."]),
        ("Ask Dr. Wray. He knows.", ["Ask Dr. Wray.", "He knows."]),
        ("3.1. Limits apply.", ["3.1. Limits apply."]),
        ("Pay £1.50 at once.", ["Pay £1.50 at once."]),
        ("", []),
        (" \n ", []),
    ],
)
def test_planted_sentences(text: str, expected: list[str]) -> None:
    assert said(text) == expected


@pytest.mark.parametrize(
    ("sentence", "plain", "markers"),
    [
        ("Claims are paid. [2]", "Claims are paid.", (2,)),
        ("Claims are paid [2].", "Claims are paid.", (2,)),
        ("Paid [1][3] and kept. [1, 2]", "Paid and kept.", (1, 3, 2)),
        ("In [year] and [123] nothing.", "In [year] and [123] nothing.", ()),
        ("[1]", "", (1,)),
    ],
)
def test_markers_are_taken_out_and_counted_once(sentence: str, plain: str, markers: tuple[int, ...]) -> None:
    assert split_markers(sentence) == (plain, markers)


@pytest.mark.parametrize(
    ("text", "words", "read"),
    [
        ("One two three. Four five.", 3, "One two three."),
        ("One two. Three four five six seven.", 4, "One two."),  # far beyond, and half is there
        (
            "Heading.\nOne two three four five six seven.",
            4,
            "Heading.\nOne two three four five six seven.",
        ),  # kept whole
        ("One two three four five six seven eight nine ten.", 3, "One two three"),  # longer than three times: cut
        ("Send: (a) one; (b) two; and (c) three four five six.", 3, "Send: (a) one;"),  # where an item ends
    ],
)
def test_what_is_read_of_a_passage_ends_where_a_sentence_ends(text: str, words: int, read: str) -> None:
    assert within(text, words) == read
