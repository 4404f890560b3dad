"""The gate's check of answers: what would be said to some of each collection's golden questions, were the candidate served?

The whole way of a question, models and judge included, over the candidate and under the access that would hold with it; on no
record. So that a publication waits for seconds and not for minutes, ``publish.golden_answers`` questions of a collection are
asked, spread evenly over its file. Right is an answer that cites a gold section; a wrong quotation or a leak is never let pass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from assistant.answer import Assistant
from assistant.config import Config
from assistant.errors import MunimentError
from assistant.knowledge.catalogue import Catalogue
from assistant.types import Progress
from eval.cases import Case
from eval.golden import NONE, asker, golden_cases, published_before
from eval.questions import Outcome, outcome_of
from ingest.gate import Check, Judge, Subject

NAME = "golden answers"


def golden_answers(
    config: Config, catalogue: Catalogue, assistant: Callable[[], Assistant], tell: Callable[[Progress], None]
) -> Judge:
    """``assistant`` gives the present release; it is called when there is something to ask. ``measures`` by collection:
    ``right`` (a share), ``asked`` (ids), ``wrong`` and ``silent`` (ids)."""

    def judge(subject: Subject) -> Check:
        found, faults = golden_cases(subject)
        some = {name: spread(cases, config.publish.golden_answers) for name, cases in found.items()}
        measures: dict[str, Any] = {}
        try:
            outcomes = _answers(config, subject, some, assistant, tell)
        except MunimentError as error:
            faults.append(f"Golden questions can't be answered (publish.golden_answers): {error}")
            outcomes = {}
        for collection, own in outcomes.items():
            now = {"asked": [o.case.id for o in own]}
            before = published_before(catalogue, NAME, collection, now)
            right = sum(o.verdict == "right" for o in own) / len(own)
            measures[collection] = {
                "right": round(right, 4),
                **now,
                "wrong": [o.case.id for o in own if o.verdict == "wrong"],
                "silent": [o.case.id for o in own if o.verdict == "silent"],
            }
            faults += _faults(config, collection, own, right, float(before["right"]) if before else None)
        return Check(name=NAME, passed=not faults, said=" ".join(faults) or _said(measures), measures=measures)

    return judge


def spread(cases: Sequence[Case], most: int) -> list[Case]:
    """``most`` of them at even distances, the first among them; all where there are no more."""
    if len(cases) <= most:
        return list(cases)
    return [cases[n * len(cases) // most] for n in range(most)]


def _answers(
    config: Config,
    subject: Subject,
    asked: dict[str, list[Case]],
    assistant: Callable[[], Assistant],
    tell: Callable[[Progress], None],
) -> dict[str, list[Outcome]]:
    total = sum(map(len, asked.values()))
    if not total:
        return {}
    tell(Progress(stage="answer", done=0, total=total))
    trial, done = assistant().over(subject.view), 0
    outcomes: dict[str, list[Outcome]] = {}
    for collection, cases in asked.items():
        outcomes[collection] = []
        for case in cases:
            outcomes[collection].append(outcome_of(trial, case, asker(config, subject.view, case)))
            done += 1
            tell(Progress(stage="answer", done=done, total=total))
    return outcomes


def _faults(config: Config, collection: str, own: Sequence[Outcome], right: float, before: float | None) -> list[str]:
    section, faults = config.publish, []
    if any(o.quotes_wrong for o in own):
        faults.append(f"An answer from {collection} quotes words that do not stand in its document.")
    if any(o.leaks for o in own):
        faults.append(f"An answer from {collection} shows what the asker may not read.")
    told = f"Of {len(own)} golden questions of {collection} {right:.0%} are answered with a right section cited"
    some = ", ".join(o.case.id for o in own if o.verdict != "right")
    if right < section.golden_answers_min:
        faults.append(
            f"{told}, less than {section.golden_answers_min:.0%} (publish.golden_answers_min); not right are {some}."
        )
    elif before is not None and before - right > section.golden_answers_drop + 1e-9:
        faults.append(
            f"{told}, {before:.0%} before: a drop of more than {section.golden_answers_drop:.0%} "
            f"(publish.golden_answers_drop); not right are {some}."
        )
    return faults


def _said(measures: dict[str, Any]) -> str:
    if not measures:
        return NONE
    parts = [
        f"{m['right']:.0%} of {len(m['asked'])} in {name} ({len(m['wrong'])} wrong, {len(m['silent'])} not answered)"
        for name, m in measures.items()
    ]
    return f"Answered with a right section cited: {', '.join(parts)}."
