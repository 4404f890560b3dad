"""Does the right passage come first? The measures of `pytrec_eval` over what `retrieve` finds for a BEIR folder's questions.

Match is by corpus id; rows of one passage are collapsed to it by best score before the cut. A question whose gold passage is
not in the corpus counts as it stands (nothing can be found); a judged question without a text can't be asked: both are told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.config import Retrieve
from assistant.errors import InputError, Unavailable
from assistant.protocols import Reranker
from assistant.retrieve import retrieve
from assistant.types import Hit, Progress
from eval.beir import BeirSnapshot, Tell

BATCH = 32
ASKING = frozenset("what how when who whom whose which where why".split())
VERBS = frozenset(
    "is are was were do does did has have had can could may might must shall should will would am".split()
)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One question, what should be found, what was (corpus ids, best first), and its measures in [0, 1]."""

    id: str
    question: str
    gold: tuple[str, ...]
    found: tuple[str, ...]
    measures: Mapping[str, float]


def search(
    snapshot: BeirSnapshot,
    queries: Mapping[str, str],
    section: Retrieve,
    reranker: Reranker,
    depth: int,
    tell: Tell,
) -> dict[str, tuple[str, ...]]:
    """At most ``depth`` corpus ids for each query id, best first."""
    # Rows are collapsed, so more hits are asked for than the reranker reads; that changes no order.
    wide = section.model_copy(update={"hits": 2 * max(depth, section.rerank_candidates)})
    everything = np.ones(len(snapshot.passages), dtype=np.bool_)
    ids, found = list(queries), {}
    for start in range(0, len(ids), BATCH):
        part = ids[start : start + BATCH]
        ranked = retrieve(snapshot, [queries[i] for i in part], everything, wide, reranker)
        found.update(
            {i: collapsed(hits, snapshot)[:depth] for i, hits in zip(part, ranked, strict=True)},
        )
        tell(Progress(stage="search", done=min(start + BATCH, len(ids)), total=len(ids)))
    return found


def collapsed(hits: Iterable[Hit], snapshot: BeirSnapshot) -> tuple[str, ...]:
    """Corpus ids by the best place of any of their rows."""
    return tuple(dict.fromkeys(snapshot.parent_of(hit.passage) for hit in hits))


def judge(
    found: Mapping[str, tuple[str, ...]],
    gold: Mapping[str, Mapping[str, int]],
    texts: Mapping[str, str],
    depths: Sequence[int],
) -> list[Judged]:
    """recall@k, map@k, ndcg@k and all@k (1 where every gold passage stands above the cut) for each k of ``depths``."""
    try:
        import pytrec_eval
    except ImportError as error:
        raise Unavailable("pytrec_eval is not installed; install pytrec-eval-terrier.") from error
    cuts = ",".join(str(k) for k in depths)
    names = {"recall": "recall", "map_cut": "map", "ndcg_cut": "ndcg"}
    evaluator = pytrec_eval.RelevanceEvaluator(
        {i: dict(gold[i]) for i in found}, {f"{measure}.{cuts}" for measure in names}
    )
    # Places as scores: equal scores would be broken by id, and scores of two rankings are not comparable anyway.
    scores = evaluator.evaluate({i: {p: -float(n) for n, p in enumerate(ids)} for i, ids in found.items()})
    judged = []
    for query, ids in found.items():
        wanted = gold[query].keys()
        measures = {
            f"{short}@{k}": float(scores[query][f"{long}_{k}"]) if query in scores else 0.0
            for long, short in names.items()
            for k in depths
        }
        measures |= {f"all@{k}": float(wanted <= set(ids[:k])) for k in depths}
        judged.append(Judged(id=query, question=texts[query], gold=tuple(sorted(wanted)), found=ids, measures=measures))
    return judged


def summary(judged: Sequence[Judged]) -> dict[str, Any]:
    """Means over all questions, and apart for those with one gold passage and with several, and by the word that asks."""
    kinds = {"one": [j for j in judged if len(j.gold) == 1], "several": [j for j in judged if len(j.gold) > 1]}
    return {
        **means(judged),
        "queries": len(judged),
        "by_gold_passages": {name: {"queries": len(some), **means(some)} for name, some in kinds.items() if some},
        "by_question_type": {name: {"queries": len(some), **means(some)} for name, some in _by_type(judged).items()},
    }


def _by_type(judged: Sequence[Judged]) -> dict[str, list[Judged]]:
    """The most frequent first."""
    types: dict[str, list[Judged]] = {}
    for one in judged:
        types.setdefault(question_type(one.question), []).append(one)
    return dict(sorted(types.items(), key=lambda pair: -len(pair[1])))


def question_type(question: str) -> str:
    """The first word where it asks, "yes or no" where a verb comes first, else "other" (a condition comes first, or no
    question is asked)."""
    first = (re.findall(r"[a-z]+", question.lower()) or [""])[0]
    return first if first in ASKING else "yes or no" if first in VERBS else "other"


def means(judged: Sequence[Judged]) -> dict[str, float]:
    names = judged[0].measures if judged else {}
    return {name: round(sum(j.measures[name] for j in judged) / len(judged), 4) for name in names}


def write_per_query(judged: Iterable[Judged], file: Path) -> None:
    """JSON Lines: id, question, gold, found, measures."""
    try:
        file.write_text("".join(json.dumps(asdict(j), ensure_ascii=False) + "\n" for j in judged), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file} can't be written ({error.strerror}).") from error


def read_per_query(file: Path) -> dict[str, dict[str, float]]:
    """Measures by question id."""
    try:
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        return {row["id"]: dict(row["measures"]) for row in rows}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{file} can't be read; it must be written by --per-query.") from error
