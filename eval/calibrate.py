"""Fits the gate on questions kept apart for it (``calibration.jsonl``), never on those it is judged by.

Each question is answered with the gate open. The target is whether the answer is right: it cites a gold section. A wrong
answer, and any answer to what can't be answered, is what the gate shall stop; so is any to a question asked once more without
its gold sections. Logistic regression, strongly regularised (C = 1), since a collection has few such questions; every figure is
from leaving one question out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.answer import Assistant
from assistant.errors import InputError
from assistant.evidence.logistic import probability
from eval.cases import Case, covered
from eval.open_gate import opened
from eval.significance import upper_bound

SETS: tuple[tuple[str, ...], ...] = (
    ("leaning",),
    ("needed",),
    ("needed", "answerable"),
    ("sentence", "relevance", "coverage"),
    ("leaning", "sentence", "relevance", "coverage"),
    ("leaning", "sentence", "relevance", "lead", "coverage"),
)
"""Sets of signals that are compared; the first of `fit`'s answer is the best of them by area under the curve."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One question, answered with the gate open."""

    id: str
    answerable: bool
    right: bool
    values: dict[str, float]


def answer_all(
    assistant: Assistant, cases: Iterable[Case], tell: Callable[[Row], None], *, without_gold: bool = False
) -> list[Row]:
    """``without_gold``: those that can be answered once more, without their gold sections."""
    rows = []
    for case in cases:
        for hidden in (False, True) if without_gold and case.answerable else (False,):
            rows.append(_row(assistant, case, hidden=hidden))
            tell(rows[-1])
    return rows


def _row(assistant: Assistant, case: Case, *, hidden: bool) -> Row:
    asked = opened(assistant, case, without_gold=hidden)
    answerable = case.answerable and not hidden
    right = answerable and covered(case.gold, asked.places()) > 0
    name = f"{case.id} without gold" if hidden else case.id
    return Row(id=name, answerable=answerable, right=right, values=asked.values)


def write_rows(rows: Sequence[Row], file: Path) -> None:
    file.write_text("".join(json.dumps(asdict(row)) + "\n" for row in rows), encoding="utf-8")


def read_rows(file: Path) -> list[Row]:
    return [Row(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]


def fit(rows: Sequence[Row], *, wrong_at_most: float) -> dict[str, Any]:
    """What goes into the config's ``[gate]``, what it rests on, and the risk–coverage curve.

    The threshold is the lowest at which, of the calibration questions that would be answered, a share of at most
    ``wrong_at_most`` would be answered wrongly; beside it stands the upper 95 % bound of that share."""
    if sum(row.right for row in rows) < 2 or sum(not row.right for row in rows) < 2:
        raise InputError(
            "Two questions answered rightly and two that can't be are the least to calibrate on; add some."
        )
    right = np.array([row.right for row in rows])
    read = any(row.values["answerable"] for row in rows)  # the gate has an adapter
    tried = {names: _held_out(rows, names) for names in SETS if read or "answerable" not in names}
    areas = {names: _area(right, held_out) for names, held_out in tried.items()}
    names = max(areas, key=lambda one: areas[one])
    held_out = tried[names]
    intercept, weights = _logistic(_matrix(rows, names), right)
    curve = _curve(right, held_out)
    point = _operating_point(curve, wrong_at_most)
    return {
        "n": len(rows),
        "right_with_open_gate": int(right.sum()),
        "auroc_leave_one_out": {"+".join(one): round(area, 3) for one, area in areas.items()},
        "gate": {
            "threshold": point["threshold"],
            "intercept": round(intercept, 4),
            "weights": {name: round(weight, 4) for name, weight in zip(names, weights, strict=True)},
        },
        "wrong_at_most": wrong_at_most,
        "operating_point": point,
        "curve": curve,
    }


def _matrix(rows: Sequence[Row], names: Sequence[str]) -> NDArray[np.float64]:
    return np.array([[row.values[name] for name in names] for row in rows])


def _logistic(x: NDArray[np.float64], y: NDArray[np.bool_]) -> tuple[float, list[float]]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1.0, max_iter=5000).fit(x, y)
    return float(model.intercept_[0]), [float(w) for w in model.coef_[0]]


def _held_out(rows: Sequence[Row], names: Sequence[str]) -> NDArray[np.float64]:
    """For each question its probability by a model that did not see it."""
    x, y = _matrix(rows, names), np.array([row.right for row in rows])
    found = []
    for n in range(len(rows)):
        intercept, weights = _logistic(np.delete(x, n, 0), np.delete(y, n))
        z = intercept + float(x[n] @ np.array(weights))
        found.append(probability(z))
    return np.array(found)


def _area(right: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(right, scores))


def _curve(right: NDArray[np.bool_], scores: NDArray[np.float64]) -> list[dict[str, float]]:
    """For thresholds from high to low: the share answered, and the share of those answered wrongly."""
    curve = []
    for cut in np.round(np.arange(0.95, 0.0, -0.025), 3):
        passed = scores >= cut
        n, wrong = int(passed.sum()), int((passed & ~right).sum())
        curve.append(
            {
                "threshold": float(cut),
                "answered": round(n / len(right), 4),
                "right_kept": round(float((passed & right).sum() / right.sum()), 4),
                "wrong": round(wrong / n, 4) if n else 0.0,
                "wrong_at_most_95": round(upper_bound(wrong, n), 4),
            }
        )
    return curve


def _operating_point(curve: Sequence[Mapping[str, float]], wrong_at_most: float) -> Mapping[str, float]:
    kept = [point for point in curve if point["wrong"] <= wrong_at_most and point["answered"] > 0]
    return min(kept, key=lambda point: point["threshold"]) if kept else curve[0]
