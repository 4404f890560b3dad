from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.models.twins import HashingEmbedder
from assistant.retrieve import FusedOrder
from eval.cases import read_cases
from eval.sections import find_all, summary
from tests.world import TODAY, World
from ui.cli import main

CASES: list[dict[str, Any]] = [
    {
        "id": "c1",
        "question": "What is a gift from a supplier worth?",
        "gold": [{"document": "gifts-2026.md", "section": "1"}],
    },
    {
        "id": "c2",
        "question": "violet cabinet suspicion reports",
        "gold": [{"document": "reports.md", "section": "1"}],
        "user": "mia",
    },
    {"id": "c3", "question": "violet cabinet suspicion reports", "gold": [{"document": "reports.md", "section": "1"}]},
    {"id": "c4", "question": "What is the weather?", "gold": [], "answerable": False},
]


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    file = tmp_path / "questions.jsonl"
    file.write_text("\n".join(json.dumps({"answerable": True, "kind": "single", **case}) for case in CASES))
    return file


def test_each_case_is_searched_as_its_own_user(served: World, cases: Path) -> None:
    found = {f.case.id: f for f in find_all(served.config, served.library(), FusedOrder(), read_cases(cases), TODAY)}
    assert found.keys() == {"c1", "c2", "c3"}
    assert found["c2"].place in (1, 2)
    assert found["c2"].covered == 1
    assert (found["c3"].place, found["c3"].covered) == (None, 0)  # Ann may not read the vault
    told = summary(list(found.values()))
    assert told["n"] == 3
    assert told["section_in_top_5"] == round(sum(f.covered > 0 for f in found.values()) / 3, 4)


def test_the_command_prints_one_object(
    world: World, cases: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("assistant.build.build_embedder", lambda config: HashingEmbedder())
    monkeypatch.chdir(world.root)
    monkeypatch.setattr("sys.argv", ["muniment", "eval", "sections", str(cases), "--json"])
    with pytest.raises(SystemExit) as end:
        main()
    body = json.loads(capsys.readouterr().out)
    assert end.value.code in (0, None)
    assert (body["schema_version"], body["n"]) == (1, 3)
