"""The gate's check of finding: are the golden questions of each collection still found in the candidate?

Retrieval only: for each answerable question of ``questions.jsonl`` beside a `collection.toml`, its user and day, a gold section
must stand among the first passages of the fused order (before reranking, which needs a model of its own and seconds). The
share found is held against a floor and against that of the last published snapshot over the same questions. What would be
answered to some of them is `eval.golden_answers`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from assistant.build import principal_of
from assistant.config import Config
from assistant.errors import AccessError, InputError
from assistant.knowledge.catalogue import Catalogue
from assistant.knowledge.library import View
from assistant.retrieve import FusedOrder, retrieve
from assistant.types import Principal
from eval.cases import Case, covered, read_cases
from ingest.gate import Check, Judge, Subject

FILE = "questions.jsonl"
NAME = "golden questions"
NONE = f"No collection has golden questions ({FILE} beside its collection.toml), so none were asked."


def golden(config: Config, catalogue: Catalogue) -> Judge:
    """One check over all collections; ``measures`` by collection: ``found`` (a share), ``n``, ``questions`` (a hash)."""

    def judge(subject: Subject) -> Check:
        asked, faults = golden_cases(subject)
        measures: dict[str, Any] = {}
        for collection, cases in asked.items():
            missed = [case.id for case in cases if not _found(config, subject.view, case, collection, subject.as_of)]
            share = 1 - len(missed) / len(cases)
            now = {"n": len(cases), "top": config.publish.golden_top, "questions": _hash(subject.folders[collection])}
            before = published_before(catalogue, NAME, collection, now)
            measures[collection] = {"found": round(share, 4), **now, "missed": missed}
            was = float(before["found"]) if before else None
            fault = _fault(config, collection, share, was, len(cases), missed)
            faults += [fault] if fault else []
        return Check(name=NAME, passed=not faults, said=" ".join(faults) or _said(measures), measures=measures)

    return judge


def golden_cases(subject: Subject) -> tuple[dict[str, tuple[Case, ...]], list[str]]:
    """Answerable questions with their sections by collection, none empty; and what is wrong with a file that can't be read."""
    asked, faults = {}, []
    for collection, folder in sorted(subject.folders.items()):
        if (folder / FILE).is_file():
            try:
                cases = tuple(case for case in read_cases(folder / FILE) if case.answerable and case.gold)
            except InputError as error:
                faults.append(str(error))
                continue
            if cases:
                asked[collection] = cases
    return asked, faults


def asker(config: Config, view: View, case: Case) -> Principal:
    """The case's user; where none of that name is configured, somebody with every group: what is asked is whether the
    section is found, not who may see it."""
    try:
        return principal_of(config, case.user)
    except AccessError:
        rules = [*view.policy.collections.values(), *view.policy.documents.values()]
        return Principal(user="golden", groups=frozenset(group for rule in rules for group in rule.allow))


def published_before(
    catalogue: Catalogue, check: str, collection: str, now: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """What ``check`` measured of the last published snapshot that was asked the same in the same way: ``now``'s values."""
    for row in reversed(catalogue.publications()):
        for one in (row["verdict"] or {"checks": []})["checks"]:
            was: Mapping[str, Any] | None = one["measures"].get(collection) if one["name"] == check else None
            if was and all(was.get(name) == value for name, value in now.items()):
                return was
    return None


def _found(config: Config, view: View, case: Case, collection: str, today: date) -> bool:
    allowed = view.mask(asker(config, view, case), case.as_of or today)
    section = config.retrieve.model_copy(update={"hits": config.publish.golden_top})
    (hits,) = retrieve(view.snapshot, [case.question], allowed, section, FusedOrder())
    places = [(h.document.uri, h.passage.where) for h in hits if h.document.collection == collection]
    return covered(case.gold, places) > 0


def _hash(folder: Path) -> str:
    return hashlib.sha256((folder / FILE).read_bytes()).hexdigest()


def _fault(config: Config, collection: str, share: float, before: float | None, n: int, missed: Sequence[str]) -> str:
    section = config.publish
    some = ", ".join(missed[:5])
    if share < section.golden_min:
        return (
            f"Of {n} golden questions of {collection} {share:.0%} are found, less than {section.golden_min:.0%} "
            f"(publish.golden_min); not found are {some}."
        )
    if before is not None and before - share > section.golden_drop + 1e-9:
        return (
            f"Of {n} golden questions of {collection} {share:.0%} are found, {before:.0%} before: a drop of more than "
            f"{section.golden_drop:.0%} (publish.golden_drop); not found are {some}."
        )
    return ""


def _said(measures: dict[str, Any]) -> str:
    if not measures:
        return NONE
    parts = [f"{m['found']:.0%} of {m['n']} in {name}" for name, m in measures.items()]
    return f"Found among the first passages: {', '.join(parts)}."
