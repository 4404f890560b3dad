"""What stands there word for word, and how two texts are set side by side."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evidence.differences import marked
from assistant.evidence.rules import stands_literally
from assistant.evidence.sentences import spans

PASSAGE = """4.2 Gifts
Staff may accept a gift worth up to £75, unless it is cash. A gift above £1,000 must be reported.
Staff must not:
- accept a loan;
- Sell a secret."""


@pytest.mark.parametrize(
    "sentence",
    [
        "Staff may accept a gift worth up to £75, unless it is cash.",
        "A gift  above £1,000 must be reported",
        "Staff may accept a gift worth up to £75, unless it is cash. A gift above £1,000 must be reported.",
    ],
)
def test_whole_sentences_are_quotations(sentence: str) -> None:
    found = stands_literally(sentence, PASSAGE)
    assert found is not None
    assert PASSAGE[slice(*found)].split()[0] == sentence.split()[0]


@pytest.mark.parametrize(
    "sentence",
    [
        "Staff may accept a gift worth up to £75.",
        "staff may accept a gift worth up to £75, unless it is cash.",
        "A gift above £1,000.5 must be reported.",
        "accept a loan;",
        "Accept a loan.",
        "Gifts",
        "",
        ".",
    ],
)
def test_parts_and_items_of_a_list_are_not(sentence: str) -> None:
    assert stands_literally(sentence, PASSAGE) is None


LIST = (
    "A firm must send: (a) its name; and (b) its address, unless it is known. (1) Names are kept.\n(2) Others are not."
)


@pytest.mark.parametrize(
    ("sentence", "quoted"),
    [
        ("A firm must send: (a) its name; and …", "A firm must send: (a) its name; and"),
        ("(1) Names are kept.", "(1) Names are kept."),
        ("(2) Others are not.", "(2) Others are not."),
    ],
)
def test_a_list_that_says_that_it_goes_on_and_a_numbered_paragraph_are(sentence: str, quoted: str) -> None:
    found = stands_literally(sentence, LIST)
    assert found is not None
    assert LIST[slice(*found)] == quoted


@pytest.mark.parametrize(
    "sentence", ["A firm must send: (a) its name; and", "A firm must send: (a) its name; and (b) its address, …"]
)
def test_a_cut_that_is_hidden_or_not_at_an_item_is_none(sentence: str) -> None:
    assert stands_literally(sentence, LIST) is None


def test_what_follows_a_colon_leans_on_it() -> None:
    assert stands_literally("Sell a secret.", "Staff must not:\nSell a secret.") is None


@given(text=st.text(alphabet="Ab7£ .:\n|-(’", max_size=60))
def test_a_quotation_is_a_stretch_of_whole_sentences(text: str) -> None:
    for start, end in spans(text):
        found = stands_literally(text[start:end], text)
        assert found is None or text[slice(*found)].strip()
    starts, ends = {s for s, _ in spans(text)}, {e for _, e in spans(text)}
    found = stands_literally(text, text)
    assert found is None or (found[0] in starts and found[1] in ends)


def test_only_differences_are_marked() -> None:
    claim, run = marked("Staff must accept gifts.", "Staff may accept gifts. The desk is open.")
    assert claim == "staff < must > accept gifts ."
    assert run == "staff < may > accept gifts . the desk is open ."


def test_what_was_left_out_is_marked_where_it_stands() -> None:
    claim, run = marked("Staff may accept gifts.", "Staff may accept gifts unless they are cash.")
    assert claim == "staff may accept gifts ."
    assert run == "staff may accept gifts < unless they are cash > ."


@given(text=st.text(max_size=60), other=st.text(max_size=60))
def test_equal_texts_have_no_marks_and_marks_are_paired(text: str, other: str) -> None:
    plain = "".join(c for c in text if c not in "<>")
    assert "<" not in "".join(marked(plain, plain))
    for written in marked(text, other):
        assert written.count("<") == written.count(">")
        assert [t for t in written.split() if t in "<>"] == ["<", ">"] * written.split().count("<")
