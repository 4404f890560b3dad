"""Cases with the gate open: without its gold sections a question finds none of them, and what may not be seen stays unseen."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from assistant.answer import Assistant
from eval.calibrate import answer_all
from eval.cases import Case, Gold, covered
from eval.open_gate import opened, venture
from tests.ui.project import assistant_of, make

FILES = Case(
    id="files",
    question="How long are complaint files kept?",
    gold=(Gold(document="complaints.pdf", section="1"),),
    answerable=True,
    user="ann",
    as_of=None,
    kind="single",
)
GIFTS = replace(
    FILES,
    id="gifts",
    question="Up to what worth may staff accept a gift?",
    gold=(Gold(document="gifts-2026.md", section="1"),),
    as_of=date(2026, 8, 1),
)
NOWHERE = replace(FILES, id="nowhere", question="What is the mortgage rate?", gold=(), answerable=False)


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    return assistant_of(make(tmp_path_factory.mktemp("open-gate")))


@pytest.mark.parametrize("case", [FILES, GIFTS])
def test_without_its_gold_sections_none_of_them_is_found(assistant: Assistant, case: Case) -> None:
    def places(*, without_gold: bool) -> list[tuple[str, str]]:
        found = opened(assistant, case, without_gold=without_gold).composition.evidence
        return [(hit.document.uri, hit.passage.where) for hit in found]

    assert covered(case.gold, places(without_gold=False)) == 1
    assert covered(case.gold, places(without_gold=True)) == 0
    assert not any("reports.md" in uri or "gifts-2024" in uri for uri, _ in places(without_gold=True))


def test_each_case_is_asked_and_those_with_gold_once_more(assistant: Assistant) -> None:
    told: list[str] = []
    made = venture(assistant, [FILES, NOWHERE, GIFTS], told.append)
    assert [len(part) for part in (made.answerable, made.without_gold, made.unanswerable)] == [2, 2, 1]
    assert made.answerable[0].gold == {"complaints.pdf 1"}
    assert made.answerable[0].cites == frozenset({"complaints.pdf 1"})
    assert all(one.gold == frozenset() for one in (*made.without_gold, *made.unanswerable))
    assert all("complaints.pdf 1" not in (one.cites or ()) for one in made.without_gold)
    assert len(told) == 5


def test_nothing_is_written_where_no_curve_is_wanted(assistant: Assistant) -> None:
    made = venture(assistant, [FILES], lambda _: None, written=False)
    assert [one.cites for one in (*made.answerable, *made.without_gold)] == [None, None]


def test_to_calibrate_a_question_is_asked_without_its_gold_sections_too(assistant: Assistant) -> None:
    rows = answer_all(assistant, [FILES, NOWHERE], lambda row: None, without_gold=True)
    assert [(row.id, row.answerable, row.right) for row in rows] == [
        ("files", True, True),
        ("files without gold", False, False),
        ("nowhere", False, False),
    ]
    assert [row.id for row in answer_all(assistant, [FILES, NOWHERE], lambda row: None)] == ["files", "nowhere"]
