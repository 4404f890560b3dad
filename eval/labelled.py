"""Sentences that people labelled: what the judge shows of them, beside overlap and cosine.

``eval/labelled_sentences.jsonl`` holds sentences of the generator (`eval.collect_sentences`) with two labels, each given by
reading without sight of the other, of the judge's verdict or of who wrote it: ``supported`` where one of the passages alone
says all of the sentence, else ``unsupported``. ``label`` is what the two agreed on, or what a third reading decided.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.errors import InputError
from assistant.protocols import Judge
from assistant.train.pairs import Pair
from eval.judge import Scorer, area
from eval.significance import upper_bound

SUPPORTED, UNSUPPORTED = "supported", "unsupported"


@dataclass(frozen=True, kw_only=True)
class Labelled:
    id: str
    sentence: str
    passages: tuple[str, ...]
    first: str
    second: str
    label: str

    @property
    def supported(self) -> bool:
        return self.label == SUPPORTED


def read(file: Path) -> list[Labelled]:
    """`InputError` names the line that is not a labelled sentence."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(f"{file} can't be read ({error.strerror}).") from error
    return [_row(line, f"{file}:{number}") for number, line in enumerate(lines, start=1) if line.strip()]


def _row(line: str, place: str) -> Labelled:
    try:
        row = json.loads(line)
        labels = {name: str(row[name]) for name in ("first", "second", "label")}
        if not set(labels.values()) <= {SUPPORTED, UNSUPPORTED}:
            raise ValueError(f"a label is neither {SUPPORTED} nor {UNSUPPORTED}")
        return Labelled(id=str(row["id"]), sentence=row["sentence"], passages=tuple(row["passages"]), **labels)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{place} is not a labelled sentence ({error}); see eval/labelled.py.") from error


def measure(judges: Mapping[str, Judge], others: Mapping[str, Scorer], rows: Sequence[Labelled]) -> dict[str, Any]:
    """Agreement of the two labels (share, and Cohen 1960's kappa), and for each judge what it shows: ``upper_95`` is the exact
    one-sided bound of the share of shown sentences that are unsupported."""
    from sklearn.metrics import cohen_kappa_score

    first, second = [row.first for row in rows], [row.second for row in rows]
    agreed = sum(one == other for one, other in zip(first, second, strict=True))
    found = {name: [judge.judge(row.sentence, row.passages) for row in rows] for name, judge in judges.items()}
    scores = {name: [max(v.score for v in verdicts) for verdicts in own] for name, own in found.items()} | {
        name: [max(score(_pair(row, passage)) for passage in row.passages) for row in rows]
        for name, score in others.items()
    }
    return {
        "n": len(rows),
        "supported": sum(row.supported for row in rows),
        "labels_agree": round(agreed / len(rows), 4),
        "kappa": round(float(cohen_kappa_score(first, second)), 4),
        "auroc": {
            name: area(
                [s for s, row in zip(own, rows, strict=True) if row.supported],
                [s for s, row in zip(own, rows, strict=True) if not row.supported],
            )
            for name, own in scores.items()
        },
        "shown": {
            name: _shown(rows, [any(v.verdict == SUPPORTED for v in verdicts) for verdicts in own])
            for name, own in found.items()
        },
    }


def _shown(rows: Sequence[Labelled], shown: Sequence[bool]) -> dict[str, Any]:
    through = [row for row, passes in zip(rows, shown, strict=True) if passes]
    wrong = sum(not row.supported for row in through)
    return {
        "n": len(through),
        "unsupported": wrong,
        "unsupported_upper_95": round(upper_bound(wrong, len(through)), 4) if through else None,
        "supported_refused": sum(row.supported for row in rows) - (len(through) - wrong),
        "which": [row.id for row in through if not row.supported],
    }


def _pair(row: Labelled, passage: str) -> Pair:
    return Pair(sentence=row.sentence, passage=passage, supported=row.supported, kind="", document="", held=True)
