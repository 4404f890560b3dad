"""The two logistic models of an answer, `assistant.evidence.abstain` and `assistant.evidence.needed`: numbers in, odds out."""

from __future__ import annotations

import math
from collections.abc import Mapping

from assistant.config import Logistic


def log_odds(values: Mapping[str, float], section: Logistic) -> float:
    """``values`` by the names of the weights; those without a weight count for nothing."""
    return section.intercept + sum(weight * values[name] for name, weight in section.weights.items())


def probability(odds: float) -> float:
    """In [0, 1], of natural-log odds."""
    return (1 + math.tanh(odds / 2)) / 2  # the logistic function; exp(-odds) overflows from -710 on
