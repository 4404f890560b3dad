"""Law 1's first half: what is built is canonical, and every landmark's slice is what it says."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import InputError
from ingest import canonical
from ingest.canonical import Canonical, canonicalise, is_canonical, one_line, sha256_text

ODD = "\u00a0\u00ad\u200b\u200d\u2028\u202e\r\n\t\x00\x0c\x1c\x85\ufeff\ue000\u0301\u0338e\u212b\ud800\U000e0041|- "
TEXT = st.text(st.one_of(st.sampled_from(ODD), st.characters()), max_size=30)
CALLS = st.one_of(
    st.tuples(st.just("page"), TEXT),
    st.tuples(st.just("heading"), st.integers(0, 5), TEXT),
    st.tuples(st.just("paragraph"), TEXT, st.sampled_from([None, " ", ""])),
    st.tuples(st.just("item"), TEXT, st.sampled_from(["-", "1.", "(a)", ""])),
    st.tuples(st.just("table"), st.lists(st.lists(TEXT, max_size=3), max_size=4), st.booleans()),
    st.tuples(st.just("more_rows"), st.lists(st.lists(TEXT, max_size=3), max_size=3)),
)


@given(TEXT)
def test_canonicalising_twice_changes_nothing(text: str) -> None:
    once = canonicalise(text)
    assert is_canonical(once)
    assert unicodedata.is_normalized("NFC", once)
    assert not {unicodedata.category(c) for c in once if c != "\n"} & {"Cs", "Co", "Cc"}
    assert one_line(one_line(text)) == one_line(text)
    assert "\n" not in one_line(text)


@given(st.text(st.one_of(st.sampled_from("ab ~!’“–£½·\u0301\u0338\n\t<="), st.characters()), max_size=20))
def test_the_short_way_for_plain_lines_gives_what_the_long_way_gives(text: str) -> None:
    short = canonicalise(text)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(canonical, "_CANONICAL_LINE", re.compile(r"(?!)"))
        assert canonicalise(text) == short


@given(st.lists(CALLS, max_size=12))
def test_any_sequence_of_calls_is_canonical_and_its_landmarks_hold(calls: list[tuple]) -> None:  # type: ignore[type-arg]  # (name, *arguments)
    made = Canonical()
    for name, *arguments in calls:
        match name:
            case "paragraph":
                made.paragraph(arguments[0], glue=arguments[1])
            case "item":
                made.item(arguments[0], marker=arguments[1])
            case "table":
                made.table(arguments[0], header=arguments[1])
            case _:
                getattr(made, name)(*arguments)
    try:
        reading = made.build("A title")
    except InputError:
        return
    text = reading.text
    assert text
    assert is_canonical(text)
    pages = [mark for mark in reading.landmarks if mark.kind == "page"]
    assert [mark.end for mark in pages[:-1]] == [mark.start for mark in pages[1:]]
    assert not pages or pages[-1].end == len(text)
    levels = {mark.level for mark in reading.landmarks if mark.kind == "heading"}
    assert levels == set(range(1, len(levels) + 1))
    for mark in reading.landmarks:
        piece = text[mark.start : mark.end]
        assert piece
        if mark.kind == "heading":
            assert piece == mark.label
            assert text[: mark.start].endswith("\n\n") or mark.start == 0
            assert text[mark.end :].startswith("\n\n") or mark.end == len(text)
        if mark.kind == "table":
            assert mark.level in (0, len(piece.split("\n")[0]))
            assert "\n\n" not in piece


def test_blocks() -> None:
    made = Canonical()
    made.page("1")
    made.heading(1, "Gifts  Policy")
    made.paragraph("Owner:\u00a0Group Compliance")
    made.heading(3, "4.2\u00a0Thresh\u00adolds")
    made.table([["Gift", "Limit"], ["Wine", "£50"], ["", ""]])
    made.page("2")
    made.more_rows([["Cash", "£0"]])
    made.item("ask first")
    made.item("then write", marker="2.")
    made.paragraph("A staff mem")
    made.page("3")
    made.paragraph("ber must.", glue="")
    reading = made.build("ignored")
    assert reading.text == (
        "Gifts Policy\n\nOwner: Group Compliance\n\n4.2 Thresholds\n\nGift | Limit\nWine | £50\nCash | £0\n\n"
        "- ask first\n2. then write\n\nA staff member must."
    )
    assert reading.title == "Gifts Policy"
    seen = {(m.kind, reading.text[m.start : m.end][:10].strip(), m.level) for m in reading.landmarks}
    assert ("heading", "4.2 Thresh", 1) in seen
    assert ("table", "Gift | Lim", len("Gift | Limit")) in seen
    assert ("page", "ber must.", 0) in seen


def test_a_numbered_first_heading_is_a_section_not_the_title() -> None:
    made = Canonical()
    made.heading(1, "1 Purpose")
    made.heading(2, "1.1 Aim")
    assert [(m.label, m.level) for m in made.build("T").landmarks] == [("1 Purpose", 1), ("1.1 Aim", 2)]


def test_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="no text"):
        Canonical().build()


def test_sha256_is_of_utf8() -> None:
    assert sha256_text("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
