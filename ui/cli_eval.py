"""``muniment eval …``: judging what is served."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from assistant.config import load

eval_app = typer.Typer(no_args_is_help=True, help="Judge the served release.")

ConfigFile = Annotated[Path | None, typer.Option("--config", help="Config file.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


@eval_app.command("questions")
def questions(
    file: Annotated[Path, typer.Argument(help="questions.jsonl of a collection.")] = Path(
        "corpora/manual/questions.jsonl"
    ),
    generator: Annotated[
        str | None, typer.Option("--generator", help="Another generator of the lock than the config's.")
    ] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Only cases of this kind.")] = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> None:
    """Ask a collection's own questions: sections found, citations right, wrong or withheld, leaks, timings."""
    from assistant.build import build
    from eval.cases import read_cases
    from eval.questions import Outcome, ask_all, measures

    settings = load(config)
    if generator:
        settings = settings.model_copy(update={"generator": settings.generator.model_copy(update={"model": generator})})
    cases = [case for case in read_cases(file) if kind is None or case.kind == kind]

    def tell(outcome: Outcome) -> None:
        spent = outcome.answer.timings.total / 1000
        said = outcome.answer.text or (outcome.answer.abstention and outcome.answer.abstention.reason)
        print(
            f"{outcome.case.id} {outcome.verdict:8} {spent:5.1f} s  {outcome.case.question[:70]} -> {said}",
            file=sys.stderr,
        )

    found = {
        "schema_version": 1,
        "generator": settings.generator.model,
        **measures(ask_all(build(settings), cases, tell)),
    }
    if not as_json:
        found.pop("by_kind")
    print(json.dumps(found, indent=1))


@eval_app.command("calibrate")
def calibrate(
    file: Annotated[Path, typer.Argument(help="calibration.jsonl of a collection.")] = Path(
        "corpora/manual/calibration.jsonl"
    ),
    wrong_at_most: Annotated[
        float, typer.Option(help="Of the questions it answers, the share that it may answer wrongly.")
    ] = 0.05,
    rows: Annotated[
        Path | None, typer.Option(help="Where the answered questions are kept; read instead of asking if it exists.")
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Fit the gate on questions kept apart for it; prints what goes into the config's [gate] and what it rests on."""
    from assistant.build import build
    from eval.calibrate import answer_all, fit, read_rows, write_rows
    from eval.cases import read_cases

    def tell(row: object) -> None:
        print(row, file=sys.stderr)

    if rows is not None and rows.exists():
        answered = read_rows(rows)
    else:
        answered = answer_all(build(load(config)), read_cases(file), tell)
        if rows is not None:
            write_rows(answered, rows)
    print(json.dumps({"schema_version": 1, **fit(answered, wrong_at_most=wrong_at_most)}, indent=1))
