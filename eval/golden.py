"""The gate's check of quality: are the golden questions of each collection still found in the candidate?

Retrieval only: for each answerable question of ``questions.jsonl`` beside a `collection.toml`, its user and day, a gold section
must stand among the first passages of the fused order (before reranking, which needs a model of its own and seconds). The
share found is held against a floor and against that of the last published snapshot over the same questions. What a generator
would say is not judged here: `muniment eval questions` does that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
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


def golden(config: Config, catalogue: Catalogue) -> Judge:
    """One check over all collections; ``measures`` by collection: ``found`` (a share), ``n``, ``questions`` (a hash)."""

    def judge(subject: Subject) -> Check:
        measures: dict[str, Any] = {}
        faults: list[str] = []
        for collection, folder in sorted(subject.folders.items()):
            file = folder / FILE
            if not file.is_file():
                continue
            try:
                cases = [case for case in read_cases(file) if case.answerable and case.gold]
            except InputError as error:
                faults.append(str(error))
                continue
            if not cases:
                continue
            missed = [case.id for case in cases if not _found(config, subject.view, case, collection, subject.as_of)]
            share = 1 - len(missed) / len(cases)
            measures[collection] = {
                "found": round(share, 4),
                "n": len(cases),
                "top": config.publish.golden_top,
                "questions": _hash(file),
                "missed": missed,
            }
            before = _before(catalogue, collection, measures[collection])
            fault = _fault(config, collection, share, before, len(cases), missed)
            faults += [fault] if fault else []
        return Check(name=NAME, passed=not faults, said=" ".join(faults) or _said(measures), measures=measures)

    return judge


def _found(config: Config, view: View, case: Case, collection: str, today: date) -> bool:
    allowed = view.mask(_principal(config, view, case), case.as_of or today)
    section = config.retrieve.model_copy(update={"hits": config.publish.golden_top})
    (hits,) = retrieve(view.snapshot, [case.question], allowed, section, FusedOrder())
    places = [(h.document.uri, h.passage.where) for h in hits if h.document.collection == collection]
    return covered(case.gold, places) > 0


def _principal(config: Config, view: View, case: Case) -> Principal:
    """The case's user; where none of that name is configured, somebody with every group: what is asked is whether the
    section is found, not who may see it."""
    try:
        return principal_of(config, case.user)
    except AccessError:
        rules = [*view.policy.collections.values(), *view.policy.documents.values()]
        return Principal(user="golden", groups=frozenset(group for rule in rules for group in rule.allow))


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _before(catalogue: Catalogue, collection: str, now: dict[str, Any]) -> float | None:
    """The share of the last published snapshot that was asked the same questions in the same way."""
    for row in reversed(catalogue.publications()):
        for check in (row["verdict"] or {"checks": []})["checks"]:
            was = check["measures"].get(collection) if check["name"] == NAME else None
            if was and (was["questions"], was["top"]) == (now["questions"], now["top"]):
                return float(was["found"])
    return None


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
        return f"No collection has golden questions ({FILE} beside its collection.toml), so none were asked."
    parts = [f"{m['found']:.0%} of {m['n']} in {name}" for name, m in measures.items()]
    return f"Found among the first passages: {', '.join(parts)}."
