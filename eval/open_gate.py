"""Cases asked with the gate open, as they are and with their gold sections taken out of what can be found.

The gate's confidence should tell the two apart. A gold section is hidden by the mask that also keeps from a reader what they may
not see; whatever else the collection says of the matter stays, so that a neighbour may still hold an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from assistant.answer import Assistant
from assistant.build import principal_of
from assistant.evidence import abstain, cite
from assistant.evidence.compose import Composition
from assistant.retrieve import retrieve
from eval.abstention import Ventured
from eval.cases import Case, Gold, covered, matches


@dataclass(frozen=True, kw_only=True)
class Opened:
    """``values``: the gate's signals; nothing is written until `places` is asked for."""

    values: dict[str, float]
    composition: Composition

    def places(self) -> list[tuple[str, str]]:
        """Where the passages stand that the whole answer cites: ``(uri, where)``."""
        shown = list(self.composition.sentences())
        return [(c.uri, c.where) for c in cite.one_a_marker(shown, self.composition.evidence)]


def opened(
    assistant: Assistant, case: Case, wanted: Iterable[str] = abstain.SIGNALS, *, without_gold: bool = False
) -> Opened:
    """Asked by the case's own user and day."""
    snapshot, config = assistant.library.current(), assistant.config
    principal, day = principal_of(config, case.user), case.as_of or assistant.clock().date()
    allowed = snapshot.mask(principal, assistant.library.policy(), day)
    if without_gold:
        rows = [(snapshot.document_of(row).uri, passage.where) for row, passage in enumerate(snapshot.passages)]
        allowed = allowed & np.array([not covered(case.gold, [place]) for place in rows], dtype=np.bool_)
    (hits,) = retrieve(snapshot, [case.question], allowed, config.retrieve, assistant.composer.reranker)
    composition = assistant.composer.about(case.question, case.question, hits, lambda: 0.0)
    values = abstain.signals(case.question, hits, composition, snapshot.lexical.idf, wanted)
    return Opened(values=values, composition=composition)


@dataclass(frozen=True, kw_only=True)
class Ventures:
    """The cases that can be answered, as they are and once more without their gold sections; and those that can't."""

    answerable: tuple[Ventured, ...]
    without_gold: tuple[Ventured, ...]
    unanswerable: tuple[Ventured, ...]


def venture(
    assistant: Assistant, cases: Iterable[Case], tell: Callable[[str], None], *, written: bool = True
) -> Ventures:
    """``written``: also what would be cited, for the curve of risk and coverage; takes longer."""
    gate = assistant.config.gate

    def one(case: Case, *, without_gold: bool = False) -> Ventured:
        asked = opened(assistant, case, gate.weights, without_gold=without_gold)
        confidence = abstain.confidence(asked.values, gate)
        tell(f"{case.id}{' without gold' if without_gold else ''} {confidence:.2f} {case.question[:70]}")
        return Ventured(
            confidence=confidence,
            gold=frozenset() if without_gold else frozenset(map(_name, case.gold)),
            cites=frozenset(key for place in asked.places() for key in _names(case, place)) if written else None,
        )

    cases = list(cases)
    pairs = [(one(case), one(case, without_gold=True)) for case in cases if case.answerable]
    return Ventures(
        answerable=tuple(pair[0] for pair in pairs),
        without_gold=tuple(pair[1] for pair in pairs),
        unanswerable=tuple(one(case) for case in cases if not case.answerable),
    )


def _name(gold: Gold) -> str:
    return f"{gold.document} {gold.section}"


def _names(case: Case, place: tuple[str, str]) -> list[str]:
    """The gold sections that hold the place; where none does, the place itself."""
    return [_name(gold) for gold in case.gold if matches(gold, *place)] or [" › ".join(place)]
