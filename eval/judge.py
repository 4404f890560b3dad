"""Judging the judge: sentences of documents that no training saw, true ones in other words and changed ones, by kind.

The area under the curve is over the score a judge gives; beside it two baselines, the share of terms that stand in the best run
and the cosine of the embedder. A literal quotation proves nothing and is reported apart: "supported" below means reworded.
The corruptions are made by rules (`assistant.train.corrupt`), not by a generator: what a generator gets wrong may look
otherwise. `counterfactual` changes the passage instead: the old sentence must fall and the new one stand.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.evidence.rules import Claim, best_run, overlap, with_heads
from assistant.evidence.sentences import spans
from assistant.protocols import Embedder, Judge
from assistant.train.corrupt import KINDS
from assistant.train.pairs import TABLE, VERBATIM, Pair, Source
from assistant.train.reword import WAYS
from assistant.types import Judgement
from eval.significance import upper_bound

Scorer = Callable[[Pair], float]
_CHANGES = ("number", "modality")


def area(supported: Sequence[float], unsupported: Sequence[float]) -> float | None:
    """Under the receiver operating characteristic: how often a supported pair scores above an unsupported one, ties half."""
    if not supported or not unsupported:
        return None
    below = np.sort(np.asarray(unsupported, dtype=np.float64))
    at = np.asarray(supported, dtype=np.float64)
    under, upto = np.searchsorted(below, at, "left"), np.searchsorted(below, at, "right")
    return round(float((under + upto).mean() / 2 / len(below)), 4)


def baselines(embedder: Embedder) -> dict[str, Scorer]:
    """``lexical overlap``: share of the sentence's terms in its best run; ``cosine``: of sentence and that run."""

    def run_of(pair: Pair) -> tuple[Claim, str]:
        claim = Claim.of(pair.sentence)
        return claim, with_heads(pair.passage, *best_run(claim, pair.passage))

    def cosine(pair: Pair) -> float:
        one, other = embedder.embed([pair.sentence, run_of(pair)[1]])
        return float(one @ other)

    return {"lexical overlap": lambda pair: overlap(*run_of(pair)), "cosine": cosine}


def measure(judges: Mapping[str, Judge], others: Mapping[str, Scorer], pairs: Sequence[Pair]) -> dict[str, Any]:
    """Areas overall and by kind with their n, and for each judge what it shows: see `_shown`."""
    verdicts = {name: [_one(judge, pair) for pair in pairs] for name, judge in judges.items()}
    scores: dict[str, NDArray[np.float64]] = {
        name: np.array([verdict.score for verdict in found]) for name, found in verdicts.items()
    } | {name: np.array([score(pair) for pair in pairs]) for name, score in others.items()}
    reworded = np.array([pair.supported and pair.kind != VERBATIM for pair in pairs], dtype=np.bool_)
    literal = np.array([pair.supported for pair in pairs], dtype=np.bool_)
    wrong, held = ~literal, np.array([pair.held for pair in pairs], dtype=np.bool_)
    kinds = sorted({pair.kind for pair in pairs if not pair.supported})
    of_kind = {
        kind: np.array([pair.kind == kind and not pair.supported for pair in pairs], dtype=np.bool_) for kind in kinds
    }

    def areas(chosen: NDArray[np.bool_], true: NDArray[np.bool_]) -> dict[str, float | None]:
        return {name: area(list(found[true]), list(found[chosen])) for name, found in scores.items()}

    return {
        "n": {
            "reworded": int(reworded.sum()),
            "literal": int((literal & ~reworded).sum()),
            "changed": int(wrong.sum()),
        },
        "documents": len({pair.document for pair in pairs}),
        "auroc": areas(wrong, reworded),
        "auroc_with_literal": areas(wrong, literal),
        "auroc_by_kind": {kind: {"n": int(of_kind[kind].sum()), **areas(of_kind[kind], reworded)} for kind in kinds},
        "auroc_words_never_trained_on": areas(wrong & held, reworded & held),
        "shown": {name: _shown(pairs, found) for name, found in verdicts.items()},
    }


def _one(judge: Judge, pair: Pair) -> Judgement:
    (found,) = judge.judge(pair.sentence, [pair.passage])
    return found


def _shown(pairs: Sequence[Pair], verdicts: Sequence[Judgement]) -> dict[str, Any]:
    """At the operating point: share of true sentences refused, of changed ones shown, by kind; ``upper_95`` is the exact
    one-sided bound of the latter."""
    count: Counter[tuple[str, bool]] = Counter()
    shown: Counter[tuple[str, bool]] = Counter()
    for pair, verdict in zip(pairs, verdicts, strict=True):
        key = (pair.kind, pair.supported)
        count[key] += 1
        shown[key] += verdict.verdict == "supported"
    true = [kind for kind in (*WAYS, TABLE) if count[kind, True]]
    changed = sorted(kind for kind, supported in count if not supported)
    refused = sum(count[kind, True] - shown[kind, True] for kind in true)
    through, of = sum(shown[kind, False] for kind in changed), sum(count[kind, False] for kind in changed)
    return {
        "reworded_refused": _share(refused, sum(count[kind, True] for kind in true)),
        "literal_refused": _share(count[VERBATIM, True] - shown[VERBATIM, True], count[VERBATIM, True]),
        "changed_shown": _share(through, of),
        "changed_shown_upper_95": round(upper_bound(through, of), 4) if of else None,
        "reworded_refused_by_kind": {k: _share(count[k, True] - shown[k, True], count[k, True]) for k in true},
        "changed_shown_by_kind": {k: _share(shown[k, False], count[k, False]) for k in changed},
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def counterfactual(judge: Judge, sources: Sequence[Source], *, most: int, seed: int = 0) -> dict[str, Any]:
    """Figure or modality of one sentence changed in its passage: shares of old sentences refused, of new ones supported,
    and of old ones that were supported by the passage as it was; the same with the sentence's words reworded."""
    rng = random.Random(seed)
    places = [(s, text) for s in sources for text in _whole_sentences(s.passage.text)]
    rng.shuffle(places)
    tried: Counter[str] = Counter()
    passed: Counter[str] = Counter()
    by_change: Counter[str] = Counter()
    for source, text in places:
        if sum(by_change.values()) >= most:
            break
        passage = source.passage.text
        for change in sorted(_CHANGES, key=lambda name: by_change[name]):
            new = KINDS[change](text, rng, near=text, held=False)
            if not new or passage.count(text) != 1:
                continue
            changed = passage.replace(text, new)
            by_change[change] += 1
            said = {"": (text, new)}
            if reworded := WAYS["led in"](text, rng, held=False):
                said["reworded_"] = (reworded, WAYS["led in"](new, rng, held=False))
            for prefix, (old, fresh) in said.items():
                checks = {
                    "old_refused": not _supports(judge, old, changed),
                    "new_supported": _supports(judge, fresh, changed),
                    "old_supported_before": _supports(judge, old, passage),
                }
                tried.update(prefix + name for name in checks)
                passed.update(prefix + name for name, passes in checks.items() if passes)
            break
    rates = {name: _share(passed[name], tried[name]) for name in sorted(tried)}
    return {"n": sum(by_change.values()), "changes": dict(by_change), **rates}


def _whole_sentences(passage: str) -> list[str]:
    """Sentences of prose that stand on one line."""
    found = [passage[start:end] for start, end in spans(passage)]
    return [text for text in found if len(text.split()) >= 6 and text.endswith(".") and " | " not in text]


def _supports(judge: Judge, sentence: str, passage: str) -> bool:
    (found,) = judge.judge(sentence, [passage])
    return found.verdict == "supported"


def milliseconds(judge: Judge, pairs: Sequence[Pair], *, answers: int = 20) -> dict[str, float]:
    """For an answer of three reworded sentences over four passages, their own among them: median and slowest of ``answers``."""
    true = [pair for pair in pairs if pair.supported and pair.kind != VERBATIM][: 4 * answers]
    times = []
    for first in range(0, len(true) - 3, 4):
        part = true[first : first + 4]
        passages = [pair.passage for pair in part]
        started = time.perf_counter()
        for pair in part[:3]:
            judge.judge(pair.sentence, passages)
        times.append((time.perf_counter() - started) * 1000)
    return {"median": round(float(np.median(times)), 1), "slowest": round(max(times), 1)} if times else {}
