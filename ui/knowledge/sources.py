"""The sources and the decisions: what a person gives to the next ingestion. Nothing here changes what is served."""

from __future__ import annotations

import threading

from assistant.errors import AccessError, InputError
from assistant.knowledge.blobs import Blobs
from assistant.knowledge.quarantine import Act, decide
from assistant.types import Principal
from ingest.drafts import Draft, describe, files, fill_in
from ingest.drop import Dropped, drop, sound_name
from ui.ask import Visitor
from ui.knowledge.gate import Data, Gate, day_of, reason_of, text_of
from ui.knowledge.html import sources_html, waiting_html
from ui.knowledge.sight import Sight
from ui.stewardship import Waiting, waiting

ACTS: dict[str, Act] = {"released": "released", "refused": "refused"}


class Sources:
    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._writing = threading.Lock()  # one at a time changes a collection's folder

    def panel(self, sight: Sight, said: str = "") -> str:
        own = sight.collections()
        seen = {draft.id: _seen(draft, sight) for draft in own}
        return sources_html(own, seen, self._gate.today(), self._gate.config.ingest.max_file_mb, said)

    def upload(self, principal: Principal, collection: str, name: str, content: bytes, *, replace: bool) -> Dropped:
        """Raises `MunimentError`. What is replaced is kept under its hash, and the act stands in the ledger."""
        sight = self._gate.sight(principal)
        draft, sound = sight.collection(collection), sound_name(name)
        with self._writing:
            if not sight.uri(f"{draft.id}/{sound}"):
                raise AccessError("This name can't be used in this collection; choose another.")
            done = drop(draft, sound, content, self._gate.config.ingest, replace=replace)
            if done.state in ("added", "replaced"):
                kept = Blobs(self._gate.config.data).put(done.before) if done.before is not None else None
                self._gate.record("dropped", sight, uri=f"{draft.id}/{sound}", sha256=done.sha256, before=kept)
        return done

    def fill_in(self, visitor: Visitor, data: Data) -> str:
        def act(sight: Sight) -> str:
            draft = sight.collection(data.get("collection"))
            title, owner, licence = (text_of(data, name) for name in ("title", "owner", "licence"))
            day = day_of(data, "review_date")
            with self._writing:
                fill_in(draft, title=title, owner=owner, licence=licence, review_date=day)
                self._gate.record("described", sight, collection=draft.id)
            return f"{draft.id}: saved. It holds from the next preparation on."

        return self._gate.acted(visitor, act, self.panel)

    def describe(self, visitor: Visitor, data: Data) -> str:
        def act(sight: Sight) -> str:
            draft = sight.collection(data.get("collection"))
            names = {path for path, _ in _seen(draft, sight)}
            path, other, title = (text_of(data, name) for name in ("path", "supersedes", "title"))
            if path not in names or (other and other not in names):
                raise AccessError("There is no such file among those you may see.")
            since, until = (
                day_of(data, name) if text_of(data, name) else None for name in ("effective_from", "effective_to")
            )
            with self._writing:
                describe(draft, path, title=title, effective_from=since, effective_to=until, supersedes=other)
                self._gate.record("described", sight, collection=draft.id, path=path)
            return f"{path}: saved. It holds once it is prepared and published."

        return self._gate.acted(visitor, act, self.panel)

    # --------------------------------------------------------------------------------------------- decisions

    def waiting(self, sight: Sight) -> list[Waiting]:
        return waiting(self._gate.catalogue(), sight.uri)

    def decisions(self, sight: Sight, said: str = "") -> str:
        return waiting_html(self.waiting(sight), said)

    def decide(self, visitor: Visitor, data: Data) -> str:
        def act(sight: Sight) -> str:
            document, wanted = text_of(data, "document"), text_of(data, "act")
            if document not in {row.document for row in self.waiting(sight)}:
                raise AccessError("There is no such document among those you may see.")
            if wanted not in ACTS:
                raise InputError("Say whether it is let in or kept out.")
            why = reason_of(data)
            made = decide(self._gate.catalogue(), document, ACTS[wanted], who=sight.principal.user, why=why)
            then = "the next preparation takes it" if made.act == "released" else "it stays out"
            return f"{made.uri} is {made.act}: {then}."

        return self._gate.acted(visitor, act, self.decisions)


def _seen(draft: Draft, sight: Sight) -> list[tuple[str, int]]:
    return [(path, size) for path, size in files(draft) if sight.uri(f"{draft.id}/{path}")]
