"""``muniment eval …`` and ``muniment train …``: judging what is served, and making what is shipped."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Annotated

import typer

from assistant.config import load

eval_app = typer.Typer(no_args_is_help=True, help="Judge the served release.")
train_app = typer.Typer(no_args_is_help=True, help="Make the weights that are shipped.")

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
    config: ConfigFile = None,
) -> None:
    """Fit the gate on questions kept apart for it; prints what goes into the config's [gate]."""
    from assistant.build import build
    from eval.calibrate import fit
    from eval.cases import read_cases

    print(json.dumps(fit(build(load(config)), read_cases(file)), indent=1))


@train_app.command("reranker")
def reranker(
    out: Annotated[Path, typer.Argument(help="Folder for the weights and their card.")],
    beir: Annotated[Path | None, typer.Option(help="A BEIR folder with qrels/dev.tsv.")] = None,
    cited: Annotated[list[Path] | None, typer.Option(help="Cited answers, JSON Lines.")] = None,
    collection: Annotated[
        Path | None, typer.Option(help="A collection's training.jsonl; its snapshot must be served.")
    ] = None,
    start: Annotated[Path | None, typer.Option(help="Weights to go on from.")] = None,
    limit: Annotated[int, typer.Option(help="Questions taken from each source but the collection.")] = 600,
    epochs: int = 1,
    negatives: int = 3,
    seed: int = 0,
    config: ConfigFile = None,
) -> None:
    """Train the reranker's upper layers; general rules first, then with --start the house's own."""
    from assistant.build import build_embedder
    from assistant.knowledge.catalogue import Catalogue
    from assistant.knowledge.library import Library
    from assistant.models.registry import Registry
    from assistant.train.groups import from_beir, from_cited, from_collection
    from assistant.train.reranker import train

    settings = load(config)
    embedder, rng = build_embedder(settings), random.Random(seed)
    groups = []
    for file in cited or []:
        groups += from_cited(file, embedder, limit=limit, negatives=negatives, rng=rng)
    if beir:
        groups += from_beir(beir, "dev", embedder, limit=limit, negatives=negatives, rng=rng)
    if collection:
        snapshot = Library(settings.data, Catalogue.open_existing(settings.data), embedder, "cpu").current()
        groups += from_collection(collection, snapshot, embedder, negatives=negatives, rng=rng)
    sources = [str(p.name) for p in (*(cited or []), beir, collection, start) if p]
    train(
        groups,
        Registry(settings).path(settings.encoder.model),
        out,
        epochs=epochs,
        seed=seed,
        start=start,
        card={"base": settings.encoder.model, "sources": sources, "negatives": negatives},
        tell=lambda line: print(line, file=sys.stderr),
    )
