"""Who may read what: pure functions, asked by the search and by every side door alike.

The policy is live: it lives outside the snapshot, is versioned, and a narrowing holds from the next query on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from assistant.errors import AccessError
from assistant.types import Access, Document, Passage, Principal

NOBODY = Access(allow=frozenset())


@dataclass(frozen=True, kw_only=True)
class Policy:
    """``collections`` by collection id; ``documents`` by uri, where a document says something of its own; ``withdrawn``
    holds keys (every version) and ids (one version) of documents that nobody may read, whatever else is said and whichever
    snapshot is served. ``revoked`` are groups that are denied on top of it, by collection id, uri or key: no ingestion gives
    them back."""

    collections: Mapping[str, Access] = field(default_factory=dict)
    documents: Mapping[str, Access] = field(default_factory=dict)
    withdrawn: frozenset[str] = frozenset()
    revoked: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def access_of(self, document: Document) -> Access:
        """Nobody where it is withdrawn, else the document's own entry, else its collection's, else nobody; less what was
        revoked."""
        if self.withdrawn & {document.key, document.id}:
            return NOBODY
        access = self.documents.get(document.uri) or self.collections.get(document.collection, NOBODY)
        names = {document.collection, document.uri, document.key} & self.revoked.keys()
        if not names:
            return access
        return Access(allow=access.allow, deny=access.deny.union(*(self.revoked[name] for name in names)))

    @property
    def version(self) -> str:
        """A hash of what the policy says."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:16]

    def to_json(self) -> str:
        def rows(entries: Mapping[str, Access]) -> dict[str, dict[str, list[str]]]:
            return {name: access_json(access) for name, access in sorted(entries.items())}

        body: dict[str, Any] = {"collections": rows(self.collections), "documents": rows(self.documents)}
        if self.withdrawn:
            body["withdrawn"] = sorted(self.withdrawn)
        if self.revoked:
            body["revoked"] = {name: sorted(groups) for name, groups in sorted(self.revoked.items())}
        return json.dumps(body, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Policy:
        def entries(rows: Mapping[str, Mapping[str, list[str]]]) -> dict[str, Access]:
            return {name: access_of_json(row) for name, row in rows.items()}

        body = json.loads(text)
        return cls(
            collections=entries(body["collections"]),
            documents=entries(body["documents"]),
            withdrawn=frozenset(body.get("withdrawn", ())),
            revoked={name: frozenset(groups) for name, groups in body.get("revoked", {}).items()},
        )


def access_json(access: Access) -> dict[str, list[str]]:
    return {"allow": sorted(access.allow), "deny": sorted(access.deny)}


def access_of_json(row: Mapping[str, list[str]]) -> Access:
    return Access(allow=frozenset(row["allow"]), deny=frozenset(row["deny"]))


def may_read(principal: Principal, access: Access) -> bool:
    """Deny wins; an empty ``allow`` admits nobody; a principal without groups reads nothing."""
    return not (principal.groups & access.deny) and bool(principal.groups & access.allow)


def in_force(document: Document, as_of: date) -> bool:
    """``effective_to`` is the last day in force; a missing date is open."""
    return (document.effective_from is None or document.effective_from <= as_of) and (
        document.effective_to is None or as_of <= document.effective_to
    )


def visible(principal: Principal, policy: Policy, document: Document, as_of: date | None) -> bool:
    """May this principal read this document, and is it in force on ``as_of`` (None: on any day)?"""
    return may_read(principal, policy.access_of(document)) and (as_of is None or in_force(document, as_of))


def readable(
    documents: Mapping[str, Document], principal: Principal, policy: Policy, as_of: date | None
) -> tuple[Document, ...]:
    """What the principal may see, by title and date."""
    seen = [d for d in documents.values() if visible(principal, policy, d, as_of)]
    return tuple(sorted(seen, key=lambda d: (d.title.lower(), d.effective_from or date.min, d.id)))


def known_questions(passages: Iterable[Passage], seen: Iterable[Document]) -> tuple[str, ...]:
    """Those of the documents that somebody may see: they say what stands in them."""
    ids = {document.id for document in seen}
    return tuple(question for passage in passages if passage.document_id in ids for question in passage.questions)


def read_one(documents: Mapping[str, Document], document_id: str, principal: Principal, policy: Policy) -> Document:
    """`AccessError` in the same words whether the document does not exist or may not be read."""
    document = documents.get(document_id)
    if document is None or not visible(principal, policy, document, None):
        raise AccessError("There is no such document among those you may see.")
    return document
