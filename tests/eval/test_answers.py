"""The citing protocol's arithmetic, and one pass over it with the models' twins."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.config import Gate, GeneratorSection, JudgeSection, Needed, Prompt
from assistant.errors import InputError
from assistant.evidence.compose import Composer
from assistant.evidence.support import OverlapJudge
from assistant.models.twins import HashingEmbedder, ScriptedGenerator
from assistant.retrieve import FusedOrder
from eval.answer_measures import baselines, measures, write_per_item
from eval.answers import Asker, Said
from eval.contexts import Given
from eval.items import Item, read_items, score, spread
from eval.retrieval import read_per_query
from eval.significance import compare

PASSAGES = (
    "A gift worth more than £75 must be refused.",
    "Complaint files are kept for six years.",
    "Tickets are bought by the branch.",
)
KEYS = ("p", "q", "r")
ITEM = Item(
    id="a",
    kind="one",
    question="How long are complaint files kept?",
    passages=PASSAGES,
    ids=KEYS,
    gold=frozenset({"p"}),
)
NONE = replace(ITEM, id="b", kind="none", gold=frozenset())
ids = st.frozensets(st.sampled_from("pqrst"))


@given(gold=ids, cited=ids)
def test_scores_are_shares_and_perfect_only_when_the_same(gold: frozenset[str], cited: frozenset[str]) -> None:
    precision, recall = score(gold, cited)
    assert 0 <= precision <= 1
    assert 0 <= recall <= 1
    assert (precision == recall == 1) == (gold == cited)
    if not cited:
        assert (precision, recall) == ((0, 0) if gold else (1, 1))


def given_contexts(*items: Item) -> Given:
    return Given(items, HashingEmbedder(), FusedOrder())


def composer(reply: str) -> Composer:
    return Composer(
        generator=ScriptedGenerator([reply]),
        judge=OverlapJudge(HashingEmbedder(), JudgeSection()),
        embedder=HashingEmbedder(),
        reranker=FusedOrder(),
        section=GeneratorSection(composition="free"),
        prompt=Prompt(),
        needed=Needed(),
    )


def asked(
    reply: str, *items: Item, gate: float, whole_curve: bool = True, tell: Callable[[Said], None] = lambda _: None
) -> list[Said]:
    asker = Asker(
        composer=composer(reply),
        contexts=given_contexts(*items),
        gate=Gate(threshold=gate),
        whole_curve=whole_curve,
    )
    return asker.ask_all(tell)


SIX = "Complaint files are kept for six years. [2]"
OPEN, CLOSED = Gate(threshold=0.0), Gate(threshold=1.0)


def test_a_pass_counts_what_was_shown() -> None:
    told: list[Said] = []
    said = asked(SIX, ITEM, gate=0.0, tell=told.append)
    assert said[0].cited == said[0].would_cite == frozenset({"q"})
    assert [(s.cited, s.stands, s.quoted) for s in said[0].shown] == [(frozenset({"q"}), True, True)]
    assert said[0].text == SIX
    assert said[0].spent.tokens == 8
    assert told == said
    found = measures(said, OPEN, lambda item: True)
    assert (found["citation_precision"], found["abstained"], found["support_rate"]) == (0.0, 0.0, 1.0)
    assert (found["sentence_citation_rate"], found["gold_within_reach"]) == (0.0, 1.0)
    assert (found["quote_support_rate"], found["withheld_rate"]) == (1.0, 0.0)
    assert found["by_training"]["seen"] == {"n": 0}
    assert found["by_kind"]["one"]["n"] == 1


def test_what_the_judge_withheld_is_counted() -> None:
    (said,) = asked(f"{SIX} Pelicans must sign it twice. [1]", ITEM, gate=0.0)
    assert (len(said.shown), said.withheld) == (1, 1)
    assert measures([said], OPEN)["withheld_rate"] == 0.5


def test_a_closed_gate_abstains_and_scores_only_where_nothing_is_gold() -> None:
    said = asked(SIX, ITEM, NONE, gate=1.0)
    found = measures(said, CLOSED)
    assert found["by_kind"]["one"]["citation_recall"] == 0.0
    assert found["by_kind"]["none"]["citation_recall"] == 1.0
    assert (found["abstained"], found["support_rate"], found["withheld_rate"]) == (1.0, None, None)
    assert [one.would_cite for one in said] == [frozenset({"q"})] * 2
    assert found["abstention"]["risk_at_coverage"]["1.0"] == 1.0


def test_answers_behind_the_gate_need_not_be_written() -> None:
    said = asked(SIX, ITEM, NONE, gate=1.0, whole_curve=False)
    assert [one.would_cite for one in said] == [None, None]
    found = measures(said, CLOSED)["abstention"]
    assert (found["risk_at_coverage"]["0.5"], found["curve"]) == (None, [])


def test_constants_stand_beside() -> None:
    found = baselines(asked(SIX, ITEM, gate=1.0))
    assert found["cite_all"]["by_kind"]["one"] == {"citation_precision": 0.3333, "citation_recall": 1.0}
    assert found["cite_rerankers_first_two"]["citation_precision"] == 0.5


def test_a_reference_is_held_against_answers_only() -> None:
    known = replace(ITEM, gold=frozenset({"q"}), answer="Files must be kept for six years [2].")
    (said,) = asked(SIX, known, gate=0.0)
    assert said.correct is not None
    assert (said.correct.key_facts, round(said.correct.token_f1, 4)) == (0.5, 0.7143)
    (silent,) = asked(SIX, known, gate=1.0)
    found = measures([said, silent], OPEN)["correctness"]
    assert (found["references"], found["n"], found["key_facts"]) == (2, 1, 0.5)


def test_rows_are_compared_item_by_item(tmp_path: Path) -> None:
    known = replace(ITEM, answer="Files are kept.")
    write_per_item(asked(SIX, known, NONE, gate=0.0), tmp_path / "rows")
    write_per_item(asked(SIX, known, NONE, gate=1.0), tmp_path / "silent")
    rows = [json.loads(line) for line in (tmp_path / "rows").read_text().splitlines()]
    assert [(row["cited"], row["gold"]) for row in rows] == [(["q"], ["p"]), (["q"], [])]
    found = compare(read_per_query(tmp_path / "rows"), read_per_query(tmp_path / "silent"))
    assert found["citation_recall"]["difference"] == 0.5
    assert found["gold_within_reach"]["queries"] == 1
    assert "token_f1" not in found, "nothing can be compared that only one of them has"
    with pytest.raises(InputError, match="can't be written"):
        write_per_item([], tmp_path / "absent" / "rows")


def test_a_limit_keeps_the_kinds_shares() -> None:
    items = [replace(ITEM, id=f"{k}{n}", kind=k) for k in "ab" for n in range(20)]
    kept = spread(items, 10)
    assert [sum(i.kind == k for i in kept) for k in "ab"] == [5, 5]
    assert kept == spread(items[::-1], 10)


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"id": "a"}', '{"id":"a","kind":"one","question":"?","passages":[1],"gold":[]}']
)
def test_a_line_that_is_no_item_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "items.jsonl"
    good = {"id": "a", "kind": "one", "question": "?", "passages": [{"_id": "x", "text": "t"}], "gold": ["x"]}
    file.write_text(f"{json.dumps(good)}\n", encoding="utf-8")
    assert (read_items(file)[0].gold, read_items(file)[0].places) == (frozenset({"x"}), frozenset({0}))
    file.write_text(f"{json.dumps(good)}\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"items\.jsonl:2"):
        read_items(file)
    with pytest.raises(InputError, match="can't be read"):
        read_items(tmp_path / "absent.jsonl")
    file.write_text("\n")
    with pytest.raises(InputError, match="holds no item"):
        read_items(file)
