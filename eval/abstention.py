"""Is the gate's confidence worth anything? Area under the ROC curve, and what is risked at each share of questions let through.

An item is answered where it is let through and something is cited; it is answered wrongly where no gold passage is among what
it cites. Items of which nothing is gold are answered wrongly whenever they are answered. The curve is over all items asked, so
the share of these among them sets where it ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eval.significance import upper_bound

COVERAGES = (0.5, 0.8, 1.0)
MOST_POINTS = 60


@dataclass(frozen=True, kw_only=True)
class Ventured:
    """One item. ``cites``: what it would cite with the gate open (ids); None where that was not written."""

    confidence: float
    gold: frozenset[str]
    cites: frozenset[str] | None


def abstention(ventured: Sequence[Ventured], threshold: float) -> dict[str, Any]:
    """``auroc``: that an item with gold passages has a higher confidence than one without; None where all are of one sort.
    ``risk_at_coverage``: None where answers that the gate withholds were not written."""
    curve = _curve(ventured)
    gated = [one for one in ventured if one.confidence >= threshold]
    return {
        "auroc": _auroc(ventured),
        "risk_at_coverage": {
            str(coverage): next((p["risk"] for p in curve if p["coverage"] >= coverage), None) for coverage in COVERAGES
        },
        "operating_point": _point(gated, len(ventured), threshold),
        "curve": _thinned(curve),
    }


def _auroc(ventured: Sequence[Ventured]) -> float | None:
    from sklearn.metrics import roc_auc_score

    answerable = [bool(one.gold) for one in ventured]
    if len(set(answerable)) < 2:
        return None
    return round(float(roc_auc_score(answerable, [one.confidence for one in ventured])), 4)


def _curve(ventured: Sequence[Ventured]) -> list[dict[str, Any]]:
    """A point for each confidence that occurs, from the highest, as long as everything above was written."""
    ordered = sorted(ventured, key=lambda one: -one.confidence)
    points = []
    for n, one in enumerate(ordered, start=1):
        if one.cites is None:
            break
        if n == len(ordered) or ordered[n].confidence < one.confidence:
            points.append(_point(ordered[:n], len(ordered), one.confidence))
    return points


def _point(passed: Sequence[Ventured], n: int, threshold: float) -> dict[str, Any]:
    answered = [one for one in passed if one.cites]
    wrong = sum(not one.gold & (one.cites or frozenset()) for one in answered)
    return {
        "threshold": round(threshold, 4),
        "coverage": round(len(passed) / n, 4),
        "answered": len(answered),
        "risk": round(wrong / len(answered), 4) if answered else 0.0,
        "risk_at_most_95": round(upper_bound(wrong, len(answered)), 4) if answered else 1.0,
    }


def _thinned(curve: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """At most `MOST_POINTS`, evenly, the first and the last among them."""
    if len(curve) <= MOST_POINTS:
        return list(curve)
    return [curve[round(n * (len(curve) - 1) / (MOST_POINTS - 1))] for n in range(MOST_POINTS)]
