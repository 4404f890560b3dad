"""``muniment eval retrieval``, ``eval steps``, ``eval compare`` and ``eval sections``: is the right passage found?"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from assistant.config import RULEBOOK, load
from assistant.errors import InputError
from ui.cli_eval import eval_app
from ui.options import say

ConfigFile = Annotated[Path | None, typer.Option("--config", help="Config file.")]
RulebookConfigFile = Annotated[Path | None, typer.Option("--config", help="Config file; else configs/rulebook.toml.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def register() -> None:
    """Adds the commands to the apps."""
    eval_app.command("retrieval")(retrieval)
    eval_app.command("compare")(compare_runs)
    eval_app.command("sections")(sections)
    eval_app.command("steps")(steps)


Dataset = Annotated[Path, typer.Option("--dataset", help="A BEIR folder: corpus.jsonl, queries.jsonl, qrels/S.tsv.")]
Split = Annotated[
    str | None, typer.Option("--split", help="Which judgements (default: test if it is there, else dev).")
]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="Only the first so many questions.")]
Part = Annotated[str, typer.Option("--part", help="all, train or validation: a fixed passage-disjoint division.")]
Validation = Annotated[bool, typer.Option("--validation", help="Short for --part validation.")]
Cited = Annotated[Path | None, typer.Option("--cited", help="Ask these cited answers' questions instead (JSON Lines).")]
Kind = Annotated[str | None, typer.Option("--kind", help="Of --cited: only questions of this kind.")]
Rerank = Annotated[bool, typer.Option("--rerank/--no-rerank", help="With the config's reranker.")]


def retrieval(
    dataset: Dataset,
    split: Split = None,
    depths: Annotated[str, typer.Option("--k", help="Depths to measure at, comma-separated.")] = "10",
    per_query: Annotated[Path | None, typer.Option(help="Also write each question's result, JSON Lines.")] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Also write report.md and report.html there; needs matplotlib.")
    ] = None,
    rerank: Rerank = True,
    limit: Limit = None,
    part: Part = "all",
    validation: Validation = False,
    cited: Cited = None,
    kind: Kind = None,
    as_json: Json = False,
    config: RulebookConfigFile = None,
) -> None:
    """Search a BEIR folder as questions are searched for answers, and measure what is found."""
    from assistant.build import build_embedder, build_reranker
    from assistant.models.device import choose
    from assistant.retrieve import FusedOrder
    from eval import report_retrieval
    from eval.beir import build_snapshot, read_corpus, vector_cache
    from eval.report import prepare, write
    from eval.retrieval import judge, search, summary, write_per_query
    from ui.terminal import ProgressLine

    cuts = whole_numbers(depths)
    if report:
        prepare(report)
        cuts = report_retrieval.depths(cuts)
    settings, started, line = load(config, RULEBOOK), time.perf_counter(), ProgressLine(sys.stderr)
    entries = read_corpus(dataset)
    asked = _asked(dataset, split, "validation" if validation else part, cited, kind, limit)
    embedder = build_embedder(settings)
    reranker = build_reranker(settings) if rerank else FusedOrder()
    snapshot = build_snapshot(
        entries, embedder, choose(settings.device).kind, vector_cache(settings), settings.encoder.max_tokens, line
    )
    indexed = time.perf_counter()
    found = search(snapshot, asked.texts, settings.retrieve, reranker, max(cuts), line)
    line.close()
    judged = judge(found, asked.gold, asked.texts, cuts)
    if per_query:
        write_per_query(judged, per_query)
    known, ended = {entry.id for entry in entries}, time.perf_counter()
    body = {
        "schema_version": 1,
        "dataset": dataset.name,
        **asked.told,
        **summary(judged),
        "seconds": round(ended - started, 1),
        "seconds_indexing": round(indexed - started, 1),
        "seconds_searching": round(ended - indexed, 1),
        "passages": len(entries),
        "rows": len(snapshot.passages),
        "unknown_passages": len({p for i in asked.texts for p in asked.gold[i]} - known),
        "encoder": embedder.identity,
        "reranker": reranker.identity,
    }
    if report:
        say(f"Written: {', '.join(map(str, write(report_retrieval.report(body), report)))}")
    _tell(body, as_json)


def steps(
    dataset: Dataset,
    split: Split = None,
    rerank: Rerank = True,
    limit: Limit = None,
    part: Part = "validation",
    cited: Cited = None,
    kind: Kind = None,
    as_json: Json = False,
    config: RulebookConfigFile = None,
) -> None:
    """What each step of the search is worth, from BM25 to what answers use, with paired significance."""
    from assistant.build import build_embedder, build_reranker
    from assistant.models.device import choose
    from eval.beir import build_snapshot, read_corpus, vector_cache
    from eval.steps import table
    from ui.terminal import ProgressLine

    settings, line = load(config, RULEBOOK), ProgressLine(sys.stderr)
    asked = _asked(dataset, split, part, cited, kind, limit)
    embedder = build_embedder(settings)
    reranker = build_reranker(settings) if rerank and settings.retrieve.reranker is not None else None
    snapshot = build_snapshot(
        *(read_corpus(dataset), embedder, choose(settings.device).kind, vector_cache(settings)),
        settings.encoder.max_tokens,
        line,
    )
    rows = table(snapshot, asked.texts, asked.gold, settings.retrieve, reranker, line)
    line.close()
    _tell({"schema_version": 1, "dataset": dataset.name, **asked.told, "steps": rows}, as_json)


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """Questions by id, their gold passages, and what the report says of them."""

    texts: dict[str, str]
    gold: dict[str, dict[str, int]]
    told: dict[str, Any]


def _asked(
    dataset: Path, split: str | None, part: str, cited: Path | None, kind: str | None, limit: int | None
) -> _Asked:
    from eval.beir import read_cited, read_queries
    from eval.split import parts, read_qrels

    if part not in ("all", "train", "validation"):
        raise InputError(f"--part {part}: say all, train or validation.")
    told: dict[str, Any]
    if cited is not None:
        texts, gold = read_cited(cited, kind)
        wanted, told = list(texts), {"cited": cited.name, "kind": kind}
    else:
        split = split or ("test" if (dataset / "qrels" / "test.tsv").is_file() else "dev")
        texts, gold = read_queries(dataset), read_qrels(dataset, split)
        divided = parts({i: passages for i, passages in gold.items() if i in texts})
        wanted = [i for i in gold if part in ("all", divided.get(i))]
        told = {"split": split, "part": part}
    told["unknown_queries"] = sum(i not in texts for i in wanted)
    asked = {i: texts[i] for i in [i for i in wanted if i in texts][:limit]}
    if not asked:
        raise InputError(f"There is no judged question in {cited or dataset} ({', '.join(map(str, told.values()))}).")
    return _Asked(texts=asked, gold=gold, told=told)


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


def whole_numbers(text: str) -> list[int]:
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
