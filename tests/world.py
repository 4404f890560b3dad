"""A small world: a project on disk with two collections, read by the real pipeline, answered by the real assistant on the
models' in-memory twins. The clock stands still.

    rules   staff         gifts-2024.md and gifts-2026.md (two versions of one document), complaints.md (also public)
    vault   mlro          reports.md
"""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from assistant.answer import Assistant
from assistant.build import Engines, build
from assistant.config import Config, load
from assistant.knowledge.catalogue import Catalogue
from assistant.knowledge.library import Library
from assistant.models.twins import HashingEmbedder, ScriptedGenerator
from assistant.protocols import Embedder, Generator, Reranker, Vectors
from assistant.record.ledger import new_id
from assistant.retrieve import FusedOrder
from assistant.types import Answer, Event, Failed, Finished, Principal, Progress, Question
from ingest.pipeline import Pipeline, Report, Request

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
TODAY = NOW.date()

STAFF = Principal(user="ann", groups=frozenset({"staff"}))
MLRO = Principal(user="mia", groups=frozenset({"staff", "mlro"}))
GUEST = Principal(user="guest", groups=frozenset({"public"}))
NOBODY = Principal(user="nil", groups=frozenset())

CONFIG = """
[access]
cli_user = "ann"
users = [
  { id = "ann", name = "Ann", groups = ["staff"] },
  { id = "mia", name = "Mia", groups = ["staff", "mlro"] },
  { id = "guest", name = "Guest", groups = ["public"] },
  { id = "nil", name = "Nil", groups = [] },
]
[gate]
threshold = 0.0
[ingest]
lock_seconds = 0.2
"""

RULES = """
id = "rules"
title = "Rules"
owner = "Compliance"
licence = "Apache-2.0"
review_date = 2027-01-31
[access]
allow = ["staff"]
[[documents]]
path = "gifts-2024.md"
key = "gifts"
title = "Gifts Policy"
effective_from = 2024-01-01
[[documents]]
path = "gifts-2026.md"
key = "gifts"
title = "Gifts Policy"
effective_from = 2026-07-01
supersedes = "gifts-2024.md"
[[documents]]
path = "complaints.md"
access = { allow = ["staff", "public"] }
"""

VAULT = """
id = "vault"
title = "Restricted procedures"
owner = "MLRO"
licence = "Apache-2.0"
review_date = 2027-01-31
[access]
allow = ["mlro"]
"""

GIFTS = """# Gifts Policy

## 1 Limits

Staff may accept a gift from a supplier worth up to £{limit}. A gift above the limit must be refused.
It must be recorded in the register within five working days.

## 2 Approval

| Gift | Approver |
|---|---|
| Wine and spirits | Head of Compliance |
| Flowers – 🌷 | Line manager |
"""

COMPLAINTS = """# Complaints Policy

## 1 Acknowledgement

A complaint must be acknowledged in writing within three working days. The Complaints Team writes the letter.

## 2 Files

Complaint files are kept for six years. They are then destroyed unless a court has asked for them.
"""

REPORTS = """# Suspicion Reports

## 1 Handover

The violet cabinet in room nine takes suspicion reports. An investigator must open it twice a day.
"""

DOCUMENTS = {
    "rules/gifts-2024.md": GIFTS.format(limit=40),
    "rules/gifts-2026.md": GIFTS.format(limit=75),
    "rules/complaints.md": COMPLAINTS,
    "vault/reports.md": REPORTS,
}
QUESTION = "What is a gift from a supplier that staff may accept worth?"


class CountingEmbedder(HashingEmbedder):
    """A `HashingEmbedder` that remembers which texts it embedded."""

    def __init__(self) -> None:
        super().__init__()
        self.embedded: list[str] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.embedded += texts
        return super().embed(texts)


def counted(prefix: str = "id") -> Callable[[], str]:
    numbers = itertools.count(1)
    return lambda: f"{prefix}-{next(numbers):04}"


def clock() -> datetime:
    return NOW


def quiet(progress: Progress) -> None:
    """Hears progress and says nothing."""


@dataclass(frozen=True)
class World:
    root: Path

    @classmethod
    def make(cls, root: Path, config: str = CONFIG) -> World:
        """Writes the project; nothing is ingested yet."""
        world = cls(root)
        world.write("configs/default.toml", config)
        world.write("configs/rulebook.toml", config)
        world.write("corpora/rules/collection.toml", RULES)
        world.write("corpora/vault/collection.toml", VAULT)
        for name, text in DOCUMENTS.items():
            world.write(f"corpora/{name}", text)
        return world

    def copy(self, root: Path) -> World:
        shutil.copytree(self.root, root, dirs_exist_ok=True)
        return World(root)

    def write(self, name: str, text: str) -> Path:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def know(self, *lines: object) -> None:
        """Known questions of the rules."""
        asked = 'known_questions = ["asked.jsonl"]\n[access]'
        self.write("corpora/rules/collection.toml", RULES.replace("[access]", asked, 1))
        self.write("corpora/rules/asked.jsonl", "".join(f"{json.dumps(line)}\n" for line in lines))

    @property
    def config(self) -> Config:
        return load(self.root / "configs" / "default.toml")

    @property
    def data(self) -> Path:
        return self.config.data

    @property
    def catalogue(self) -> Catalogue:
        return Catalogue.open(self.data, clock)

    def ingest(
        self, embedder: Embedder | None = None, tell: Callable[[Progress], None] = quiet, **request: Any
    ) -> Report:
        pipeline = Pipeline(
            config=self.config,
            catalogue=self.catalogue,
            embedder=embedder or HashingEmbedder(),
            tell=tell,
            new_id=counted(f"job-{len(self.catalogue.jobs(10_000))}"),
            clock=clock,
        )
        return pipeline.run(Request(**request))

    def library(self) -> Library:
        return Library(self.data, self.catalogue, HashingEmbedder(), "cpu")

    def assistant(
        self,
        generator: Generator | None = None,
        /,
        ids: Callable[[], str] = new_id,
        reader: Generator | None = None,
        reranker: Reranker | None = None,
        **settings: Any,
    ) -> Assistant:
        """``settings`` replace config sections, as ``gate={"threshold": 1.0}``; ``reader``: the gate's."""
        config = self.config
        changed = {name: getattr(config, name).model_copy(update=values) for name, values in settings.items()}
        own = generator or ScriptedGenerator()
        engines = Engines(
            embedder=HashingEmbedder(), generator=own, device="cpu", reranker=reranker or FusedOrder(), reader=reader
        )
        return build(config.model_copy(update=changed), engines, clock=clock, ids=ids)


def question(text: str = QUESTION, principal: Principal = STAFF, as_of: date = TODAY, **more: Any) -> Question:
    return Question(text=text, principal=principal, as_of=as_of, **more)


def ask(assistant: Assistant, asked: Question | None = None) -> Answer:
    """The answer; an assertion where it failed."""
    events = list(assistant.ask(asked or question()))
    assert isinstance(events[-1], Finished), events[-1]
    return events[-1].answer


def failure(events: Sequence[Event]) -> Failed:
    """The one failure that the events end with."""
    assert [isinstance(event, Finished | Failed) for event in events] == [False] * (len(events) - 1) + [True]
    assert isinstance(events[-1], Failed)
    return events[-1]
