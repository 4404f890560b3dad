"""Is the right section found? A collection's own questions through visible set and search, without a generator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from assistant.build import principal_of
from assistant.config import Config
from assistant.knowledge.library import Library
from assistant.protocols import Reranker
from assistant.retrieve import retrieve
from eval.cases import Case, covered

AT = 5


@dataclass(frozen=True, kw_only=True)
class Found:
    """``place``: of the first hit in a gold section, from 1, None where there is none. ``covered``: gold sections among the
    first `AT` hits."""

    case: Case
    place: int | None
    covered: int

    @property
    def measures(self) -> dict[str, float]:
        return {
            f"section_in_top_{AT}": float(self.covered > 0),
            f"all_sections_in_top_{AT}": float(self.covered == len(self.case.gold)),
            "section_first": float(self.place == 1),
            "reciprocal_place": 1 / self.place if self.place else 0.0,
        }


def find_all(config: Config, library: Library, reranker: Reranker, cases: Iterable[Case], today: date) -> list[Found]:
    """Answerable cases only, each as its own user and day."""
    snapshot, policy = library.current(), library.policy()
    found = []
    for case in cases:
        if not case.answerable:
            continue
        allowed = snapshot.mask(principal_of(config, case.user), policy, case.as_of or today)
        (hits,) = retrieve(snapshot, [case.question], allowed, config.retrieve, reranker)
        places = [(hit.document.uri, hit.passage.where) for hit in hits]
        first = next((n for n, place in enumerate(places, start=1) if covered(case.gold, [place])), None)
        found.append(Found(case=case, place=first, covered=covered(case.gold, places[:AT])))
    return found


def summary(found: Sequence[Found]) -> dict[str, Any]:
    """Means over all questions and by kind."""
    kinds = sorted({f.case.kind for f in found})
    return {**_means(found), "by_kind": {kind: _means([f for f in found if f.case.kind == kind]) for kind in kinds}}


def _means(found: Sequence[Found]) -> dict[str, float]:
    names = found[0].measures if found else {}
    means = {name: round(sum(f.measures[name] for f in found) / len(found), 4) for name in names}
    return {"n": len(found), **means}
