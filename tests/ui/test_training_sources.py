"""What ``muniment train`` may learn from: nothing that measures, unless it is asked for by name."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from assistant.errors import InputError
from eval.split import validation_queries
from ui.training_sources import HeldOut, Sources


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """40 passages, a question each; a written question about each, and a cited answer that rests on each."""
    (tmp_path / "qrels").mkdir()
    numbers = range(40)
    lines(tmp_path / "corpus.jsonl", [{"_id": f"p{n}", "title": "", "text": f"Clerk {n} may sign."} for n in numbers])
    lines(tmp_path / "queries.jsonl", [{"_id": f"q{n}", "text": f"May clerk {n} sign?"} for n in numbers])
    lines(tmp_path / "written.jsonl", [{"question": f"Who signs, {n}?", "passage": f"p{n}"} for n in numbers])
    lines(
        tmp_path / "cited.jsonl",
        [{"question": f"Is it {n}?", "passages": [{"text": f"Clerk {n} may  SIGN."}]} for n in numbers],
    )
    lines(tmp_path / "citing.jsonl", [{"question": "Who signs, 3?"}, {"question": "may  clerk 4 sign?"}])
    (tmp_path / "qrels" / "dev.tsv").write_text(
        "query-id\tcorpus-id\tscore\n" + "".join(f"q{n}\tp{n}\t1\n" for n in numbers)
    )
    return tmp_path


def lines(file: Path, rows: list[dict[str, object]]) -> None:
    file.write_text("\n".join(map(json.dumps, rows)))


def taken(folder: Path, held_out: HeldOut = HeldOut.PASSAGES) -> Sources:
    return Sources.of(
        str(folder),
        [str(folder / "cited.jsonl")],
        None,
        folder / "citing.jsonl",
        written=[str(folder / "written.jsonl")],
        held_out=held_out,
    )


def test_no_passage_that_measures_is_learnt_by_any_door(folder: Path) -> None:
    sources, held = taken(folder), {key for query in validation_queries(folder) for key in query.gold}
    learnt = {key for _, gold in sources.rulebook(random.Random(0)) for key in gold}
    ((_, answers),) = sources.answers(random.Random(0))
    assert held
    assert learnt == {f"p{n}" for n in range(40)} - held
    assert {row["question"] for row in answers} == {f"Is it {key[1:]}?" for key in learnt}


def test_only_the_questions_may_be_held_out(folder: Path) -> None:
    sources = taken(folder, held_out=HeldOut.QUESTIONS)
    held = {query.text for query in validation_queries(folder)}
    learnt = [text for text, _ in sources.rulebook(random.Random(0))]
    assert held
    assert not held & set(learnt)
    assert {text for text in learnt if text.startswith("Who")} == {f"Who signs, {n}?" for n in range(40) if n != 3}


def test_a_release_may_learn_from_everything_but_what_is_excluded(folder: Path) -> None:
    sources = taken(folder, held_out=HeldOut.NOTHING)
    questions = [text for text, _ in sources.rulebook(random.Random(0))]
    barred = {"Who signs, 3?", "May clerk 4 sign?"}
    everything = {f"May clerk {n} sign?" for n in range(40)} | {f"Who signs, {n}?" for n in range(40)}
    assert sorted(questions) == sorted(everything - barred)
    assert sources.told() == [folder.name, "written.jsonl", "cited.jsonl", "held out of the validation part: nothing"]


def test_questions_come_with_the_texts_of_their_gold_passages(folder: Path) -> None:
    sources, held = taken(folder), {key for query in validation_queries(folder) for key in query.gold}
    golden = dict(sources.golden(random.Random(0)))
    assert not {text for gold in golden.values() for text in gold} & {f"Clerk {key[1:]} may sign." for key in held}
    assert {"Who signs, 3?", "May clerk 4 sign?"}.isdisjoint(golden)
    free = next(n for n in range(40) if f"p{n}" not in held and n not in (3, 4))
    assert golden[f"May clerk {free} sign?"] == [f"Clerk {free} may sign."]
    assert golden[f"Is it {free}?"] == [f"Clerk {free} may  SIGN."]


def test_a_source_gives_at_most_what_is_asked(folder: Path) -> None:
    sources = Sources.of(f"{folder}=5", None, None, None, written=[f"{folder / 'written.jsonl'}=7"])
    assert len(sources.rulebook(random.Random(0))) == 12
    with pytest.raises(InputError, match="the number of questions"):
        Sources.of(f"{folder}=few", None, None, None)


def test_what_is_about_a_folder_needs_it(folder: Path) -> None:
    with pytest.raises(InputError, match="give --beir"):
        Sources.of(None, [str(folder / "cited.jsonl")], None, None, written=[str(folder / "written.jsonl")])
