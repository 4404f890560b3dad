"""What ``eval answers`` found, as a report: by kind beside the constant baselines, with the aims, and what the gate risks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eval import plots
from eval.needed import AIMS
from eval.report import Plot, Report, Table, shown, table

CITING = {"citation_precision": "precision", "citation_recall": "recall"}
SHARES = {
    "n": "items",
    **CITING,
    "abstained": "abstained",
    "gold_within_reach": "gold within reach",
    "sentence_citation_rate": "sentences citing gold",
    "support_rate": "support, by words",
    "quote_support_rate": "support, by the judge on quotes",
    "withheld_rate": "withheld",
    "seconds": "seconds, median",
}
CORRECTNESS = {
    "references": "items with a reference",
    "n": "of these answered",
    "token_f1": "token F1",
    "cosine": "cosine",
    "key_facts": "key facts",
}
ALL = "all"


def report(body: Mapping[str, Any]) -> Report:
    """``body``: what the command prints with ``--json``."""
    kinds = {ALL: body, **body["by_kind"]}
    parts: list[Table | Plot] = [
        table("By kind", kinds, SHARES, first="kind", note=f"{AIMED} A kind says how many passages are gold."),
        _beside(body),
        Plot(
            title="Citations by kind, with the aims",
            name="citations",
            svg=plots.bars(
                {kind: {head: own[key] for key, head in CITING.items()} for kind, own in kinds.items()},
                y="share",
                aims={k: dict(zip(CITING.values(), AIMS[k], strict=True)) for k in kinds if k in AIMS},
            ),
        ),
        *_gate(body["abstention"]),
        table(
            "Correctness against references",
            {kind: own["correctness"] for kind, own in kinds.items()},
            CORRECTNESS,
            first="kind",
            note="Over answered items that have a reference. References paraphrase, answers quote: read them beside each other.",
        ),
    ]
    if "by_training" in body:
        seen = "Items none of whose gold passages stand in the files of --trained-on, and the others."
        parts.append(table("By training", body["by_training"], SHARES, first="gold passages", note=seen))
    return Report(title="Answers and their citations", facts=_facts(body), parts=tuple(parts))


def abstention_report(body: Mapping[str, Any]) -> Report:
    """``body``: what ``eval abstention`` prints with ``--json``."""
    titles = {"gold_removed": "Gold sections taken out of the index", "unanswerable": "Questions that nothing answers"}
    facts = [("Questions that can be answered", str(body["answerable"]))]
    facts += [(title, str(body[name]["n"])) for name, title in titles.items()]
    parts = [part for name, title in titles.items() if body[name]["n"] for part in _gate(body[name], title, f"{name}_")]
    return Report(title="When the assistant keeps silent", facts=tuple(facts), parts=tuple(parts))


AIMED = (
    "Aims for precision and recall: " + ", ".join(f"{kind} {p:.2f} / {r:.2f}" for kind, (p, r) in AIMS.items()) + "."
)


def _facts(body: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    latency = body["latency"]
    names = {
        "dataset": "Items",
        "contexts": "Passages",
        "corpus": "Corpus",
        "not_asked": "Items not asked, their gold is not known",
        "unknown_gold": "Gold passages that the corpus does not hold",
        "generator": "Generator",
        "n": "Questions asked",
    }
    return (
        *((title, str(body[name])) for name, title in names.items() if name in body),
        ("Seconds, p50 and p95", f"{latency['p50']} and {latency['p95']}"),
        ("Tokens per second, prompt and judging included", str(latency["tokens_per_second"] or "–")),
    )


def _beside(body: Mapping[str, Any]) -> Table:
    rows: dict[str, dict[str, object]] = {}
    for kind in (ALL, *body["by_kind"]):
        rows[f"{kind}: answers"] = _of(body, kind)
        rows |= {f"{kind}: {name.replace('_', ' ')}": _of(own, kind) for name, own in body["baselines"].items()}
    note = "Neither needs a model of language; neither ever abstains."
    return table("Beside constant baselines", rows, CITING, first="kind", note=note)


def _of(figures: Mapping[str, Any], kind: str) -> dict[str, object]:
    return dict(figures if kind == ALL else figures["by_kind"][kind])


def _gate(found: Mapping[str, Any], title: str = "The gate", prefix: str = "") -> list[Table | Plot]:
    """``prefix`` of the plot's file."""
    point = found["operating_point"]
    auroc = f"Area under the ROC curve, items with gold passages against items without: {shown(found['auroc'])}."
    rows = {f"coverage {at}": {"coverage": at, "risk": risk} for at, risk in found["risk_at_coverage"].items()}
    parts: list[Table | Plot] = [
        table(
            title,
            {**rows, "where it stands": point},
            {
                "coverage": "let through",
                "threshold": "threshold",
                "answered": "answered",
                "risk": "risk",
                "risk_at_most_95": "at most (95 %)",
            },
            note=f"{auroc} Risk: share of answered items whose citations hold no gold passage.",
        )
    ]
    if found["curve"]:
        points = [(p["coverage"], p["risk"]) for p in found["curve"]]
        svg = plots.lines(
            {"risk": points},
            x="coverage: share of items let through",
            y="risk",
            steps=True,
            top=1.0,
            mark=("where the gate stands", (point["coverage"], point["risk"])),
        )
        parts.append(Plot(title="Risk and coverage", name=f"{prefix}risk_coverage", svg=svg))
    return parts
