"""Probes that no publication goes without: what is gone is found nowhere, and nobody finds what they may not read.

They ask the doors that the faces ask (`assistant.knowledge.library.View`, the searchers under a mask) and compare with
plain rules of their own, never with the functions under test: a broken filter can't vouch for itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from assistant.access import Policy
from assistant.config import Retrieve, User
from assistant.errors import AccessError, MunimentError
from assistant.knowledge.catalogue import Catalogue
from assistant.knowledge.lexical import features
from assistant.knowledge.library import View
from assistant.retrieve import FusedOrder, index_text, retrieve
from assistant.types import Access, Document, Passage, Principal
from ingest.assemble import hash_of
from ingest.gate import Check, Judge, Subject

PROBED_PASSAGES = 64
"""Of what is gone, at most so many passages are sought, spread evenly."""
CANARIES = 3
"""Documents sought for each audience."""
DEPTH = 20
_TOLERANCE = 0.03
"""Vectors are kept as fp16 and a bfloat16 row shifts in the third decimal with its batch."""


# ---------------------------------------------------------------------------------------- deleted documents


def deleted(catalogue: Catalogue) -> Judge:
    """Nothing of a document that is gone stands in the contents or in an index."""

    def judge(subject: Subject) -> Check:
        faults = [*_misplaced(subject.view), *_remains(subject, catalogue)]
        probed = sum(len(passages) for _, passages in subject.gone)
        return Check(
            name="deleted",
            passed=not faults,
            said=faults[0] if faults else f"Nothing of {len(subject.gone)} documents that are gone was found.",
            measures={"gone": len(subject.gone), "passages": probed, "faults": len(faults)},
        )

    return judge


def _misplaced(view: View) -> Iterator[str]:
    """Passages that are not their document's own words at their place."""
    documents = view.snapshot.documents
    for passage in view.snapshot.passages:
        document = documents.get(passage.document_id)
        if document is None or document.text[passage.start : passage.end] != passage.text:
            yield f"Passage {passage.id} is not a text of the document that it names."


def _remains(subject: Subject, catalogue: Catalogue) -> Iterator[str]:
    snapshot = subject.view.snapshot
    for document, _ in subject.gone:
        if document.id in snapshot.documents:
            yield f"{document.uri} is gone but stands in the contents."
    texts = [index_text(document.title, passage) for document, passages in subject.gone for passage in passages]
    if not texts:
        return
    queries = texts[:: max(1, -(-len(texts) // PROBED_PASSAGES))]
    everything = np.ones(len(snapshot.passages), dtype=np.bool_)
    stands = [index_text(snapshot.document_of(row).title, p) for row, p in enumerate(snapshot.passages)]
    by_dense = snapshot.dense.search(queries, DEPTH, everything)
    by_words = snapshot.lexical.search(queries, DEPTH, everything)
    identity = snapshot.manifest.embedder
    wanted = {hash_of(text) for text in queries}
    wanted |= {hash_of(stands[f.row]) for found in by_dense for f in found if f.row < len(stands)}
    cached = catalogue.cached_vectors(identity, sorted(wanted))
    for query, near, worded in zip(queries, by_dense, by_words, strict=True):
        asked = cached.get(hash_of(query))
        for found in near:
            if found.row >= len(stands):
                yield "The vector index holds a row that is no passage's."
                continue
            own = cached.get(hash_of(stands[found.row]))
            if asked is not None and own is not None and abs(float(asked @ own) - found.score) > _TOLERANCE:
                yield f"The vector of row {found.row} is not that of its passage."
        sought = set(snapshot.lexical.asked(query))
        for found in worded:
            if found.row >= len(stands) or not sought & set(features(stands[found.row])):
                yield f"The lexical index finds row {found.row} by words that its passage does not have."


# ------------------------------------------------------------------------------------------------- canaries


def canaries(users: Sequence[User]) -> Judge:
    """What some may not read is sought on behalf of every other group, by every door: searched, counted, listed, previewed,
    fetched, quoted. Planted strings are sought first, then passages of restricted documents."""

    def judge(subject: Subject) -> Check:
        sought = _sought(subject.view, subject.planted)
        principals = _principals(subject.view.policy, users, [document for document, _ in sought])
        leaks: list[str] = [*_unplanted(subject.view, subject.planted)]
        probes = 0
        for principal in principals:
            hidden = [(d, text) for d, text in sought if not _plainly(principal, subject.view.policy, d)]
            probes += len(hidden)
            leaks += _leaks(subject.view, principal, hidden)
        return Check(
            name="canaries",
            passed=not leaks,
            said=leaks[0] if leaks else f"{probes} canaries sought for {len(principals)} sets of groups, none found.",
            measures={"probes": probes, "principals": len(principals), "leaks": len(leaks)},
        )

    return judge


def _plainly(principal: Principal, policy: Policy, document: Document) -> bool:
    """The rule in words, without `assistant.access`: not withdrawn, no group of theirs revoked; the document's rule, else its
    collection's; a group that is denied decides, then one that is allowed; nobody otherwise."""
    if document.key in policy.withdrawn or document.id in policy.withdrawn:
        return False
    for name in (document.collection, document.uri, document.key):
        if any(group in policy.revoked.get(name, ()) for group in principal.groups):
            return False
    rule = policy.documents.get(document.uri, policy.collections.get(document.collection))
    if rule is None or any(group in rule.deny for group in principal.groups):
        return False
    return any(group in rule.allow for group in principal.groups)


def _rule(policy: Policy, document: Document) -> Access | None:
    return policy.documents.get(document.uri, policy.collections.get(document.collection))


def _sought(view: View, planted: Sequence[str]) -> list[tuple[Document, str]]:
    """Documents and a text of each: those that hold a planted string, and the first few of each audience."""
    found = [(d, text) for text in planted for d in view.snapshot.documents.values() if text in d.text]
    longest: dict[str, Passage] = {}
    for passage in view.snapshot.passages:
        if len(passage.text) > len(longest.get(passage.document_id, passage).text) or (
            passage.document_id not in longest
        ):
            longest[passage.document_id] = passage
    taken: dict[Access | None, int] = {}
    for document in sorted(view.snapshot.documents.values(), key=lambda d: d.id):
        rule = _rule(view.policy, document)
        if document.id in longest and taken.get(rule, 0) < CANARIES:
            taken[rule] = taken.get(rule, 0) + 1
            found.append((document, index_text(document.title, longest[document.id])))
    return found


def _principals(policy: Policy, users: Sequence[User], sought: Sequence[Document]) -> list[Principal]:
    """Nobody's groups, each group alone, each configured user's, and for each audience everybody else at once."""
    rules = [*policy.collections.values(), *policy.documents.values()]
    groups = {g for rule in rules for g in rule.allow | rule.deny} | {g for user in users for g in user.groups}
    groups |= {g for revoked in policy.revoked.values() for g in revoked}
    sets: dict[frozenset[str], None] = {frozenset(): None}
    sets |= {frozenset({group}): None for group in sorted(groups)}
    sets |= {user.groups: None for user in users}
    for document in sought:
        rule = _rule(policy, document)
        sets[frozenset(groups - (rule.allow if rule else frozenset()))] = None
        if rule and rule.deny:
            sets[frozenset(groups)] = None
    return [Principal(user="probe", groups=each) for each in sets]


def _unplanted(view: View, planted: Sequence[str]) -> Iterator[str]:
    for text in planted:
        if not any(text in d.text for d in view.snapshot.documents.values()):
            yield f"The canary {text[:40]!r} stands in no document, so nothing can be said by seeking it."


def _leaks(view: View, principal: Principal, hidden: Sequence[tuple[Document, str]]) -> Iterator[str]:
    snapshot, policy = view.snapshot, view.policy
    who = ", ".join(sorted(principal.groups)) or "no group"
    may = {i: _plainly(principal, policy, d) for i, d in snapshot.documents.items()}
    mask = view.mask(principal, None)
    if int(mask.sum()) != sum(may[p.document_id] for p in snapshot.passages):
        yield f"For {who} the number of visible passages is wrong."
    listed = view.documents(principal)
    if {d.id for d in listed} != {i for i, seen in may.items() if seen}:
        yield f"The list of documents for {who} is not what they may read."
    if not hidden:
        return
    queries = [text for _, text in hidden]
    for name, searcher in (("vector", snapshot.dense), ("lexical", snapshot.lexical)):
        rows = {found.row for line in searcher.search(queries, DEPTH, mask) for found in line}
        if not all(may[snapshot.passages[row].document_id] for row in rows):
            yield f"The {name} search shows {who} what they may not read."
    try:
        hits = [h for line in retrieve(snapshot, queries, mask, Retrieve(), FusedOrder()) for h in line]
        if not all(may[hit.document.id] for hit in hits):
            yield f"A question of {who} can be answered from what they may not read."
    except MunimentError as error:
        yield f"A question of {who} is stopped: {error}"
    refusal = _refusal(view, "d-unknown", principal)
    for document, _ in hidden:
        if _refusal(view, document.id, principal) != refusal or not refusal:
            yield f"{who} can open {document.uri} or learn that it exists."
        try:
            view.source(document.id, principal)
            yield f"{who} can fetch the file of {document.uri}."
        except AccessError:
            pass
        except MunimentError as error:
            yield f"The file of {document.uri} is refused to {who} in other words: {error}"


def _refusal(view: View, document_id: str, principal: Principal) -> str:
    try:
        view.document(document_id, principal)
    except AccessError as error:
        return str(error)
    return ""
