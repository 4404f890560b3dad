"""Fits the gate's logistic model on questions kept apart for that (``calibration.jsonl``), never on those it is judged by.

The target is whether a gold section stands in what the generator would be given; unanswerable questions count as no. The
regularisation is strong (C = 1) because a collection has few such questions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from assistant.answer import Assistant
from assistant.build import principal_of
from assistant.evidence import abstain, prompt, quote
from assistant.retrieve import retrieve
from eval.cases import Case, covered


def fit(assistant: Assistant, cases: Sequence[Case], names: Sequence[str] = abstain.SIGNALS) -> dict[str, Any]:
    """``intercept``, ``weights``, and for each threshold what it would let through; for the config's ``[gate]``."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import LeaveOneOut, cross_val_predict

    rows, targets = zip(*(_row(assistant, case, names) for case in cases), strict=True)
    x, y = np.array(rows), np.array(targets)
    model = LogisticRegression(C=1.0, max_iter=1000)
    held_out = cross_val_predict(model, x, y, cv=LeaveOneOut(), method="predict_proba")[:, 1]
    model.fit(x, y)
    curve = {
        f"{cut:.2f}": {
            "passed_good": round(float((held_out[y == 1] >= cut).mean()), 3),
            "passed_bad": round(float((held_out[y == 0] >= cut).mean()), 3),
        }
        for cut in np.arange(0.2, 0.85, 0.05)
    }
    return {
        "n": len(y),
        "positives": int(y.sum()),
        "auroc_leave_one_out": round(float(roc_auc_score(y, held_out)), 3),
        "intercept": round(float(model.intercept_[0]), 4),
        "weights": {name: round(float(w), 4) for name, w in zip(names, model.coef_[0], strict=True)},
        "thresholds": curve,
    }


def _row(assistant: Assistant, case: Case, names: Sequence[str]) -> tuple[list[float], int]:
    config = assistant.config
    snapshot = assistant.library.current()
    mask = snapshot.mask(
        principal_of(config, case.user), assistant.library.policy(), case.as_of or assistant.clock().date()
    )
    (hits,) = retrieve(snapshot, [case.question], mask, config.retrieve, assistant.reranker)
    given = prompt.evidence(hits, config.prompt, assistant.count_tokens)
    found = quote.choices(case.question, given, assistant.reranker, most=1, margin=0)
    values = abstain.signals(case.question, hits, found[0].score if found else -10.0, snapshot.lexical.idf)
    good = case.answerable and covered(case.gold, [(h.document.uri, h.passage.where) for h in given]) > 0
    return [values[name] for name in names], int(good)
