"""``muniment bench retrieval``: how fast is the right passage found?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from assistant.config import Config, load
from assistant.errors import InputError
from assistant.protocols import Embedder
from ui.cli_retrieval import ConfigFile, Json, whole_numbers

bench_app = typer.Typer(no_args_is_help=True, help="How fast, and at what cost.")


@bench_app.callback()
def group() -> None:
    """How fast, and at what cost."""


@bench_app.command("retrieval")
def bench(
    sizes: Annotated[str, typer.Option("--passages", help="Sizes, comma-separated.")] = "10000,100000",
    shares: Annotated[str, typer.Option("--visible", help="Shares that may be seen.")] = "1,0.1,0.01,0.001,0.0001",
    queries: Annotated[int, typer.Option(min=2, help="How many questions.")] = 100,
    dataset: Annotated[
        Path | None, typer.Option(help="A BEIR folder to grow (default: the served knowledge and its questions).")
    ] = None,
    k: Annotated[int, typer.Option("--k", min=1, help="How many passages are searched for.")] = 10,
    rerank: Annotated[bool, typer.Option("--rerank/--no-rerank", help="Also time the reranker.")] = True,
    compare: Annotated[bool, typer.Option("--compare", help="Also usearch and bm25s (muniment[bench]).")] = False,
    as_json: Json = False,
    config: ConfigFile = None,
) -> None:
    """Search times and recall by corpus size and by how much is visible; encoding and reranking apart."""
    from assistant.build import build_embedder, build_reranker
    from eval.beir import embed_cached, read_corpus, read_queries, vector_cache
    from eval.bench_retrieval import bench as run
    from eval.bench_retrieval import grow, rerank_times
    from ui.terminal import ProgressLine

    settings, line = load(config), ProgressLine(sys.stderr)
    embedder = build_embedder(settings)
    if dataset is not None:
        texts = ["\n".join(part for part in (entry.title, entry.text) if part) for entry in read_corpus(dataset)]
        asked = list(read_queries(dataset).values())[:queries]
    else:
        texts, asked = _served_texts(settings, embedder, queries)
    vectors = embed_cached(texts, embedder, vector_cache(settings), line)
    runs = [
        run(grow(vectors, texts, size), embedder, asked, _shares(shares), compare=compare, tell=line, k=k)
        for size in whole_numbers(sizes)
    ]
    body: dict[str, Any] = {"schema_version": 1, "queries": len(asked), "grown_from": len(texts), "runs": runs}
    if rerank and settings.retrieve.reranker is not None:
        many = settings.retrieve.rerank_candidates
        body["rerank_ms"] = {"candidates": many, **rerank_times(build_reranker(settings), asked[:20], texts, many)}
    line.close()
    print(json.dumps(body, indent=1 if as_json else 2))


def _served_texts(settings: Config, embedder: Embedder, queries: int) -> tuple[list[str], list[str]]:
    from assistant.knowledge.catalogue import Catalogue
    from assistant.knowledge.library import Library
    from assistant.retrieve import index_text
    from eval.cases import read_cases

    snapshot = Library(settings.data, Catalogue.open_existing(settings.data), embedder, "cpu").current()
    texts = [index_text(snapshot.document_of(row).title, p) for row, p in enumerate(snapshot.passages)]
    files = sorted(settings.corpora.glob("*/questions.jsonl"))
    asked = [case.question for file in files for case in read_cases(file)][:queries]
    if len(asked) < 2:
        raise InputError(f"{settings.corpora} has no questions.jsonl to ask; give --dataset.")
    return texts, asked


def _shares(text: str) -> list[float]:
    try:
        shares = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise InputError(f"--visible {text}: give shares as 1,0.1.") from error
    if not all(0 <= share <= 1 for share in shares):
        raise InputError(f"--visible {text}: shares are between 0 and 1.")
    return shares
