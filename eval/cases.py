"""Questions with known answers: ``questions.jsonl`` of a collection, one JSON object a line.

Fields: ``id, question, gold[{document, section}], answerable, user, as_of, kind, answer``; ``document`` is the path inside the
collection's folder, ``section`` the displayed number of the smallest section that holds the answer,
``answer`` a short one to compare with.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from assistant.errors import InputError
from assistant.knowledge.sections import in_section


@dataclass(frozen=True, kw_only=True)
class Gold:
    document: str
    section: str


@dataclass(frozen=True, kw_only=True)
class Case:
    id: str
    question: str
    gold: tuple[Gold, ...]
    answerable: bool
    user: str | None
    as_of: date | None
    kind: str
    answer: str = ""


def read_cases(file: Path) -> tuple[Case, ...]:
    """`InputError` names the file and the line."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(f"{file} can't be read ({error.strerror}).") from error
    return tuple(_case(line, f"{file}:{number}") for number, line in enumerate(lines, start=1) if line.strip())


def _case(line: str, place: str) -> Case:
    try:
        row = json.loads(line)
        return Case(
            id=str(row["id"]),
            question=row["question"],
            gold=tuple(Gold(document=g["document"], section=str(g["section"])) for g in row["gold"]),
            answerable=bool(row["answerable"]),
            user=row.get("user"),
            as_of=date.fromisoformat(row["as_of"]) if row.get("as_of") else None,
            kind=row.get("kind", "single"),
            answer=row.get("answer") or "",
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{place} is not a case ({error}); see eval/cases.py for the fields.") from error


def matches(gold: Gold, uri: str, where: str) -> bool:
    """Is ``where`` of ``uri`` the gold section or inside it?"""
    return uri.endswith(f"/{gold.document}") and in_section(where, gold.section)


def covered(gold: Sequence[Gold], places: Sequence[tuple[str, str]]) -> int:
    """How many of the gold sections stand among ``(uri, where)`` places."""
    return sum(any(matches(g, uri, where) for uri, where in places) for g in gold)
