"""Short forms as documents explain them, slips of the pen, and what both do to a search."""

from __future__ import annotations

import string
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.knowledge.glossary import definitions, glossary
from assistant.knowledge.lexical import GLOSSARY_WEIGHT, SPELLING_WEIGHT, Bm25Searcher
from assistant.knowledge.spelling import meant, slips


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Do customer due diligence (CDD) first.", [("CDD", "customer due diligence")]),
        ("A Politically Exposed Person (“PEP”) is", [("PEP", "politically exposed person")]),
        ("the Bank for International Settlements (BIS)", [("BIS", "bank for international settlements")]),
        ('"MLRO" means the Money Laundering Reporting Officer.', [("MLRO", "money laundering reporting officer")]),
        ("| SAR | Suspicious activity report |", [("SAR", "suspicious activity report")]),
        ("AML (anti-money laundering) rules", [("AML", "anti-money laundering")]),
        ("The firm (FSRA) and the customer", []),
        ("Under AML Rule 4.2 and COBS 3", []),
        ("see (CDD)", []),
        ("(", []),
    ],
)
def test_definitions(text: str, found: list[tuple[str, str]]) -> None:
    assert list(definitions(text)) == found


@given(st.text(alphabet="ABab (|)means“”-,.", max_size=60))
def test_a_long_form_has_the_letters_of_the_short_one(text: str) -> None:
    for short, long in definitions(text):
        letters = [word[0].upper() for word in long.replace("-", " ").split() if word[0].isalpha()]
        assert set(short) <= set(letters)


def test_the_most_frequent_meaning_counts() -> None:
    texts = ["risk assessment (RA)", "risk appetite (RA)", "risk appetite (RA)"]
    assert glossary(texts) == {"RA": "risk appetite"}


WORD = st.text(alphabet=string.ascii_lowercase, min_size=5, max_size=9)


@given(word=WORD, at=st.integers(1, 3), letter=st.sampled_from("aeixz"), kind=st.integers(0, 3))
def test_one_slip_is_put_right(word: str, at: int, letter: str, kind: int) -> None:
    wrong = [
        word[:at] + word[at + 1 :],
        word[:at] + letter + word[at:],
        word[:at] + letter + word[at + 1 :],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
    ][kind]
    assert word in set(slips(wrong))
    if len(wrong) >= 5 and wrong != word:
        assert meant(wrong, {word: 3, "other": 9}) == word


def test_what_is_not_guessed() -> None:
    known = {"gifts": 5, "gifty": 2, "lifts": 9}
    assert meant("giftz", known) == "gifts"  # the first letter is trusted, then the more frequent
    assert meant("gift", known) == ""
    assert meant("8.1.1", known) == ""
    assert meant("entirely", known) == ""


TEXTS = [
    "customer due diligence (CDD) is done first",
    "CDD is repeated yearly",
    "a customer pays",
    "the register of gifts",
]


def test_a_search_for_the_long_form_finds_the_short_one_and_back(tmp_path: Path) -> None:
    everything = np.ones(len(TEXTS), dtype=np.bool_)
    built = Bm25Searcher.build(TEXTS)
    built.save(tmp_path)
    for searcher in (built, Bm25Searcher.load(tmp_path)):
        assert searcher.asked("customer due diligence")["cdd"] == GLOSSARY_WEIGHT
        assert searcher.asked("the cdd")["dilig"] == GLOSSARY_WEIGHT
        (found,) = searcher.search(["How is customer due diligence repeated?"], 4, everything)
        assert {0, 1} <= {f.row for f in found}
        assert searcher.asked("regsiter")["regist"] == SPELLING_WEIGHT
        (found,) = searcher.search(["regsiter"], 4, everything)
        assert [f.row for f in found] == [3]
        assert searcher.asked("0") == {"0": 1.0}  # too short to guess from
