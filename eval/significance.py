"""How sure is a figure: the upper bound of a share, and whether one run is better than another on the same questions.

The latter by the paired randomisation test (Fisher 1935; for retrieval Smucker, Allan and Carterette 2007): under the null
hypothesis a question's two results might as well have been swapped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from assistant.errors import InputError

ROUNDS = 20_000


def randomisation(first: Sequence[float], second: Sequence[float], *, rounds: int = ROUNDS, seed: int = 0) -> float:
    """Two-sided p of the difference in means; never 0, since the observed labelling is one of the possible ones."""
    differences = np.asarray(second, dtype=np.float64) - np.asarray(first, dtype=np.float64)
    differences = differences[differences != 0]
    if not len(differences):
        return 1.0
    observed = abs(differences.sum())
    generator, extreme = np.random.default_rng(seed), 0
    for start in range(0, rounds, 500):
        signs = generator.integers(0, 2, size=(min(500, rounds - start), len(differences)), dtype=np.int8) * 2 - 1
        extreme += int((np.abs(signs @ differences) >= observed - 1e-12).sum())
    return (extreme + 1) / (rounds + 1)


def compare(first: Mapping[str, Mapping[str, float]], second: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """For every measure: the two means over the questions that have it in both, their difference (second - first) and p; how
    many these are, where they are not all. Unscored is not zero."""
    shared = [i for i in first if i in second]
    if not shared:
        raise InputError("The two files have no question in common.")
    names = dict.fromkeys(name for i in shared for name in first[i] if name in second[i])
    told = {}
    for name in names:
        scored = [i for i in shared if name in first[i] and name in second[i]]
        a, b = [first[i][name] for i in scored], [second[i][name] for i in scored]
        told[name] = {
            "first": round(float(np.mean(a)), 4),
            "second": round(float(np.mean(b)), 4),
            "difference": round(float(np.mean(b) - np.mean(a)), 4),
            "p": round(randomisation(a, b), 5),
            **({"queries": len(scored)} if len(scored) < len(shared) else {}),
        }
    return {
        "queries": len(shared),
        "only_first": len(first) - len(shared),
        "only_second": len(second) - len(shared),
        **told,
    }


def upper_bound(wrong: int, n: int, confidence: float = 0.95) -> float:
    """Of a share of which ``wrong`` of ``n`` were seen (Clopper and Pearson 1934, one-sided)."""
    from scipy.stats import beta

    return 1.0 if wrong >= n else float(beta.ppf(confidence, wrong + 1, n - wrong))
