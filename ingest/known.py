"""Known questions: what a collection's owner knows a section to answer, in the words in which people ask it.

    known_questions = ["asked.jsonl"]     # in collection.toml; JSON Lines below the folder
    {"question": "How long may I keep a gift?", "document": "gifts.docx", "section": "4.2", "quote": "…"}

``document`` is a path below the folder, ``section`` the displayed number (or the heading) of the smallest section that answers,
"" where nothing does: such a line is left out. ``quote``, which may be missing, is the sentence that answers: a section may have
been cut into several passages. The questions go with the passages into the snapshot and are gone with them; they are shown to
nobody. Read by what decides which passage an answer needs (`assistant.evidence.known`), and, of documents that the caller may
read, for how people put things here (`assistant.voice.terms`).
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assistant.errors import InputError
from assistant.knowledge.sections import in_section
from assistant.types import Document, Passage

MOST = 24
"""Questions that a passage keeps: the first of the file. They are embedded whenever an answer may rest on it."""


@dataclass(frozen=True, kw_only=True)
class KnownQuestion:
    question: str
    document: str
    section: str
    quote: str = ""


Known = Mapping[str, Sequence[KnownQuestion]]
"""By collection."""


def read_known(folder: Path, names: Sequence[str]) -> tuple[KnownQuestion, ...]:
    """`InputError` names the file, and the line that is no known question."""
    return tuple(question for name in names for question in _of_file(folder / name))


def _of_file(file: Path) -> Iterator[KnownQuestion]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InputError(f"{file} can't be read ({said}); correct known_questions in its collection.toml.") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            known = KnownQuestion(**{name: _text(row, name) for name in ("question", "document", "section", "quote")})
        except (ValueError, TypeError) as error:
            raise InputError(
                f'{file}:{number} is no known question ({error}); write {{"question": …, "document": …, "section": …}}.'
            ) from error
        if known.section:
            yield known


def _text(row: Any, name: str) -> str:
    if not isinstance(row, dict):
        raise TypeError("no object")
    value = row.get(name, "" if name == "quote" else None)
    if not isinstance(value, str) or (name in ("question", "document") and not value.strip()):
        raise TypeError(f"{name} is no text")
    return " ".join(value.split())


def digests(known: Known) -> dict[str, str]:
    """Of each collection that has any: what its questions add to a snapshot's identity."""
    return {
        collection: hashlib.sha256(repr(tuple(questions)).encode()).hexdigest()
        for collection, questions in sorted(known.items())
        if questions
    }


def changed(known: Known, served: Mapping[str, str]) -> tuple[str, ...]:
    """Collections whose questions are others than the ``served`` ones, given by their digests."""
    now = digests(known)
    return tuple(sorted(name for name in known if now.get(name) != served.get(name)))


def with_questions(
    passages: Sequence[Passage], documents: Sequence[Document], known: Known
) -> tuple[list[Passage], list[dict[str, str]]]:
    """Each passage with the questions that it answers; and those whose section is nowhere, as ``{uri, section, question}``.
    Passages of a collection that is not ``known`` keep what they have."""
    of = {document.id: document for document in documents}
    asked: dict[tuple[str, str], list[KnownQuestion]] = defaultdict(list)
    for collection, questions in known.items():
        for question in questions:
            asked[collection, question.document].append(question)
    rows: dict[str, list[int]] = defaultdict(list)
    for row, passage in enumerate(passages):
        rows[passage.document_id].append(row)
    answers: dict[int, dict[str, None]] = defaultdict(dict)
    placed: set[tuple[str, KnownQuestion]] = set()
    for identity, own in rows.items():
        document = of[identity]
        for question in asked.get((document.collection, _path(document)), ()):
            for row in _answering(question, own, passages):
                answers[row].setdefault(question.question)
                placed.add((document.collection, question))
    questioned = [
        replace(passage, questions=tuple(answers[row])[:MOST])
        if of[passage.document_id].collection in known
        else passage
        for row, passage in enumerate(passages)
    ]
    unplaced = [
        {"uri": f"{collection}/{question.document}", "section": question.section, "question": question.question}
        for collection, questions in known.items()
        for question in questions
        if (collection, question) not in placed
    ]
    return questioned, unplaced


def _path(document: Document) -> str:
    return document.uri.removeprefix(f"{document.collection}/")


def _answering(question: KnownQuestion, rows: Sequence[int], passages: Sequence[Passage]) -> list[int]:
    inside = [row for row in rows if in_section(passages[row].where, question.section)]
    cells = [cell.strip() for cell in question.quote.split("|")]
    holding = [row for row in inside if all(cell in " ".join(passages[row].text.split()) for cell in cells)]
    return holding or inside
