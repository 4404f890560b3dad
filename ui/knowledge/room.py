"""The knowledge manager's room: what the page's handlers do, without Gradio. HTML out; thin over the calls that the command line
makes. Composed here; the parts say what they do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from assistant.config import Config
from assistant.protocols import Authenticator
from ui.ask import Visitor
from ui.knowledge.gate import Gate
from ui.knowledge.html import nav_html
from ui.knowledge.releases import Releases
from ui.knowledge.shelf import Shelf
from ui.knowledge.sight import Sight
from ui.knowledge.sources import Sources
from ui.knowledge.work import Pipelines, Work
from ui.runtime import Runtime


class Room:
    """One for the whole program. ``pipelines`` makes the ingestion, given whom to tell of its progress."""

    def __init__(
        self,
        config: Config,
        runtime: Runtime,
        authenticator: Authenticator,
        clock: Callable[[], datetime],
        pipelines: Pipelines,
    ) -> None:
        self.gate = Gate(config, runtime, authenticator, clock)
        self.work = Work(config, pipelines)
        self.sources = Sources(self.gate)
        self.releases = Releases(self.gate, self.work)
        self.shelf = Shelf(self.gate)
        self._panels: dict[str, Callable[[Sight, str], str]] = {
            "sources": self.sources.panel,
            "changes": self.releases.changes,
            "waiting": self.sources.decisions,
            "snapshots": self.releases.snapshots,
            "documents": self.shelf.documents,
            "search": self.shelf.search,
        }

    def nav(self, visitor: Visitor) -> str:
        def made(sight: Sight) -> str:
            return nav_html(sum(row.decision is None for row in self.sources.waiting(sight)))

        return self.gate.shown(visitor, made)

    def panel(self, visitor: Visitor, name: str) -> str:
        """As it stands; ``name`` is one of `ui.knowledge.html.ROOMS`."""
        return self.gate.shown(visitor, lambda sight: self._panels[name](sight, ""))
