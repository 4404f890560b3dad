"""Law 1 for passages, over random structured texts."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.config import Split
from assistant.errors import InputError
from assistant.protocols import Reading
from assistant.types import Passage
from ingest.canonical import Canonical
from ingest.split import split

SENTENCES = st.sampled_from(
    [
        "Gifts over £50 must be declared within five working days.",
        "See section 4. The limit, e.g. for wine, is lower; ask first.",
        "He said: “No.” Then Dr. Wray left!",
        "Staff must:",
        "No",
        "x" * 90,
        "Word " * 30,
        "\u2003Odd\u00a0spaces  here. ",
        "One.\n\nTwo lines\nhere.",
    ]
)
CELLS = st.sampled_from(["", "£50", "Head of Compliance", "within 5 working days " * 4, "a | b"])
BLOCKS = st.one_of(
    st.tuples(st.just("heading"), st.integers(1, 4), st.sampled_from(["1 Purpose", "4.2 Limits", "Forms", "A " * 60])),
    st.tuples(st.just("paragraph"), st.lists(SENTENCES, max_size=6).map(" ".join)),
    st.tuples(st.just("item"), SENTENCES),
    st.tuples(st.just("table"), st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=9), st.booleans()),
    st.tuples(st.just("page"), st.integers(1, 99).map(str)),
)
COUNTERS = st.sampled_from(
    [lambda t: len(t.split()), lambda t: len(t) // 4 + 2, lambda t: len(re.findall(r"\w+|\S", t))]
)


def reading_of(blocks: list[tuple]) -> Reading | None:  # type: ignore[type-arg]  # (name of the call, *arguments)
    made = Canonical()
    for name, *arguments in blocks:
        if name == "table":
            made.table(arguments[0], header=arguments[1])
        else:
            getattr(made, name)(*arguments)
    try:
        return made.build("Title")
    except InputError:
        return None


def cut(reading: Reading, count=lambda t: len(t.split()), **limits: int) -> tuple[Passage, ...]:  # type: ignore[no-untyped-def]  # a lambda in its default
    section = Split(**limits) if limits else Split()
    return split(
        reading.text, reading.landmarks, document_id="d", title=reading.title, count_tokens=count, section=section
    )


@given(st.lists(BLOCKS, max_size=14), COUNTERS, st.integers(16, 60), st.integers(0, 15))
def test_law_1(blocks, count, most, least) -> None:  # type: ignore[no-untyped-def]  # drawn by the strategies above
    reading = reading_of(blocks)
    if reading is None:
        return
    text = reading.text
    passages = cut(reading, count, max_tokens=most, min_tokens=least)
    covered = [False] * len(text)
    previous = 0
    for passage in passages:
        assert text[passage.start : passage.end] == passage.text
        assert passage.text == passage.text.strip() != ""
        assert passage.start >= previous
        previous = passage.end
        covered[passage.start : passage.end] = [True] * (passage.end - passage.start)
        tokens = count(passage.text) + (count(passage.context) if passage.context else 0)
        lines = passage.text.split("\n")
        rows = [m for m in reading.landmarks if m.kind == "table" and m.start < passage.end and passage.start < m.end]
        header = text[rows[-1].start :][: rows[-1].level] if rows else ""
        whole_row = rows and (len(lines) == 1 or lines[-2] in ("", header))
        assert tokens <= most or len(passage.text.split()) == 1 or whole_row
    for mark in reading.landmarks:
        if mark.kind == "heading":
            covered[mark.start : mark.end] = [True] * (mark.end - mark.start)
    assert all(done or text[at].isspace() for at, done in enumerate(covered))
    assert len({passage.id for passage in passages}) == len(passages)


def test_a_section_is_a_passage_with_its_path_and_page() -> None:
    made = Canonical()
    made.page("1")
    made.heading(0, "Gifts Policy")
    made.item("Document owner: Head of Compliance", marker="")
    made.heading(1, "4 Limits")
    made.heading(2, "4.1 Gifts")
    made.paragraph("A gift worth more than fifty pounds must be declared within five working days of receipt.")
    made.page("2")
    made.heading(2, "4.2 Meals")
    made.paragraph("A meal worth more than ninety pounds must be approved by the Gifts Desk before it takes place.")
    passages = cut(made.build())
    assert [(p.where, p.page) for p in passages] == [
        ("Gifts Policy", 1),
        ("4 Limits › 4.1 Gifts", 1),
        ("4 Limits › 4.2 Meals", 2),
    ]
    assert passages[0].text == "Gifts Policy\n\nDocument owner: Head of Compliance"
    assert passages[1].text.startswith("4.1 Gifts\n\nA gift")


def test_small_sections_join_their_neighbour() -> None:
    made = Canonical()
    made.heading(1, "1 Forms")
    made.heading(2, "1.1 First")
    made.paragraph("Use GH1.")
    made.heading(2, "1.2 Second")
    made.paragraph("Use GH2.")
    made.heading(1, "2 Other")
    made.paragraph("Use GH3.")
    assert [p.where for p in cut(made.build("T"))] == ["1 Forms › 1.1 First; 1.2 Second", "2 Other"]


def test_a_long_table_is_cut_between_rows_and_carries_its_header() -> None:
    made = Canonical()
    made.heading(1, "3 Periods")
    made.paragraph("The periods are:")
    made.table([["Record", "Period"], *([f"Record {n}", f"{n} years after closure"] for n in range(20))])
    passages = cut(made.build("T"), max_tokens=40, min_tokens=0)
    assert len(passages) > 2
    assert passages[0].text.startswith("3 Periods\n\nThe periods are:\n\nRecord | Period\nRecord 0 |")
    assert passages[0].context == ""
    assert {p.context for p in passages[1:]} == {"Record | Period"}
    assert all(re.fullmatch(r"(Record \d+ \| \d+ years after closure\n?)+", p.text) for p in passages[1:])


@pytest.mark.parametrize("limit", [20, 36, 60])
def test_prose_is_cut_at_sentence_ends_only(limit: int) -> None:
    made = Canonical()
    made.heading(1, "1 Purpose")
    made.paragraph("The limit follows section 4. It is low, e.g. For Dr. Wray it is nil. " * 8)
    passages = cut(made.build("T"), max_tokens=limit, min_tokens=0)
    assert len(passages) > 2
    assert all(p.text.endswith("nil.") for p in passages)
