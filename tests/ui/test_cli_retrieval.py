"""``muniment eval retrieval`` and ``eval compare`` on a folder of six passages."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.models.twins import HashingEmbedder
from assistant.retrieve import FusedOrder
from tests.world import World
from ui.cli import main

PASSAGES = ["gift limit", "gift register", "violet cabinet", "complaint letter", "three working days", "six years"]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    folder = tmp_path / "set"
    (folder / "qrels").mkdir(parents=True)
    rows = [{"_id": f"p{n}", "title": f"{n}.", "text": text} for n, text in enumerate(PASSAGES)]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, rows)))
    asked = [{"_id": f"q{n}", "text": text} for n, text in enumerate(PASSAGES)]
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, asked)))
    judged = [("q0", "p0"), ("q1", "p1"), ("q2", "gone"), ("missing", "p3"), ("q4", "p0")]
    lines = ["query-id\tcorpus-id\tscore", *(f"{q}\t{p}\t1" for q, p in judged)]
    (folder / "qrels" / "dev.tsv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def run(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, dict[str, Any], str]]:
    monkeypatch.setattr("assistant.build.build_embedder", lambda config: HashingEmbedder())
    monkeypatch.setattr("assistant.build.build_reranker", lambda config: FusedOrder())
    monkeypatch.chdir(world.root)

    def go(*arguments: object) -> tuple[int, dict[str, Any], str]:
        monkeypatch.setattr("sys.argv", ["muniment", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        told = capsys.readouterr()
        return code, json.loads(told.out) if told.out.startswith("{") else {}, told.err

    return go


def test_one_object_with_measures_and_what_was_unknown(
    run: Callable[..., tuple[int, dict[str, Any], str]], dataset: Path, tmp_path: Path
) -> None:
    code, body, _ = run(
        *("eval", "retrieval", "--dataset", dataset, "--split", "dev", "--k", "1,3", "--json"),
        *("--per-query", tmp_path / "a"),
    )
    assert code == 0
    assert body["recall@1"] == 0.5  # two of four: the gold of q2 is not there, q4's is another passage
    assert (body["queries"], body["unknown_queries"], body["unknown_passages"]) == (4, 1, 1)
    assert {"map@3", "ndcg@3", "all@3", "seconds"} <= body.keys()
    code, body, _ = run("eval", "compare", tmp_path / "a", tmp_path / "a", "--json")
    assert (code, body["recall@1"]["difference"], body["recall@1"]["p"]) == (0, 0.0, 1.0)


def test_a_report_measures_at_more_depths(
    run: Callable[..., tuple[int, dict[str, Any], str]], dataset: Path, tmp_path: Path
) -> None:
    told = ("--dataset", dataset, "--split", "dev", "--k", "4", "--report", tmp_path / "report", "--json")
    code, body, err = run("eval", "retrieval", *told)
    assert code == 0, err
    assert {"recall@1", "recall@3", "recall@4", "by_question_type"} <= body.keys()
    assert f"{body['map@3']:.3f}" in (tmp_path / "report" / "report.html").read_text(encoding="utf-8")


def test_the_two_parts_are_the_whole(run: Callable[..., tuple[int, dict[str, Any], str]], dataset: Path) -> None:
    asked = []
    for part in ("train", "validation"):
        _, body, err = run("eval", "retrieval", "--dataset", dataset, "--split", "dev", "--part", part, "--json")
        asked.append(body.get("queries", 0))
        assert body or f"part {part}" in err
    assert sum(asked) == 4


def test_cited_answers_are_asked_by_kind(run: Callable[..., tuple[int, dict[str, Any], str]], dataset: Path) -> None:
    rows = [
        {
            "id": "a",
            "kind": "two",
            "question": "gift limit register",
            "passages": [{"_id": "p5"}],
            "gold": ["p0", "p1"],
        },
        {"id": "b", "kind": "none", "question": "weather", "passages": [{"_id": "p5"}], "gold": []},
        {"id": "c", "question": "violet cabinet", "passages": [{"_id": "p2"}]},
    ]
    (dataset / "cited.jsonl").write_text("\n".join(map(json.dumps, rows)))
    cited = ("--dataset", dataset, "--cited", dataset / "cited.jsonl", "--json")
    _, body, _ = run("eval", "retrieval", *cited, "--k", "2")
    assert (body["queries"], body["all@2"]) == (2, 1.0)
    _, body, _ = run("eval", "retrieval", *cited, "--kind", "two")
    assert body["queries"] == 1


def test_each_step_against_the_one_before(run: Callable[..., tuple[int, dict[str, Any], str]], dataset: Path) -> None:
    code, body, _ = run("eval", "steps", "--dataset", dataset, "--part", "all", "--json")
    assert code == 0
    assert list(body["steps"]) == ["BM25", "encoder", "fused", "fused, references"]
    assert all(0 < p <= 1 for p in body["steps"]["fused"]["p against BM25"].values())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--split", "test"], "test.tsv"), (["--split", "dev", "--k", "ten"], "--k"), (["--part", "half"], "--part")],
)
def test_what_is_wrong_is_one_line(
    run: Callable[..., tuple[int, dict[str, Any], str]], dataset: Path, arguments: list[str], message: str
) -> None:
    code, body, err = run("eval", "retrieval", "--dataset", dataset, "--json", *arguments)
    assert (code, body) == (1, {})
    assert message in err.splitlines()[-1]
