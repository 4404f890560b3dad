"""The gate answers some of a collection's golden questions over the candidate, the whole way, and records none of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from assistant.answer import Assistant
from assistant.errors import InputError, Unavailable
from assistant.knowledge import snapshot as snapshots
from assistant.models.twins import HashingEmbedder, ScriptedGenerator
from assistant.types import Progress
from eval.cases import Case
from eval.golden_answers import spread
from ingest.pipeline import Report, Request
from tests.eval.test_golden import CASES, said, without_files, write_cases
from tests.world import CONFIG, World, ask, quiet
from ui.ingestion import pipeline_of

SAID_NOTHING = "NOT IN THE PASSAGES"


def ingest(world: World, generator: ScriptedGenerator | None = None, **request: Any) -> Report:
    def assistant() -> Assistant:
        return world.assistant(generator)

    return pipeline_of(world.config, quiet, HashingEmbedder(), assistant).run(Request(**request))


def check_of(report: Report) -> Mapping[str, Any]:
    return said(report, "golden answers")


def changed(world: World) -> None:
    world.write("corpora/vault/note.md", "# Note\n\nThe key hangs behind the door.\n")


def test_what_is_answered_is_measured_and_on_no_record(world: World) -> None:
    write_cases(world)
    changed(world)
    before = world.catalogue.jobs(10_000)
    check = check_of(ingest(world))
    assert check["passed"]
    assert check["said"] == "Answered with a right section cited: 100% of 3 in rules (0 wrong, 0 not answered)."
    assert check["measures"]["rules"] == {"right": 1.0, "asked": ["q0", "q1", "q2"], "wrong": [], "silent": []}
    assert len(world.catalogue.jobs(10_000)) == len(before) + 1
    assert ask(world.assistant()).receipt is not None  # the first that is on record


def test_the_candidate_is_asked_and_not_what_is_served(world: World) -> None:
    world.write("configs/default.toml", CONFIG + "\n[publish]\ngolden_min = 0.0\ngolden_answers_min = 0.0\n")
    write_cases(world)
    changed(world)
    assert check_of(ingest(world))["measures"]["rules"]["right"] == 1.0
    without_files(world)
    with pytest.raises(InputError, match="67% are found, 100% before"):
        ingest(world)
    report = ingest(world, force=True, why="the section is dropped on purpose")
    assert check_of(report)["measures"]["rules"]["right"] == pytest.approx(0.6667)
    assert not check_of(report)["passed"], "a third less than before"


def test_too_few_right_answers_are_no_publication(world: World) -> None:
    write_cases(world, CASES[:1])
    changed(world)
    before = snapshots.current_id(world.data)
    with pytest.raises(
        InputError, match=r"0% are answered .* less than 50% \(publish\.golden_answers_min\); not right are q0"
    ):
        ingest(world, ScriptedGenerator(choose=0, replies=[SAID_NOTHING] * 20))
    assert snapshots.current_id(world.data) == before


def test_models_that_are_not_there_are_no_pass(world: World) -> None:
    def missing() -> Assistant:
        raise Unavailable("There is no model; run `muniment models pull`.")

    write_cases(world)
    changed(world)
    pipeline = pipeline_of(world.config, quiet, HashingEmbedder(), missing)
    with pytest.raises(InputError, match=r"can't be answered \(publish\.golden_answers\): There is no model;"):
        pipeline.run(Request())


def test_without_questions_no_model_is_loaded(world: World) -> None:
    def never() -> Assistant:
        pytest.fail("a model was loaded")

    changed(world)
    check = check_of(pipeline_of(world.config, quiet, HashingEmbedder(), never).run(Request()))
    assert check["passed"]
    assert "none were asked" in check["said"]


def test_its_progress_is_told(world: World) -> None:
    told: list[Progress] = []
    write_cases(world)
    changed(world)
    pipeline_of(world.config, told.append, HashingEmbedder(), world.assistant).run(Request())
    assert [(p.done, p.total) for p in told if p.stage == "answer"] == [(0, 3), (1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("n", "most", "chosen"), [(3, 8, [0, 1, 2]), (10, 4, [0, 2, 5, 7]), (8, 8, list(range(8))), (5, 0, [])]
)
def test_questions_are_spread(n: int, most: int, chosen: list[int]) -> None:
    cases = [
        Case(id=str(i), question="?", gold=(), answerable=True, user=None, as_of=None, kind="single") for i in range(n)
    ]
    assert [int(case.id) for case in spread(cases, most)] == chosen
