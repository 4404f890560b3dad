from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import InputError
from eval.split import judged_queries, parts, train_queries, validation_queries

ids = st.integers(0, 60).map(str)
judgements = st.dictionaries(ids, st.sets(ids, min_size=1, max_size=3), max_size=80)


@given(judgements)
def test_no_gold_passage_stands_on_both_sides(gold: dict[str, set[str]]) -> None:
    part = parts(gold)
    train = {p for q, ps in gold.items() if part[q] == "train" for p in ps}
    held = {p for q, ps in gold.items() if part[q] == "validation" for p in ps}
    assert not train & held


@given(judgements, st.randoms(use_true_random=False))
def test_order_changes_nothing(gold: dict[str, set[str]], rng: object) -> None:
    items = list(gold.items())
    rng.shuffle(items)  # type: ignore[attr-defined]  # a random.Random
    assert parts(dict(items)) == parts(gold)


def test_about_a_quarter_measures_even_beside_one_large_group() -> None:
    gold = {f"q{n}": {f"p{n}"} for n in range(2000)} | {f"r{n}": {"hub"} for n in range(1500)}
    part = parts(gold)
    held = [q for q, name in part.items() if name == "validation"]
    assert all(part[f"r{n}"] == "train" for n in range(1500))
    assert 0.22 < len(held) / len(gold) < 0.28


def test_the_division_is_the_same_as_ever() -> None:
    part = parts({f"q{n}": {f"p{n}"} for n in range(20)})
    assert [q for q, name in part.items() if name == "validation"] == ["q7", "q10", "q11", "q12", "q15", "q17"]


def beir(folder: Path) -> Path:
    (folder / "qrels").mkdir()
    rows = [{"_id": f"q{n}", "text": f"May  Clerk {n} sign?"} for n in range(40)]
    (folder / "queries.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    (folder / "qrels" / "dev.tsv").write_text(
        "query-id\tcorpus-id\tscore\n" + "".join(f"q{n}\tp{n}\t{int(n != 39)}\n" for n in range(40))
    )
    return folder


def test_excluded_questions_are_never_in_training_and_the_rest_stays_put(tmp_path: Path) -> None:
    folder = beir(tmp_path)
    before = [q.id for q in train_queries(folder)]
    after = [q.id for q in train_queries(folder, exclude={"may clerk 0 SIGN?", "May Clerk 7 sign?"})]
    assert after == [q for q in before if q not in {"q0", "q7"}]
    assert sorted(before + [q.id for q in validation_queries(folder)]) == sorted(f"q{n}" for n in range(39))


def test_a_folder_that_is_no_dataset_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"dev\.tsv"):
        judged_queries(tmp_path)
