"""``muniment eval judge`` and ``train judge`` on a folder of twenty small documents, without a model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.models.twins import HashingEmbedder
from tests.assistant.train.test_pairs import TEXTS
from tests.world import World
from ui.cli import main

Run = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def rulebook(tmp_path: Path) -> Path:
    rows = [
        {"_id": f"{n}-{m}", "title": "", "text": f"In case {n}: {text}", "metadata": {"document_id": n}}
        for n in range(20)
        for m, text in enumerate(TEXTS[:6])
    ]
    (tmp_path / "corpus.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return tmp_path


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setattr("assistant.build.build_embedder", lambda config: HashingEmbedder())
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


def test_the_judge_is_measured_beside_its_baselines(run: Run, rulebook: Path) -> None:
    code, body, err = run("eval", "judge", "--beir", rulebook, "--limit", 60, "--json")
    assert code == 0, err
    found = body["rulebook"]
    assert set(found["auroc"]) == {"judge", "lexical overlap", "cosine"}
    assert found["n"]["reworded"] + found["n"]["literal"] == found["n"]["changed"] > 10
    assert {"reworded_refused", "changed_shown", "changed_shown_upper_95"} <= found["shown"]["judge"].keys()
    assert body["milliseconds_per_answer"]["median"] > 0


def test_a_served_collection_is_changed(run: Run, world: World) -> None:
    world.ingest()
    name = next(iter(world.library().current().documents.values())).collection
    code, body, err = run("eval", "judge", "--collection", name, "--json")
    assert code == 0, err
    assert {"judge"} == set(body["counterfactual"])


def test_nothing_to_learn_or_measure_from_is_said(run: Run, tmp_path: Path) -> None:
    assert "give --beir, --collection or --labelled" in run("eval", "judge", "--json")[2]
    code, _, err = run("train", "judge", tmp_path / "out")
    assert code == 1
    assert "give --beir or --collection" in err
