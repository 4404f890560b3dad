"""A collection's own questions, asked of the served release: sections found, citations right, nothing leaked, timings."""

from __future__ import annotations

import resource
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from assistant import access
from assistant.answer import Assistant
from assistant.build import principal_of
from assistant.errors import InputError
from assistant.types import Answer, Failed, Finished, Principal, Question
from eval.cases import Case, covered
from eval.correctness import Correctness, against, summary

AT = 5


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one case came to. ``quotes_wrong`` and ``leaks`` must be 0."""

    case: Case
    answer: Answer
    found: int
    cited: int
    quotes_wrong: int
    leaks: int
    correct: Correctness | None
    """None where nothing was answered or there is nothing to compare with."""

    @property
    def verdict(self) -> str:
        """right, wrong (answered, no gold section cited), silent (abstained though answerable), held (abstained as it
        should), invented (answered what can't be)."""
        answered = self.answer.status == "answered"
        if self.case.answerable:
            return "silent" if not answered else "right" if self.cited else "wrong"
        return "invented" if answered else "held"


def ask_all(assistant: Assistant, cases: Iterable[Case], tell: Callable[[Outcome], None]) -> list[Outcome]:
    outcomes = []
    for case in cases:
        outcome = outcome_of(assistant, case, principal_of(assistant.config, case.user))
        tell(outcome)
        outcomes.append(outcome)
    return outcomes


def outcome_of(assistant: Assistant, case: Case, principal: Principal) -> Outcome:
    """The case, asked by ``principal``. `InputError` where it came to no answer."""
    question = Question(
        text=case.question, principal=principal, as_of=case.as_of or assistant.clock().date(), channel="cli"
    )
    answer = None
    for event in assistant.ask(question):
        if isinstance(event, Failed):
            raise InputError(f"Case {case.id} failed: {event.message}")
        if isinstance(event, Finished):
            answer = event.answer
    if answer is None:
        raise InputError(f"Case {case.id} ended without an answer.")
    policy, documents = assistant.library.policy(), assistant.library.current().documents
    shown = {h.document.id for h in answer.hits} | {c.document_id for c in answer.citations}
    return Outcome(
        case=case,
        answer=answer,
        found=covered(case.gold, [(h.document.uri, h.passage.where) for h in answer.hits[:AT]]),
        cited=covered(case.gold, [(c.uri, c.where) for c in answer.citations]),
        quotes_wrong=sum(documents[c.document_id].text[c.start : c.end] != c.quote for c in answer.citations),
        correct=against(answer.text, case.answer, assistant.composer.embedder) if answer.text and case.answer else None,
        leaks=sum(not access.visible(principal, policy, documents[d], question.as_of) for d in shown),
    )


def measures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Shares in [0, 1], times in milliseconds, memory in MiB. Kinds are reported apart and together."""
    kinds = sorted({o.case.kind for o in outcomes})
    return {
        **_shares(outcomes),
        "by_kind": {kind: _shares([o for o in outcomes if o.case.kind == kind]) for kind in kinds},
        "timings_ms": {
            name: _spread([v for o in outcomes if (v := getattr(o.answer.timings, name)) is not None])
            for name in ("retrieve", "first_token", "first_sentence", "total")
        },
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _shares(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    answerable = [o for o in outcomes if o.case.answerable]
    rest = [o for o in outcomes if not o.case.answerable]

    def share(count: int, of: Sequence[Outcome]) -> float | None:
        return round(count / len(of), 4) if of else None

    return {
        "n": len(outcomes),
        "answerable": len(answerable),
        f"section_in_top_{AT}": share(sum(o.found > 0 for o in answerable), answerable),
        f"all_sections_in_top_{AT}": share(sum(o.found == len(o.case.gold) for o in answerable), answerable),
        "answered_right": share(sum(o.verdict == "right" for o in answerable), answerable),
        "answered_wrong": share(sum(o.verdict == "wrong" for o in answerable), answerable),
        "abstained_unanswerable": share(sum(o.verdict == "held" for o in rest), rest),
        "correctness": summary([o.correct for o in answerable if o.correct is not None]),
        "quotes_wrong": sum(o.quotes_wrong for o in outcomes),
        "leaks": sum(o.leaks for o in outcomes),
        "withheld": sum(o.answer.withheld for o in outcomes),
    }


def _spread(values: Sequence[float]) -> dict[str, float] | None:
    if len(values) < 2:
        return None
    cuts = statistics.quantiles(values, n=20, method="inclusive")
    return {"p50": round(statistics.median(values)), "p95": round(cuts[18]), "max": round(max(values))}
