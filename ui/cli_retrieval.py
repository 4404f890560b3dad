"""``muniment eval retrieval``, ``eval compare`` and ``bench retrieval``: is the right passage found, and how fast?"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from assistant.config import Config, load
from assistant.errors import InputError
from assistant.protocols import Embedder
from ui.cli_eval import eval_app

bench_app = typer.Typer(no_args_is_help=True, help="How fast, and at what cost.")

ConfigFile = Annotated[Path | None, typer.Option("--config", help="Config file.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def register(app: typer.Typer) -> None:
    """Adds the commands to the apps."""
    eval_app.command("retrieval")(retrieval)
    eval_app.command("compare")(compare_runs)
    eval_app.command("sections")(sections)
    bench_app.command("retrieval")(bench)
    app.add_typer(bench_app, name="bench")


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


def bench(
    sizes: Annotated[str, typer.Option("--passages", help="Sizes, comma-separated.")] = "10000,100000",
    shares: Annotated[str, typer.Option("--visible", help="Shares that may be seen.")] = "1,0.1,0.01,0.001,0.0001",
    queries: Annotated[int, typer.Option(min=2, help="How many questions.")] = 100,
    dataset: Annotated[
        Path | None, typer.Option(help="A BEIR folder to grow (default: the served knowledge and its questions).")
    ] = None,
    rerank: Annotated[bool, typer.Option("--rerank/--no-rerank", help="Also time the reranker.")] = True,
    compare: Annotated[bool, typer.Option("--compare", help="Also usearch and bm25s alone.")] = False,
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
        texts = [f"{entry.title}\n{entry.text}".strip() for entry in read_corpus(dataset)]
        asked = list(read_queries(dataset).values())[:queries]
    else:
        texts, asked = _served_texts(settings, embedder, queries)
    vectors = embed_cached(texts, embedder, vector_cache(settings), line)
    runs = [
        run(grow(vectors, texts, size), embedder, asked, _shares(shares), compare=compare, tell=line)
        for size in _depths(sizes)
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
