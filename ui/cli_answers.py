"""``muniment eval answers``: are the right passages cited, and is silence kept where nothing answers?"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from assistant.config import RULEBOOK, Config, load
from assistant.errors import InputError
from ui.options import say

if TYPE_CHECKING:
    from assistant.build import Engines
    from eval.contexts import Contexts
    from eval.items import Item

Where = Literal["given", "retrieved"]


def register(eval_app: typer.Typer) -> None:
    """Adds the command to ``muniment eval``."""
    eval_app.command("answers")(answers)


def answers(
    dataset: Annotated[Path, typer.Option("--dataset", help="Items of the citing protocol, JSON Lines.")],
    contexts: Annotated[
        Where, typer.Option("--contexts", help="given: the items' own passages; retrieved: those found in --corpus.")
    ] = "given",
    corpus: Annotated[
        Path | None, typer.Option("--corpus", help="A BEIR folder that holds the items' passages by id.")
    ] = None,
    generator: Annotated[str | None, typer.Option("--generator", help="Another generator of the lock.")] = None,
    untuned: Annotated[bool, typer.Option("--untuned", help="Without the adapter.")] = False,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="So many items, every kind in its share.")] = None,
    trained_on: Annotated[
        list[Path] | None,
        typer.Option("--trained-on", help="JSON Lines with passages: those items are reported apart."),
    ] = None,
    per_item: Annotated[
        Path | None, typer.Option("--per-item", help="Where each item's outcome is written, for eval compare.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Also write report.md and report.html there; needs matplotlib.")
    ] = None,
    curve: Annotated[
        bool,
        typer.Option(
            "--curve/--no-curve",
            help="Also write the answers that the gate withholds, for the whole risk-coverage curve; takes longer.",
        ),
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    config: Annotated[Path | None, typer.Option("--config", help="Config file; else configs/rulebook.toml.")] = None,
) -> None:
    """Citations held against gold ones: precision, recall, abstention, by kind, beside two constant baselines."""
    from assistant.build import build_composer, build_engines
    from eval import report_answers
    from eval.answer_measures import baselines, measures, write_per_item
    from eval.answers import Asker, Said
    from eval.items import read_items, spread
    from eval.report import prepare, write

    if report:
        prepare(report)
    if (contexts == "retrieved") != (corpus is not None):
        raise InputError("--contexts retrieved and --corpus DIR belong together; give both or neither.")
    settings = load(config, RULEBOOK).with_generator(generator, untuned=untuned)
    items = read_items(dataset)
    items = spread(items, limit) if limit else items
    unseen = _unseen(trained_on) if trained_on else None
    engines = build_engines(settings)
    where = _contexts(settings, engines, items, corpus)

    def tell(said: Said) -> None:
        right, cited = len(said.cited & said.item.gold), len(said.cited)
        say(
            f"{said.item.id} {said.item.kind} cited {cited}, right {right} of {len(said.item.gold)}, "
            f"{said.spent.total:.1f} s, {said.confidence:.2f}"
        )

    asker = Asker(
        composer=build_composer(settings, engines),
        contexts=where,
        gate=settings.gate,
        whole_curve=curve,
    )
    said = asker.ask_all(tell)
    found: dict[str, Any] = {
        "schema_version": 1,
        "dataset": dataset.name,
        "generator": engines.generator.identity,
        "contexts": where.name,
        **({"corpus": corpus.name} if corpus else {}),
        **where.told,
        **measures(said, settings.gate, unseen),
        "baselines": baselines(said),
    }
    print(json.dumps(found, indent=None if as_json else 1))
    if per_item:
        write_per_item(said, per_item)
    if report:
        say(f"Written: {', '.join(map(str, write(report_answers.report(found), report)))}")


def _contexts(settings: Config, engines: Engines, items: Sequence[Item], corpus: Path | None) -> Contexts:
    from eval.beir import build_snapshot, read_corpus, vector_cache
    from eval.contexts import Given, Retrieved
    from ui.terminal import ProgressLine

    if corpus is None:
        return Given(items, engines.embedder, engines.reranker)
    if not any(item.gold for item in items):
        raise InputError("No item of --dataset has gold passages; there is nothing to find in a corpus.")
    line = ProgressLine(sys.stderr)
    snapshot = build_snapshot(
        *(read_corpus(corpus), engines.embedder, engines.device, vector_cache(settings)),
        settings.encoder.max_tokens,
        line,
    )
    line.close()
    return Retrieved(items, snapshot, settings.retrieve, engines.reranker, settings.prompt.passages)


def _unseen(files: list[Path]) -> Callable[[Item], bool]:
    from assistant.train.groups import read_lines

    seen = {p["text"].strip() for file in files for row in read_lines(file) for p in row["passages"]}
    return lambda item: not any(item.passages[n].strip() in seen for n in item.places)
