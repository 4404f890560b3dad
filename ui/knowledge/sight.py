"""What a knowledge manager sees: being a manager opens the room, the rules of access say what of it is shown.

A document's name, its findings and the words about it are shown to who may read it, by the rule in force and by the one that
its collection asks for. Numbers of a whole run or snapshot are an operator's and are shown to every manager.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from assistant.access import NOBODY, Policy, may_read
from assistant.errors import AccessError, InputError
from assistant.types import Access, Document, Principal
from ingest.drafts import Draft


@dataclass(frozen=True, kw_only=True)
class Sight:
    """``drafts`` are all collections in the folders, whoever may read them."""

    principal: Principal
    policy: Policy
    drafts: tuple[Draft, ...]

    def uri(self, uri: str) -> bool:
        """May its name be shown? Both rules must admit: the live one, and the one that the files ask for."""
        name, _, path = uri.partition("/")
        draft = self._draft(name)
        asked = draft.rule(path) if draft else None
        live = self.policy.documents.get(uri) or self.policy.collections.get(name)
        rules = [rule for rule in (asked, live) if rule is not None]
        key = f"{name}/{draft.entry(path).key}" if draft and draft.entry(path).key else uri
        return (
            bool(rules) and all(may_read(self.principal, rule) for rule in rules) and not self._revoked(name, uri, key)
        )

    def document(self, document: Document) -> bool:
        """As `uri`, by its own key, and not withdrawn."""
        withdrawn = self.policy.withdrawn & {document.key, document.id}
        return self.uri(document.uri) and not withdrawn and not self._revoked(document.key)

    def asked(self, uri: str) -> Access:
        """Who may read it once what lies in the folders is published; nobody where it lies in none."""
        name, _, path = uri.partition("/")
        draft = self._draft(name)
        return draft.rule(path) if draft else NOBODY

    def collections(self) -> tuple[Draft, ...]:
        """Those whose own rule admits."""
        return tuple(draft for draft in self.drafts if self._opens(draft))

    def collection(self, name: object) -> Draft:
        """Raises `AccessError`, the same whether it does not exist or may not be read."""
        draft = self._draft(str(name))
        if draft is None or not self._opens(draft):
            raise AccessError("There is no such collection among those you may see.")
        if [other.id for other in self.drafts].count(draft.id) > 1:
            raise InputError(f"Two collections have the id {draft.id}; change it in one collection.toml.")
        return draft

    def paths(self) -> tuple[Path, ...]:
        """What to ingest: everything (an empty tuple) where all collections are theirs, else their folders."""
        own = self.collections()
        if not own:
            raise InputError("There is no collection that you may read; ask whoever gives out access.")
        return () if len(own) == len(self.drafts) else tuple(draft.folder for draft in own)

    def whole(self, served: Iterable[Document]) -> bool:
        """May they read all there is? Only then are sentences shown that may name any document."""
        uris = {d.uri for d in served} | {f"{d.id}/{path}" for d in self.drafts for path in d.entries}
        return len(self.collections()) == len(self.drafts) and all(map(self.uri, uris))

    def _opens(self, draft: Draft) -> bool:
        live = self.policy.collections.get(draft.id, draft.access)
        admitted = may_read(self.principal, draft.access) and may_read(self.principal, live)
        return admitted and not self._revoked(draft.id)

    def _draft(self, name: str) -> Draft | None:
        return next((draft for draft in self.drafts if draft.id == name), None)

    def _revoked(self, *names: str) -> bool:
        revoked: Mapping[str, frozenset[str]] = self.policy.revoked
        return any(self.principal.groups & revoked.get(name, frozenset()) for name in names)
