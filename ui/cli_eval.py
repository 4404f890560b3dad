"""``muniment eval …``: judging what is served."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from assistant.config import load
from ui.options import say

eval_app = typer.Typer(no_args_is_help=True, help="Judge the served release.")

ConfigFile = Annotated[Path | None, typer.Option("--config", help="Config file.")]
Questions = Annotated[Path, typer.Argument(help="questions.jsonl of a collection.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


@eval_app.command("questions")
def questions(
    file: Questions = Path("corpora/manual/questions.jsonl"),
    generator: Annotated[
        str | None, typer.Option("--generator", help="Another generator of the lock than the config's.")
    ] = None,
    untuned: Annotated[bool, typer.Option("--untuned", help="Without the adapter.")] = False,
    kind: Annotated[str | None, typer.Option("--kind", help="Only cases of this kind.")] = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> None:
    """Ask a collection's own questions: sections found, citations right, wrong or withheld, leaks, timings."""
    from assistant.build import build
    from eval.cases import read_cases
    from eval.questions import Outcome, ask_all, measures

    settings = load(config).with_generator(generator, untuned=untuned)
    assistant = build(settings)
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
        "adapter": assistant.release().adapter,
        **measures(ask_all(assistant, cases, tell)),
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
    without_gold: Annotated[
        bool, typer.Option("--without-gold", help="Ask what can be answered once more, without its gold sections.")
    ] = False,
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
        answered = answer_all(build(load(config)), read_cases(file), tell, without_gold=without_gold)
        if rows is not None:
            write_rows(answered, rows)
    print(json.dumps({"schema_version": 1, **fit(answered, wrong_at_most=wrong_at_most)}, indent=1))


@eval_app.command("abstention")
def abstention(
    file: Questions = Path("corpora/manual/questions.jsonl"),
    report: Annotated[
        Path | None, typer.Option("--report", help="Also write report.md and report.html there; needs matplotlib.")
    ] = None,
    curve: Annotated[
        bool, typer.Option("--curve/--no-curve", help="Also write every answer, for the risk at each coverage.")
    ] = True,
    as_json: Json = False,
    config: ConfigFile = None,
) -> None:
    """Does the gate tell apart what can be answered, the same without its gold sections, and what can't be?"""
    from assistant.build import build
    from eval import report_answers
    from eval.abstention import abstention as judged
    from eval.cases import read_cases
    from eval.open_gate import venture
    from eval.report import prepare, write

    if report:
        prepare(report)
    settings = load(config)
    made = venture(build(settings), read_cases(file), say, written=curve)
    against = {"gold_removed": made.without_gold, "unanswerable": made.unanswerable}
    found = {
        "schema_version": 1,
        "answerable": len(made.answerable),
        **{
            name: {"n": len(others), **judged([*made.answerable, *others], settings.gate.threshold)}
            for name, others in against.items()
        },
    }
    print(json.dumps(found, indent=None if as_json else 1))
    if report:
        say(f"Written: {', '.join(map(str, write(report_answers.abstention_report(found), report)))}")


@eval_app.command("needed")
def needed(
    beir: Annotated[
        Path | None, typer.Option("--beir", help="A BEIR folder; the validation part of its dev split is taken.")
    ] = None,
    exclude: Annotated[
        Path | None, typer.Option("--exclude", help="JSON Lines whose questions measure and fit nothing.")
    ] = None,
    cited: Annotated[list[Path] | None, typer.Option("--cited", help="Cited answers, JSON Lines.")] = None,
    questions: Annotated[
        Path | None, typer.Option("--questions", help="A collection's calibration.jsonl, instead; it must be served.")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option("--without", help="A signal that is left out, where few items speak of it.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", help="So many items, every kind in its share.")] = None,
    config: ConfigFile = None,
) -> None:
    """Fit which of the passages found an answer needs, and when none answers; print the config's sections."""
    from assistant.build import build_composer, build_engines
    from assistant.errors import InputError
    from assistant.knowledge.catalogue import Catalogue, utc_now
    from assistant.knowledge.library import Library
    from assistant.train.groups import read_lines
    from eval.cases import read_cases
    from eval.items import spread
    from eval.needed import fit, made, weigh, weigh_cases

    if not (beir or questions):
        raise InputError("Nothing to fit on; give --beir or --questions.")
    settings = load(config)
    engines = build_engines(settings)
    composer = build_composer(settings, engines)
    if questions:
        library = Library(settings.data, Catalogue.open_existing(settings.data), engines.embedder, engines.device)
        weighed = weigh_cases(settings, library, composer, read_cases(questions), utc_now().date())
    elif beir:
        barred = [row["question"] for row in read_lines(exclude)] if exclude else []
        items = made(beir, cited or [], barred)
        weighed = [weigh(item, composer) for item in (spread(items, limit) if limit else items)]
    print(json.dumps({"schema_version": 1, **fit(weighed, settings.needed.most, without or [])}, indent=1))


@eval_app.command("judge")
def judge(
    beir: Annotated[
        Path | None, typer.Option("--beir", help="A BEIR folder whose corpus.jsonl names each row's document_id.")
    ] = None,
    collection: Annotated[
        str | None, typer.Option("--collection", help="Id of a served collection: its unseen documents, changed.")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option("--weights", help="Another judge's weights than the config's.")
    ] = None,
    labelled: Annotated[
        Path | None, typer.Option("--labelled", help="Sentences that people labelled, JSON Lines (eval/labelled.py).")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", help="At most so many pairs.")] = 3000,
    changed: Annotated[int, typer.Option("--changed", help="So many passages of the collection are changed.")] = 60,
    seed: int = 1,
    as_json: Json = False,
    config: ConfigFile = None,
) -> None:
    """Hold the judge against true and changed sentences of documents it never saw, beside overlap and cosine."""
    from assistant.build import build_embedder, build_judge
    from assistant.errors import InputError
    from assistant.knowledge.catalogue import Catalogue
    from assistant.knowledge.library import Library
    from assistant.train.judge_sources import of_collection, part_of
    from assistant.train.pairs import make, rulebook
    from eval import judge as judging
    from eval import labelled as labels

    if not (beir or collection or labelled):
        raise InputError("Nothing to measure on; give --beir, --collection or --labelled.")
    settings = load(config)
    section = settings.judge.model_copy(update={"weights": weights.resolve()} if weights else {})
    embedder = build_embedder(settings)
    plain = settings.model_copy(update={"judge": section.model_copy(update={"weights": None})})
    judged = build_judge(settings.model_copy(update={"judge": section}), embedder)
    judges = {"judge": judged, "overlap judge": build_judge(plain, embedder)} if section.weights else {"judge": judged}
    found: dict[str, object] = {"schema_version": 1, "judge": judged.identity, "seed": seed}
    if beir:
        pairs = make(part_of(rulebook(beir / "corpus.jsonl"), "test"), most=limit, seed=seed, held=True)
        if not pairs:
            raise InputError(f"{beir} has no sentences to measure on; give a folder with more documents.")
        found["rulebook"] = judging.measure(judges, judging.baselines(embedder), pairs)
        found["milliseconds_per_answer"] = judging.milliseconds(judged, pairs)
    if collection:
        library = Library(settings.data, Catalogue.open_existing(settings.data), embedder, "cpu")
        unseen = part_of(of_collection(library.current(), collection), "test")
        pairs = make(unseen, most=limit, seed=seed, held=True)
        found["collection"] = judging.measure(judges, judging.baselines(embedder), pairs)
        found["counterfactual"] = {n: judging.counterfactual(j, unseen, most=changed) for n, j in judges.items()}
    if labelled:
        found["labelled"] = labels.measure(judges, judging.baselines(embedder), labels.read(labelled))
    print(json.dumps(found, indent=None if as_json else 1))
