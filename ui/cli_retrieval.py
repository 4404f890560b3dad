"""``muniment eval retrieval``, ``eval compare`` and ``bench retrieval``: is the right passage found, and how fast?"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from assistant.config import load
from assistant.errors import InputError
from ui.cli_eval import eval_app

ConfigFile = Annotated[Path | None, typer.Option("--config", help="Config file.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def register() -> None:
    """Adds the commands to the apps."""
    eval_app.command("retrieval")(retrieval)
    eval_app.command("compare")(compare_runs)
    eval_app.command("sections")(sections)


def retrieval(
    dataset: Annotated[Path, typer.Option(help="A BEIR folder: corpus.jsonl, queries.jsonl, qrels/<split>.tsv.")],
    split: Annotated[
        str | None, typer.Option(help="Which judgements (default: test where the folder has it, else dev).")
    ] = None,
    depths: Annotated[str, typer.Option("--k", help="Depths to measure at, comma-separated.")] = "10",
    per_query: Annotated[Path | None, typer.Option(help="Also write each question's result, JSON Lines.")] = None,
    rerank: Annotated[bool, typer.Option("--rerank/--no-rerank", help="With the config's reranker.")] = True,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many questions.")] = None,
    part: Annotated[str, typer.Option(help="all, train or validation: a fixed passage-disjoint division.")] = "all",
    validation: Annotated[bool, typer.Option("--validation", help="Short for --part validation.")] = False,
    as_json: Json = False,
    config: ConfigFile = None,
) -> None:
    """Search a BEIR folder as questions are searched for answers, and measure what is found."""
    from assistant.build import build_embedder, build_reranker
    from assistant.models.device import choose
    from assistant.retrieve import FusedOrder
    from eval.beir import build_snapshot, read_corpus, read_queries, vector_cache
    from eval.retrieval import judge, search, summary, write_per_query
    from eval.split import parts, read_qrels
    from ui.terminal import ProgressLine

    cuts = _depths(depths)
    part = "validation" if validation else part
    if part not in ("all", "train", "validation"):
        raise InputError(f"--part {part}: say all, train or validation.")
    split = split or ("test" if (dataset / "qrels" / "test.tsv").is_file() else "dev")
    settings, started, line = load(config), time.perf_counter(), ProgressLine(sys.stderr)
    entries, texts, gold = read_corpus(dataset), read_queries(dataset), read_qrels(dataset, split)
    divided = parts({i: passages for i, passages in gold.items() if i in texts})
    wanted = [i for i in gold if part in ("all", divided.get(i))]
    asked = {i: texts[i] for i in [i for i in wanted if i in texts][:limit]}
    if not asked:
        raise InputError(f"{dataset} has no judged question in the split {split}, part {part}.")
    embedder = build_embedder(settings)
    reranker = build_reranker(settings) if rerank else FusedOrder()
    snapshot = build_snapshot(
        entries, embedder, choose(settings.device).kind, vector_cache(settings), settings.encoder.max_tokens, line
    )
    indexed = time.perf_counter()
    found = search(snapshot, asked, settings.retrieve, reranker, max(cuts), line)
    line.close()
    judged = judge(found, gold, asked, cuts)
    if per_query:
        write_per_query(judged, per_query)
    known, ended = {entry.id for entry in entries}, time.perf_counter()
    body = {
        "schema_version": 1,
        "dataset": dataset.name,
        "split": split,
        "part": part,
        **summary(judged),
        "seconds": round(ended - started, 1),
        "seconds_indexing": round(indexed - started, 1),
        "seconds_searching": round(ended - indexed, 1),
        "passages": len(entries),
        "rows": len(snapshot.passages),
        "unknown_queries": sum(i not in texts for i in wanted),
        "unknown_passages": len({p for i in wanted for p in gold[i]} - known),
        "encoder": embedder.identity,
        "reranker": reranker.identity,
    }
    _tell(body, as_json)


def compare_runs(
    first: Annotated[Path, typer.Argument(help="A --per-query file.")],
    second: Annotated[Path, typer.Argument(help="Another, of the same questions.")],
    as_json: Json = False,
) -> None:
    """The second run against the first, question by question: means, difference, p of a paired randomisation test."""
    from eval.retrieval import read_per_query
    from eval.significance import compare

    _tell({"schema_version": 1, **compare(read_per_query(first), read_per_query(second))}, as_json)


def sections(
    file: Annotated[Path, typer.Argument(help="questions.jsonl of a collection.")] = Path(
        "corpora/manual/questions.jsonl"
    ),
    rerank: Annotated[bool, typer.Option("--rerank/--no-rerank", help="With the config's reranker.")] = True,
    per_query: Annotated[Path | None, typer.Option(help="Also write each question's result, for compare.")] = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> None:
    """A collection's own questions: is the right section among the first five found? No generator is loaded."""
    from assistant.build import build_embedder, build_reranker
    from assistant.knowledge.catalogue import Catalogue, utc_now
    from assistant.knowledge.library import Library
    from assistant.models.device import choose
    from assistant.retrieve import FusedOrder
    from eval.cases import read_cases
    from eval.sections import find_all, summary

    settings = load(config)
    reranker = build_reranker(settings) if rerank else FusedOrder()
    catalogue, device = Catalogue.open_existing(settings.data), choose(settings.device).kind
    library = Library(settings.data, catalogue, build_embedder(settings), device)
    found = find_all(settings, library, reranker, read_cases(file), utc_now().date())
    if per_query:
        rows = [{"id": f.case.id, "measures": f.measures, "place": f.place} for f in found]
        per_query.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    body = {"snapshot": library.snapshot_id, "reranker": reranker.identity, **summary(found)}
    _tell({"schema_version": 1, **body}, as_json)


def _depths(text: str) -> list[int]:
    numbers = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and int(part) for part in numbers):
        raise InputError(f"--k {text}: give numbers from 1, as 10 or 5,10,50.")
    return sorted({int(part) for part in numbers})


def _tell(body: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(body, ensure_ascii=False, indent=1))
        return
    for name, value in body.items():
        if isinstance(value, dict):
            value = "  ".join(f"{n} {v}" for n, v in value.items())
        print(f"{name}: {value}")
