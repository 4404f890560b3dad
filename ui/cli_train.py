"""``muniment train …``: making the weights that are shipped. A source is ``PATH`` or ``PATH=N``: at most N questions of it."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.config import Config, load
from assistant.errors import InputError
from ui.training_sources import HeldOut, Sources

if TYPE_CHECKING:
    from assistant.knowledge.library import OpenSnapshot
    from assistant.train.groups import Group

train_app = typer.Typer(no_args_is_help=True, help="Make the weights that are shipped.")

Out = Annotated[Path, typer.Argument(help="Folder for the weights.")]
Beir = Annotated[
    str | None,
    typer.Option("--beir", metavar="DIR[=N]", help="A BEIR folder; the train part of its dev split is taken."),
]
Written = Annotated[
    list[str] | None,
    typer.Option(
        "--written",
        metavar="FILE[=N]",
        help="Questions about passages of the BEIR folder: JSON Lines with question, passage.",
    ),
]
HeldOutOption = Annotated[
    HeldOut, typer.Option("--held-out", help="What of the validation part of --beir is kept back for measuring.")
]
Exclude = Annotated[
    Path | None, typer.Option("--exclude", help="JSON Lines whose questions are never trained on.", exists=True)
]
Cited = Annotated[list[str] | None, typer.Option("--cited", metavar="FILE[=N]", help="Cited answers, JSON Lines.")]
Collection = Annotated[
    list[str] | None,
    typer.Option("--collection", metavar="FILE[=N]", help="A training.jsonl; its snapshot must be served."),
]
Start = Annotated[Path | None, typer.Option(help="Weights to go on from.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="Config file.")]


class Passages(StrEnum):
    NEEDED = "needed"
    ALL = "all"


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _snapshot(settings: Config) -> OpenSnapshot:
    from assistant.build import build_embedder
    from assistant.knowledge.catalogue import Catalogue
    from assistant.knowledge.library import Library

    return Library(settings.data, Catalogue.open_existing(settings.data), build_embedder(settings), "cpu").current()


def _groups(
    sources: Sources, settings: Config, negatives: int, rng: random.Random, *, sentences: bool, pool: int = 0
) -> list[Group]:
    """``pool``: so many are mined for a collection's questions, of which the config's reranker keeps the hardest."""
    from assistant.build import build_embedder, build_reranker
    from assistant.train.groups import from_beir, from_cited, from_collection, hardest

    embedder = build_embedder(settings)
    groups: list[Group] = []
    if sources.beir:
        groups += from_beir(sources.beir[0], sources.rulebook(rng), embedder, negatives=negatives, rng=rng)
    for _, items in sources.answers(rng):
        groups += from_cited(items, embedder, negatives=negatives, rng=rng)
    if sources.collection:
        items = sources.items(rng)
        own = from_collection(
            items, _snapshot(settings), embedder, negatives=pool or negatives, rng=rng, sentences=sentences
        )
        groups += hardest(own, build_reranker(settings).scores, negatives) if pool else own
    return groups


@train_app.command("encoder")
def encoder(
    out: Out,
    beir: Beir = None,
    written: Written = None,
    held_out: HeldOutOption = HeldOut.PASSAGES,
    exclude: Exclude = None,
    cited: Cited = None,
    collection: Collection = None,
    start: Start = None,
    epochs: int = 1,
    negatives: int = 0,
    rate: float = 1e-4,
    seed: int = 0,
    config: ConfigFile = None,
) -> None:
    """Tune the encoder on pairs of a question and a passage that answers it."""
    from assistant.models.registry import Registry
    from assistant.train.encoder import train

    settings, rng = load(config), random.Random(seed)
    sources = Sources.of(beir, cited, collection, exclude, written=written, held_out=held_out)
    groups = _groups(sources, settings, negatives, rng, sentences=False)
    base = Registry(settings).path(settings.encoder.model)
    card = {
        "base": settings.encoder.model,
        "sources": sources.told(),
        "negatives": negatives,
        "start": str(start or ""),
    }
    train(groups, base, out, epochs=epochs, rate=rate, seed=seed, start=start, card=card, tell=_tell)


@train_app.command("reranker")
def reranker(
    out: Out,
    beir: Beir = None,
    written: Written = None,
    held_out: HeldOutOption = HeldOut.PASSAGES,
    exclude: Exclude = None,
    cited: Cited = None,
    collection: Collection = None,
    start: Start = None,
    epochs: int = 1,
    negatives: int = 3,
    pool: Annotated[
        int,
        typer.Option(
            "--pool",
            help="So many near ones are found for a collection's question; the served reranker's worst are kept.",
        ),
    ] = 0,
    rate: float = 1e-4,
    seed: int = 0,
    config: ConfigFile = None,
) -> None:
    """Train the reranker on questions, passages that answer them, and near ones that don't."""
    from assistant.models.registry import Registry
    from assistant.train.reranker import train

    settings, rng = load(config), random.Random(seed)
    sources = Sources.of(beir, cited, collection, exclude, written=written, held_out=held_out)
    groups = _groups(sources, settings, negatives, rng, sentences=True, pool=pool)
    base = Registry(settings).path(settings.encoder.model)
    card = {
        "base": settings.encoder.model,
        "sources": sources.told(),
        "negatives": negatives,
        "pool": pool,
        "start": str(start or ""),
    }
    train(groups, base, out, epochs=epochs, rate=rate, seed=seed, start=start, card=card, tell=_tell)


@train_app.command("mean")
def mean(
    out: Out,
    weights: Annotated[list[Path], typer.Argument(help="Folders of rerankers' weights, or of adapters.")],
    config: ConfigFile = None,
) -> None:
    """The mean of several trainings of the reranker, or of an adapter: often better than each."""
    from assistant.models.registry import Registry
    from assistant.train import lora, reranker

    if all((folder / lora.WEIGHTS).is_file() for folder in weights):
        lora.mean(weights, out)
    else:
        settings = load(config)
        reranker.mean(weights, Registry(settings).path(settings.encoder.model), out)


@train_app.command("generator")
def generator(
    out: Out,
    beir: Beir = None,
    exclude: Exclude = None,
    cited: Cited = None,
    collection: Collection = None,
    rank: int = 12,
    lowest: Annotated[int, typer.Option(help="First layer that gets an adapter.")] = 10,
    batch: int = 4,
    epochs: int = 1,
    rate: float = 2e-4,
    seed: int = 0,
    passages: Annotated[
        Passages, typer.Option(help="Read are those that answer, as served (needed), or those with others (all).")
    ] = Passages.NEEDED,
    config: ConfigFile = None,
) -> None:
    """Train the generator's LoRA adapter to say the sentences that answer, or that nothing does. Goes on where it stopped."""
    from assistant.models.registry import Registry
    from assistant.train.cited import as_served
    from assistant.train.generator import train
    from assistant.train.lora import Recipe

    settings, rng = load(config), random.Random(seed)
    sources = Sources.of(beir, cited, collection, exclude)
    examples = _examples(sources, settings, rng)
    if passages is Passages.NEEDED:
        examples = as_served(examples)
    registry, name = Registry(settings), settings.generator.model
    recipe = Recipe(rank=rank, alpha=2 * rank, lowest=lowest, batch=batch, epochs=epochs, rate=rate, seed=seed)
    counts = {source: sum(e.source == source for e in examples) for source in sorted({e.source for e in examples})}
    card = {
        "sources": sources.told(),
        "examples_by_source": counts,
        "passages": passages.value,
        "without_answer": sum(not e.said for e in examples),
    }
    _tell(json.dumps(card))
    train(examples, registry.path(name), registry.identity(name), out, recipe=recipe, card=card, tell=_tell)


@train_app.command("gate")
def gate(
    out: Out,
    beir: Beir = None,
    cited: Cited = None,
    exclude: Exclude = None,
    collection: Collection = None,
    start: Annotated[Path | None, typer.Option(help="An adapter to go on from, of the same rank and layers.")] = None,
    rank: int = 8,
    lowest: Annotated[int, typer.Option(help="First layer that gets an adapter.")] = 10,
    others: Annotated[int, typer.Option(help="Near passages of which an answered question is asked too.", min=1)] = 1,
    batch: Annotated[int, typer.Option(help="Passages a step, each with all its questions.")] = 4,
    epochs: int = 1,
    rate: float = 3e-4,
    seed: int = 0,
    config: ConfigFile = None,
) -> None:
    """Train the gate's LoRA adapter on the generator: does a passage answer a question? Goes on where it stopped."""
    from assistant.build import build_reranker
    from assistant.models.registry import Registry
    from assistant.train.answerable import from_collection, from_rulebook, train
    from assistant.train.lora import Recipe

    settings, rng = load(config), random.Random(seed)
    sources = Sources.of(beir, cited, collection, exclude)
    reranker = build_reranker(settings)
    asked = from_rulebook(sources.golden(rng), settings.prompt.words, reranker.scores, rng, others=others)
    if collection:
        items = sources.items(rng)
        asked += from_collection(items, _snapshot(settings), settings, reranker, rng, others=others)
    registry, name = Registry(settings), settings.generator.model
    recipe = Recipe(rank=rank, alpha=2 * rank, lowest=lowest, batch=batch, epochs=epochs, rate=rate, seed=seed)
    answers = [answer for one in asked for _, answer in one.questions]
    card = {
        "sources": sources.told(),
        "questions": len(answers),
        "with_answer": sum(answers),
        "others": others,
        "start": start.name if start else "",
    }
    _tell(json.dumps(card))
    train(asked, registry.path(name), registry.identity(name), out, recipe=recipe, card=card, start=start, tell=_tell)


def _examples(sources: Sources, settings: Config, rng: random.Random) -> Sequence[Any]:
    from assistant.build import build_reranker
    from assistant.train.cited import from_cited, from_collection, from_rulebook
    from assistant.train.groups import read_lines

    corpus = list(read_lines(sources.beir[0] / "corpus.jsonl")) if sources.beir else []
    pool = [row["text"] for row in corpus]
    rows = {row["_id"]: n for n, row in enumerate(corpus)}
    examples = []
    if sources.collection:
        items = sources.items(rng)
        examples += from_collection(items, _snapshot(settings), build_reranker(settings), settings, rng)
    for file, items in sources.answers(rng):
        own = list(dict.fromkeys(p["text"] for item in items for p in item["passages"]))
        examples += from_cited(items, [*pool, *own], file.stem, rng)
    if sources.beir:
        queries = [(text, {rows[key] for key in gold if key in rows}) for text, gold in sources.rulebook(rng)]
        examples += from_rulebook([(t, g) for t, g in queries if 0 < len(g) <= 2], pool, sources.beir[0].name, rng)
    return examples


@train_app.command("judge")
def judge(
    out: Out,
    beir: Annotated[
        Path | None, typer.Option("--beir", help="A BEIR folder whose corpus.jsonl names each row's document_id.")
    ] = None,
    collection: Annotated[
        list[str] | None, typer.Option("--collection", help="Id of a collection; its snapshot must be served.")
    ] = None,
    start: Annotated[Path | None, typer.Option(help="Weights to go on from; --pairs 0 only calibrates them.")] = None,
    most: Annotated[int, typer.Option("--pairs", help="At most so many examples.")] = 12_000,
    rate: float = 2e-4,
    seed: int = 0,
    config: ConfigFile = None,
) -> None:
    """Train the judge on sentences of half the documents, true and changed; it never sees the documents that measure it."""
    if not (beir or collection):
        raise InputError("Nothing to train on; give --beir or --collection.")
    from assistant.models.registry import Registry
    from assistant.train.judge import train
    from assistant.train.judge_sources import of_collection, part_of
    from assistant.train.pairs import make, rulebook

    settings = load(config)
    sets = [rulebook(beir / "corpus.jsonl")] if beir else []
    sets += [of_collection(_snapshot(settings), name) for name in collection or []]
    pairs, kept = (
        [pair for one in reversed(sets) for pair in make(part_of(one, part), most=at_most, seed=seed, held=held)]
        for part, held, at_most in (("train", False, most), ("calibration", True, 2000))
    )
    if not kept or (not pairs and start is None):
        raise InputError("There are too few documents to train and to calibrate on; give more.")
    sources = [*([beir.name] if beir else []), *(collection or [])]
    card = {"base": settings.encoder.model, "sources": sources}
    base = Registry(settings).path(settings.encoder.model)
    train(pairs[:most], kept, base, out, rate=rate, seed=seed, card=card, start=start, tell=_tell)
