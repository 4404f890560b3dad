"""``muniment eval answers`` from the command line, on twins of the models and a corpus of four passages."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.build import Engines
from assistant.models.twins import HashingEmbedder, ScriptedGenerator
from eval.report import shown
from tests.world import World
from ui.cli import main

Run = Callable[..., tuple[int, dict[str, Any], str]]
TEXTS = {
    "a": "Complaint files are kept for six years.",
    "b": "A gift worth more than £75 must be refused.",
    "c": "Tickets are bought by the branch.",
    "d": "The letter is written within three working days.",
}
ITEMS: list[dict[str, Any]] = [
    {"id": "1", "kind": "one", "question": "How long are complaint files kept?", "gold": ["a"]},
    {"id": "2", "kind": "one", "question": "Which gift must be refused?", "gold": ["b"]},
    {"id": "3", "kind": "none", "question": "Who waters the plants?", "gold": []},
]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    file = tmp_path / "items.jsonl"
    passages = [{"_id": key, "text": text} for key, text in TEXTS.items()]
    file.write_text("\n".join(json.dumps({**item, "passages": passages, "answer": None}) for item in ITEMS))
    return file


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    rows = [{"_id": key, "title": "", "text": text} for key, text in TEXTS.items()]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    engines = Engines(embedder=HashingEmbedder(), generator=ScriptedGenerator(), device="cpu")
    monkeypatch.setattr("assistant.build.build_engines", lambda config: engines)
    monkeypatch.chdir(world.root)

    def go(*arguments: object) -> tuple[int, dict[str, Any], str]:
        config = world.root / "configs" / "default.toml"
        monkeypatch.setattr("sys.argv", ["muniment", "eval", *map(str, arguments), "--json"])
        if arguments[0] == "answers":
            monkeypatch.setattr(
                "sys.argv", ["muniment", "eval", *map(str, arguments), "--config", str(config), "--json"]
            )
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        told = capsys.readouterr()
        return code, json.loads(told.out) if told.out.startswith("{") else {}, told.err

    return go


def test_given_passages(run: Run, dataset: Path) -> None:
    code, body, err = run("answers", "--dataset", dataset)
    assert code == 0, err
    assert (body["contexts"], body["n"], set(body["by_kind"])) == ("given", 3, {"none", "one"})
    assert {"cite_all", "cite_rerankers_first_two"} == body["baselines"].keys()


def test_retrieved_passages(run: Run, dataset: Path, corpus: Path, tmp_path: Path) -> None:
    retrieved = ("answers", "--dataset", dataset, "--contexts", "retrieved", "--corpus", corpus)
    code, body, err = run(*retrieved, "--per-item", tmp_path / "rows", "--report", tmp_path / "report")
    assert code == 0, err
    for file in ("report.md", "report.html"):
        text = (tmp_path / "report" / file).read_text(encoding="utf-8")
        assert shown(body["citation_precision"]) in text
        assert shown(body["abstention"]["auroc"]) in text
    assert (body["contexts"], body["corpus"], body["n"]) == ("retrieved", "corpus", 4)
    assert (body["not_asked"], body["unknown_gold"]) == (1, 0)
    code, body, err = run("compare", tmp_path / "rows", tmp_path / "rows")
    assert (code, body["queries"], body["citation_precision"]["difference"]) == (0, 4, 0.0), err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--contexts", "retrieved"], "belong together"),
        (["--corpus", "somewhere"], "belong together"),
        (["--report", "configs/default.toml"], "can't be made"),
        (["--contexts", "retrieved", "--corpus", "absent"], "absent/corpus.jsonl can't be read"),
    ],
)
def test_what_is_wrong_is_one_line(run: Run, dataset: Path, arguments: list[str], message: str) -> None:
    code, body, err = run("answers", "--dataset", dataset, *arguments)
    assert (code, body) == (1, {})
    assert message in err.splitlines()[-1]


def test_a_corpus_needs_items_with_gold(run: Run, dataset: Path, corpus: Path) -> None:
    dataset.write_text(json.dumps({**ITEMS[2], "passages": []}))
    code, _, err = run("answers", "--dataset", dataset, "--contexts", "retrieved", "--corpus", corpus)
    assert code == 1
    assert "nothing to find" in err
