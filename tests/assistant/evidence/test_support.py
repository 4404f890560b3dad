"""The hard rules of the overlap judge, one planted change a case: the true sentence is supported, the changed one is not."""

from __future__ import annotations

import re

import pytest

from assistant.config import JudgeSection
from assistant.evidence.rules import numbers
from assistant.evidence.support import OverlapJudge
from assistant.models.twins import HashingEmbedder
from assistant.types import Judgement

PASSAGE = """4.2 Gifts
Staff may accept a gift worth up to £75. A gift above £1,000 must be reported to the FCA within thirty days. Staff must not \
accept cash. The form is called “record of received hospitality”. Section 8.1.1(a) applies to the Board.

| Severity | Report within | To whom |
| 1 | 1 hour | Head of Operations |
| 2 | 4 hours | Duty manager |"""


def judge(sentence: str, passage: str = PASSAGE) -> Judgement:
    (found,) = OverlapJudge(HashingEmbedder(), JudgeSection()).judge(sentence, [passage])
    return found


@pytest.mark.parametrize(
    "sentence",
    [
        "Staff may accept a gift worth up to £75.",
        "A gift above £1000 must be reported to the FCA within 30 days.",
        "Staff must not accept cash.",
        "The form is called “record of received hospitality”.",
        "Section 8.1.1(a) applies to the Board.",
        "2 – Report within: 4 hours; To whom: Duty manager.",
    ],
)
def test_what_stands_there_is_supported(sentence: str) -> None:
    found = judge(sentence)
    assert found.verdict == "supported", found


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("Staff may accept a gift worth up to £57.", "the figure 57"),
        ("A gift above £1,000 must be reported to the FCA within forty days.", "the figure 40"),
        ("Section 8.1.1(b) applies to the Board.", r"the figure 8\.1\.1\(b\)"),
        ("Staff must accept a gift worth up to £75.", "it says must"),
        ("A gift above £1,000 may be reported to the FCA within thirty days.", "it says may"),
        ("Staff may not accept a gift worth up to £75.", "negated"),
        ("Staff must accept cash.", "negated"),
        ("The form is called “record of gifts and hospitality”.", "quoted words"),
        ("A gift above £1,000 must be reported to the PRA within thirty days.", "PRA does not"),
        ("2 – Report within: 9 hours; To whom: Duty manager.", "the figure 9"),
    ],
)
def test_a_changed_one_is_not(sentence: str, reason: str) -> None:
    found = judge(sentence)
    assert found.verdict == "unsupported"
    assert found.score <= JudgeSection().partial
    assert re.search(reason, found.reason), found.reason


def test_a_figure_in_another_sentence_of_the_passage_does_not_count_where_it_is_far() -> None:
    far = "Gifts are worth £75. " + "The desk is open on weekdays. " * 4 + "Flowers cost a crown. Wine costs £20."
    assert judge("Gifts are worth £20.", far).verdict != "supported"


def test_the_span_is_the_shortest_run_that_says_it() -> None:
    found = judge("Staff must not accept cash.")
    assert PASSAGE[found.start : found.end] == "Staff must not accept cash."


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("£1,000 and 1000", {"1000"}),
        ("within five working days, once", {"5"}),
        ("Rule 8.1.1(a)", {"8.1.1(a)"}),
        ("one may", set()),
        ("3.5 % of twenty", {"3.5", "20"}),
        ("no figure", set()),
    ],
)
def test_figures_in_digits_and_words(text: str, found: set[str]) -> None:
    assert numbers(text) == found
