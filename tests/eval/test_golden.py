"""The gate asks a collection's golden questions of the candidate, against a floor and against what was published last."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from assistant.config import load
from assistant.errors import InputError
from assistant.knowledge import snapshot as snapshots
from assistant.models.twins import HashingEmbedder
from ingest.pipeline import Report, Request
from tests.world import CONFIG, World, quiet
from ui.ingestion import pipeline_of

CASES = (
    ("How long are complaint files kept?", "complaints.md", "2", "ann"),
    ("How soon must a complaint be acknowledged in writing?", "complaints.md", "1", "ann"),
    ("Up to what worth may staff accept a gift from a supplier?", "gifts-2026.md", "1", "nobody-configured"),
)
LOW = CONFIG + "\n[publish]\ngolden_min = 0.0\ngolden_answers = 0\n"


def write_cases(world: World, cases: tuple[tuple[str, str, str, str], ...] = CASES) -> None:
    rows = [
        {
            "id": f"q{n}",
            "question": asked,
            "gold": [{"document": document, "section": section}],
            "answerable": True,
            "user": user,
            "as_of": "2026-11-21",
            "kind": "single",
        }
        for n, (asked, document, section, user) in enumerate(cases)
    ]
    world.write("corpora/rules/questions.jsonl", "\n".join(json.dumps(row) for row in rows))


def ingest(world: World, **request: Any) -> Report:
    return pipeline_of(world.config, quiet, HashingEmbedder(), world.assistant).run(Request(**request))


def said(report: Report, name: str = "golden questions") -> Mapping[str, Any]:
    """The check of that name."""
    assert report.verdict is not None
    (check,) = (c for c in report.verdict["checks"] if c["name"] == name)
    assert isinstance(check, Mapping)
    return check


def without_files(world: World) -> None:
    file = world.root / "corpora/rules/complaints.md"
    text = file.read_text(encoding="utf-8")
    file.write_text(text[: text.index("## 2 Files")], encoding="utf-8")


def test_what_is_found_is_measured_and_kept_with_the_publication(world: World) -> None:
    write_cases(world)
    world.write("corpora/vault/note.md", "# Note\n\nThe key hangs behind the door.\n")
    check = said(ingest(world))
    assert (check["passed"], check["said"]) == (True, "Found among the first passages: 100% of 3 in rules.")
    measures = check["measures"]["rules"]
    assert (measures["found"], measures["n"], measures["top"], measures["missed"]) == (1.0, 3, 10, [])
    assert check in world.catalogue.publications()[-1]["verdict"]["checks"]


def test_too_few_found_is_no_publication(world: World) -> None:
    write_cases(world)
    before = snapshots.current_id(world.data)
    without_files(world)
    with pytest.raises(InputError, match=r"67% are found, less than 70% \(publish\.golden_min\); not found are q0"):
        ingest(world)
    assert snapshots.current_id(world.data) == before
    report = ingest(world, force=True, why="the section was dropped on purpose", who="ann")
    assert report.published
    last = world.catalogue.publications()[-1]
    assert (last["forced"], last["why"]) == (True, "the section was dropped on purpose")


def test_a_drop_against_the_last_published_is_no_publication(world: World) -> None:
    world.write("configs/default.toml", LOW)
    write_cases(world)
    world.write("corpora/vault/note.md", "# Note\n\nThe key hangs behind the door.\n")
    assert ingest(world).published
    without_files(world)
    with pytest.raises(InputError, match="67% are found, 100% before: a drop of more than 3%"):
        ingest(world)
    write_cases(world, CASES[1:])  # other questions: nothing to compare with
    assert ingest(world).published


def test_a_question_is_asked_as_its_user(world: World) -> None:
    write_cases(world, (("What takes suspicion reports?", "reports.md", "1", "ann"),))
    (world.root / "corpora/rules/questions.jsonl").rename(world.root / "corpora/vault/questions.jsonl")
    world.write("corpora/vault/note.md", "# Note\n\nThe key hangs behind the door.\n")
    with pytest.raises(InputError, match="Of 1 golden questions of vault 0% are found"):
        ingest(world)


def test_questions_that_cant_be_read_are_no_pass(world: World) -> None:
    world.write("corpora/rules/questions.jsonl", "{no json\n")
    world.write("corpora/vault/note.md", "# Note\n\nThe key hangs behind the door.\n")
    with pytest.raises(InputError, match=r"questions\.jsonl:1 is not a case"):
        ingest(world)


def test_a_collection_without_questions_passes_and_says_so(world: World) -> None:
    world.write("corpora/vault/note.md", "# Note\n\nThe key hangs behind the door.\n")
    check = said(ingest(world))
    assert (check["passed"], check["measures"]) == (True, {})
    assert "so none were asked" in check["said"]


def test_the_questions_of_a_collection_not_looked_at_are_asked_too(world: World) -> None:
    write_cases(world)
    world.write("corpora/vault/note.md", "# Note\n\nThe key hangs behind the door.\n")
    check = said(ingest(world, paths=(world.root / "corpora/vault",)))
    assert set(check["measures"]) == {"rules"}


def test_the_samples_questions_are_a_gate() -> None:
    config = load(Path(__file__).resolve().parents[2] / "configs" / "default.toml")
    assert (config.corpora / "manual" / "questions.jsonl").is_file()
