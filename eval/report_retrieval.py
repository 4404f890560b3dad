"""What ``eval retrieval`` found, as a report: measures by depth, by number of gold passages, by the word that asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eval import plots
from eval.report import Plot, Report, Table, shown, table

DEPTHS = (1, 3, 5, 10, 20, 50, 100)
FACTS = {
    "dataset": "Folder",
    "split": "Split",
    "part": "Part",
    "cited": "Questions of",
    "kind": "Kind",
    "queries": "Questions",
    "passages": "Passages",
    "unknown_queries": "Judged questions without a text",
    "unknown_passages": "Gold passages that the corpus does not hold",
    "encoder": "Encoder",
    "reranker": "Reranker",
    "seconds_searching": "Seconds of searching",
}


def depths(wanted: list[int]) -> list[int]:
    """Those wanted, and those of `DEPTHS` below the deepest."""
    return sorted({*wanted, *(k for k in DEPTHS if k < max(wanted))})


def report(body: Mapping[str, Any]) -> Report:
    """``body``: what the command prints with ``--json``."""
    measured = [name for name in body if "@" in name]
    names = list(dict.fromkeys(name.split("@")[0] for name in measured))
    cuts = sorted({int(name.split("@")[1]) for name in measured})
    deepest = {f"{name}@{cuts[-1]}": f"{name}@{cuts[-1]}" for name in names}
    by_depth = {f"{k}": {name: body[f"{name}@{k}"] for name in names} for k in cuts}
    curves = {name: [(float(k), float(body[f"{name}@{k}"])) for k in cuts] for name in names}
    said = "all: the share of questions whose gold passages all stand above the cut."
    parts: list[Table | Plot] = [
        table("By depth", by_depth, {name: name for name in names}, first="k", note=said),
        Plot(title="Measures by depth", name="by_depth", svg=plots.lines(curves, x="k", y="share", top=1.0)),
    ]
    for key, title, file in (
        ("by_gold_passages", "By number of gold passages", "by_gold"),
        ("by_question_type", "By the word that asks", "by_type"),
    ):
        own = body[key]
        groups = {name: {head: values[head] for head in deepest} for name, values in own.items()}
        parts.append(table(title, own, {"queries": "questions", **deepest}))
        parts.append(Plot(title=f"{title}, plotted", name=file, svg=plots.bars(groups, y="share")))
    facts = tuple((title, shown(body[name])) for name, title in FACTS.items() if body.get(name) is not None)
    return Report(title="Is the right passage found?", facts=facts, parts=tuple(parts))
