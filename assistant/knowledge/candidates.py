"""What waits to be published: a complete snapshot, who prepared it and why, what the gate said of it, and the access that its
collection files ask for. Nothing of it holds before the publication.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from assistant.access import Policy, access_json, access_of_json
from assistant.knowledge.catalogue import Catalogue
from assistant.types import Access

_COLLECTION = ("id", "folder", "manifest", "title", "owner", "licence", "review_date")


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """Who shall read what. ``documents`` by uri, None where the collection's rule shall hold; ``over`` is the policy that
    was in force when this was asked for."""

    collections: Mapping[str, Access]
    documents: Mapping[str, Access | None]
    over: Policy

    def onto(self, live: Policy) -> Policy:
        """``live`` with what is proposed. A rule that somebody changed in the meantime stays as they left it: an older
        candidate must not undo a revocation. Rules of what is not named stay too: a document that is gone from its folder
        is still served until the publication, and after a rollback."""
        collections, documents = dict(live.collections), dict(live.documents)
        for name, access in self.collections.items():
            if live.collections.get(name) == self.over.collections.get(name):
                collections[name] = access
        for uri, own in self.documents.items():
            if live.documents.get(uri) != self.over.documents.get(uri):
                continue
            if own is None:
                documents.pop(uri, None)
            else:
                documents[uri] = own
        return replace(live, collections=collections, documents=documents)

    def to_json(self) -> str:
        return json.dumps(
            {
                "collections": {name: access_json(a) for name, a in self.collections.items()},
                "documents": {uri: access_json(a) if a else None for uri, a in self.documents.items()},
                "over": json.loads(self.over.to_json()),
            },
            sort_keys=True,
        )

    @classmethod
    def from_json(cls, text: str) -> Proposal:
        body = json.loads(text)
        return cls(
            collections={name: access_of_json(row) for name, row in body["collections"].items()},
            documents={uri: access_of_json(row) if row else None for uri, row in body["documents"].items()},
            over=Policy.from_json(json.dumps(body["over"])),
        )


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """``parent`` is what was last published when its preparation began; ``verdict`` is the gate's, as JSON gives it."""

    snapshot: str
    parent: str | None
    at: str
    who: str
    why: str
    proposal: Proposal
    verdict: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class KnownCollection:
    """A collection as it was last ingested: where its files and its `collection.toml` lay, relative to the project root where
    they are inside it. What is gone from there counts as removed."""

    id: str
    folder: str
    manifest: str
    title: str
    owner: str
    licence: str
    review_date: date


def prepare(
    catalogue: Catalogue,
    *,
    snapshot: str,
    parent: str | None,
    who: str,
    why: str,
    proposal: Proposal,
    verdict: Mapping[str, Any],
) -> None:
    """Records a candidate; a later one for the same snapshot takes its place."""
    values = (snapshot, parent, catalogue.now(), who, why, proposal.to_json(), json.dumps(verdict))
    with catalogue.connect(write=True) as connection:
        connection.execute(
            "INSERT INTO candidates (snapshot, parent, at, who, why, proposal, verdict) VALUES (?, ?, ?, ?, ?, ?, ?)",
            values,
        )


def candidate_of(catalogue: Catalogue, snapshot: str) -> Candidate | None:
    """The last one prepared for ``snapshot``."""
    return next((c for c in candidates(catalogue) if c.snapshot == snapshot), None)


def candidates(catalogue: Catalogue) -> list[Candidate]:
    """Newest first, published ones too."""
    with catalogue.connect() as connection:
        rows = connection.execute(
            "SELECT snapshot, parent, at, who, why, proposal, verdict FROM candidates ORDER BY seq DESC"
        ).fetchall()
    return [
        Candidate(
            snapshot=snapshot,
            parent=parent,
            at=at,
            who=who,
            why=why,
            proposal=Proposal.from_json(proposal),
            verdict=json.loads(verdict),
        )
        for snapshot, parent, at, who, why, proposal, verdict in rows
    ]


def needs_applying(catalogue: Catalogue, candidate: Candidate) -> bool:
    live = catalogue.policy()
    return candidate.proposal.onto(live).to_json() != live.to_json()


def apply_proposal(catalogue: Catalogue, candidate: Candidate) -> None:
    catalogue.set_policy(candidate.proposal.onto(catalogue.policy()))


def remember_collections(catalogue: Catalogue, collections: Iterable[KnownCollection]) -> None:
    """Nothing is written where nothing changed."""
    known = {c.id: c for c in known_collections(catalogue)}
    changed = [c for c in collections if known.get(c.id) != c]
    if not changed:
        return
    with catalogue.connect(write=True) as connection:
        connection.executemany(
            f"INSERT OR REPLACE INTO collections ({', '.join(_COLLECTION)}, updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (c.id, c.folder, c.manifest, c.title, c.owner, c.licence, c.review_date.isoformat(), catalogue.now())
                for c in changed
            ],
        )


def known_collections(catalogue: Catalogue) -> list[KnownCollection]:
    """By id."""
    with catalogue.connect() as connection:
        rows = connection.execute(f"SELECT {', '.join(_COLLECTION)} FROM collections ORDER BY id").fetchall()
    told = [dict(zip(_COLLECTION, row, strict=True)) for row in rows]
    return [KnownCollection(**{**row, "review_date": date.fromisoformat(row["review_date"])}) for row in told]
