"""`collection.toml`: who owns a collection's documents, under which licence, who may read them, since when they hold.

    id = "manual"
    title = "Compliance manual"
    owner = "Group Compliance"
    licence = "Apache-2.0"
    review_date = 2027-03-31
    language = "en"
    canaries = ["violet heron 8841"]  # optional: strings planted in restricted documents, see ingest/probes.py
    known_questions = ["asked.jsonl"] # optional: which section answers what, see ingest/known.py
    [access]
    allow = ["staff"]
    deny = []
    [[documents]]                   # optional, one a file that has something of its own to say
    path = "gifts-2026.docx"        # below the folder, with "/"
    key = "gifts"                   # the lineage: versions of one document share it
    title = "Gifts Policy"
    effective_from = 2026-07-01     # effective_to is the last day in force
    supersedes = "gifts-2024.docx"
    access = { allow = ["hr"], deny = [] }

Unknown keys are refused, and every message names the file and the key.
"""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator

from assistant.errors import InputError
from assistant.types import Access

NAME = "collection.toml"
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def _inside(value: str) -> str:
    if PurePosixPath(value).is_absolute() or ".." in PurePosixPath(value).parts:
        raise ValueError("must be a path below the folder")
    return str(PurePosixPath(value))


_Below = Annotated[_Text, AfterValidator(_inside)]
_Group = Annotated[str, StringConstraints(pattern=r"^\S+$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AccessRule(_Part):
    """Groups. ``deny`` wins; an empty ``allow`` admits nobody."""

    allow: frozenset[_Group]
    deny: frozenset[_Group] = frozenset()

    @property
    def access(self) -> Access:
        return Access(allow=self.allow, deny=self.deny)


class Entry(_Part):
    """What one file says for itself. ``path`` and ``supersedes`` are below the folder, with "/"."""

    path: _Below
    key: _Text | None = None
    title: _Text | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    supersedes: _Below | None = None
    access: AccessRule | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Entry:
        if self.effective_from and self.effective_to and self.effective_to < self.effective_from:
            raise ValueError("effective_to is before effective_from")
        if self.supersedes == self.path:
            raise ValueError("a document can't supersede itself")
        return self


class Manifest(_Part):
    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    """Small letters, digits, "-" and "_": the first part of every uri of the collection."""
    title: _Text
    owner: _Text
    licence: _Text
    review_date: date
    language: Literal["en"] = "en"
    access: AccessRule
    canaries: tuple[_Text, ...] = ()
    """Strings planted in documents of the collection, sought on behalf of everybody who may not read them before each
    publication."""
    known_questions: tuple[_Below, ...] = ()
    """Files below the folder, with "/"."""
    documents: tuple[Entry, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> Manifest:
        paths = [entry.path for entry in self.documents]
        for path in paths:
            if paths.count(path) > 1:
                raise ValueError(f"documents: {path} is listed twice")
        return self


def load_manifest(file: Path) -> Manifest:
    """Raises `InputError` naming the file and the key."""
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{file} can't be read ({error.strerror}); give the collection's {NAME}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{file} is not valid TOML: {error}.") from error
    try:
        return Manifest.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{file}: {_said(first['type'], first['msg'], _key(first['loc'], values))}.") from error


def _said(kind: str, message: str, key: str) -> str:
    if kind == "missing":
        return f"the key {key!r} is missing; say it before the documents are published"
    if kind == "extra_forbidden":
        return f"the key {key!r} is unknown; take it out or correct its spelling"
    message = message.removeprefix("Value error, ")
    return f"{key}: {message}" if key else message


def _key(location: tuple[int | str, ...], values: dict[str, object]) -> str:
    """``documents[gifts.docx].effective_to``: entries by their path where they have one, else by their place."""
    names: list[str] = []
    here: object = values
    for step in location:
        if isinstance(step, int) and isinstance(here, list):
            here = here[step]
            name = here.get("path", step + 1) if isinstance(here, dict) else step + 1
            names[-1] += f"[{name}]"
        else:
            here = here.get(str(step)) if isinstance(here, dict) else None
            names.append(str(step))
    return ".".join(names)
