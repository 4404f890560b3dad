"""Random principals, policies, dates and snapshots against a brute force: ``python -m eval.access_cases 10000 --seed 0``.

Each case asks every door of a snapshot (both searches under the mask, the fused search that answers use, count, list, preview,
file) on behalf of a random principal under a random policy, and compares with plain rules over the visible set. Each hidden
document carries a canary string of its own; whatever a door gives is searched for them. Snapshots are written and opened by the
real code; the vectors are those of the torch-free twin.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from assistant.access import Policy
from assistant.config import Retrieve, Split
from assistant.errors import AccessError
from assistant.knowledge import snapshot as snapshots
from assistant.knowledge.blobs import Blobs
from assistant.knowledge.library import OpenSnapshot, View
from assistant.models.twins import HashingEmbedder
from assistant.retrieve import FusedOrder, retrieve
from assistant.types import Access, Document, Landmark, Principal
from ingest.assemble import passages_of, texts_of, write_snapshot
from ingest.canonical import sha256_text

GROUPS = ("staff", "mlro", "hr", "public", "audit")
COLLECTIONS = ("rules", "vault", "desk")
WORDS = (
    "gift limit supplier record approve cabinet report client complaint letter days keep years officer branch".split()
)
START = date(2026, 1, 1)
CASES_A_SNAPSHOT = 250


@dataclass(frozen=True, kw_only=True)
class Case:
    principal: Principal
    policy: Policy
    as_of: date
    query: str
    k: int


def canary(number: int) -> str:
    return f"canary{number}heron"


def _document(number: int, rng: random.Random, blobs: Blobs) -> Document:
    collection = rng.choice(COLLECTIONS)
    heads, text = [], ""
    for section in range(1, rng.randint(2, 5)):
        head = f"{section} {rng.choice(WORDS)}"
        heads.append(Landmark(kind="heading", start=len(text), end=len(text) + len(head), label=head, level=1))
        text += f"{head}\n\n{' '.join(rng.choices(WORDS, k=30))} {canary(number)}.\n\n"
    begins = START + timedelta(days=rng.randint(0, 20)) if rng.random() < 0.4 else None
    ends = (begins or START) + timedelta(days=rng.randint(0, 20)) if rng.random() < 0.4 else None
    return Document(
        id=f"d-{number:04}",
        key=f"{collection}/k{number // 2}",
        version=blobs.put(text.encode()),
        uri=f"{collection}/{number}.md",
        title=f"Policy {number}",
        text=text,
        text_sha256=sha256_text(text),
        landmarks=tuple(heads),
        collection=collection,
        reader="md/1",
        effective_from=begins,
        effective_to=ends,
    )


def _snapshot(folder: Path, rng: random.Random) -> tuple[OpenSnapshot, Blobs]:
    embedder, blobs = HashingEmbedder(), Blobs(folder)
    documents = [_document(n, rng, blobs) for n in range(rng.randint(2, 30))]
    passages = passages_of(documents, embedder, Split(max_tokens=40), lambda stage, done, total: None)
    inputs = {"documents": [[d.id] for d in documents], "embedder": embedder.identity}
    name = snapshots.snapshot_id(inputs)
    place = snapshots.folder_of(folder, name)
    vectors = embedder.embed(texts_of(documents, passages))
    write_snapshot(place, snapshot=name, inputs=inputs, documents=documents, passages=passages, vectors=vectors)
    return OpenSnapshot.open(place, embedder, "cpu"), blobs


def _groups(rng: random.Random, most: int) -> frozenset[str]:
    return frozenset(rng.sample(GROUPS, rng.randint(0, most)))


def _case(opened: OpenSnapshot, rng: random.Random) -> Case:
    documents = list(opened.documents.values())

    def access() -> Access:
        return Access(allow=_groups(rng, 3), deny=_groups(rng, 1))

    own = rng.sample(documents, rng.randint(0, len(documents) // 2))
    withdrawn = rng.sample([n for d in documents for n in (d.key, d.id)], rng.randint(0, 2))
    policy = Policy(
        collections={name: access() for name in rng.sample(COLLECTIONS, rng.randint(0, 3))},
        documents={d.uri: access() for d in own},
        withdrawn=frozenset(withdrawn),
        revoked=_revoked(documents, rng),
    )
    sought = rng.choice([" ".join(rng.choices(WORDS, k=4)), canary(rng.randrange(len(documents)))])
    day = START + timedelta(days=rng.randint(-2, 42))
    principal = Principal(user="case", groups=_groups(rng, 3))
    return Case(principal=principal, policy=policy, as_of=day, query=sought, k=rng.randint(1, 12))


def _revoked(documents: Sequence[Document], rng: random.Random) -> dict[str, frozenset[str]]:
    names = [*COLLECTIONS, *(d.key for d in documents), *(d.uri for d in documents)]
    return {name: frozenset({rng.choice(GROUPS)}) for name in rng.sample(names, rng.randint(0, 2))}


def _may(case: Case, document: Document) -> bool:
    """The rules in words, without the code under test."""
    if document.key in case.policy.withdrawn or document.id in case.policy.withdrawn:
        return False
    for name in (document.collection, document.uri, document.key):
        if any(group in case.policy.revoked.get(name, ()) for group in case.principal.groups):
            return False
    rule = case.policy.documents.get(document.uri, case.policy.collections.get(document.collection))
    if rule is None or any(group in rule.deny for group in case.principal.groups):
        return False
    return any(group in rule.allow for group in case.principal.groups)


def _in_force(case: Case, document: Document) -> bool:
    begun = document.effective_from is None or document.effective_from <= case.as_of
    return begun and (document.effective_to is None or document.effective_to >= case.as_of)


def faults(opened: OpenSnapshot, blobs: Blobs, case: Case) -> Iterator[str]:
    """What a door gave or withheld against the rules; nothing where all is well."""
    view = View(opened, case.policy, blobs)
    ever = {i for i, d in opened.documents.items() if _may(case, d)}
    now = {i for i in ever if _in_force(case, opened.documents[i])}
    rows = [row for row, p in enumerate(opened.passages) if p.document_id in now]
    mask = view.mask(case.principal, case.as_of)
    if np.flatnonzero(mask).tolist() != rows:
        yield "count"
    everything = np.ones(len(opened.passages), dtype=np.bool_)
    given: list[str] = []
    for searcher in (opened.dense, opened.lexical):
        (whole,) = searcher.search([case.query], len(opened.passages), everything)
        (found,) = searcher.search([case.query], case.k, mask)
        if [f.row for f in found] != [f.row for f in whole if f.row in set(rows)][: case.k]:
            yield f"search {searcher.name}"
        given += [opened.passages[f.row].text for f in found]
    (hits,) = retrieve(opened, [case.query], mask, Retrieve(hits=case.k), FusedOrder())
    if not {hit.document.id for hit in hits} <= now:
        yield "answer search"
    given += [hit.passage.text for hit in hits]
    for as_of, expected in ((case.as_of, now), (None, ever)):
        listed = view.documents(case.principal, as_of)
        if {d.id for d in listed} != expected:
            yield "list"
        given += [d.text for d in listed]
    refusals = set()
    for identity in (*opened.documents, "d-unknown"):
        for name, door in (("preview", view.document), ("file", view.source)):
            try:
                got = door(identity, case.principal)
                if identity not in ever:
                    yield name
                given.append(got.text if isinstance(got, Document) else got.decode())
            except AccessError as error:
                refusals.add(str(error))
                if identity in ever:
                    yield f"{name} refused"
    if len(refusals) > 1:
        yield "refusals differ"
    hidden = [canary(int(i[2:])) for i in opened.documents if i not in ever]
    text = "\n".join(given)
    if any(f"{one}." in text for one in hidden):
        yield "canary"


def run(cases: int, seed: int) -> dict[str, Any]:
    rng, counts, done, built = random.Random(seed), Counter[str](), 0, 0
    seen_none = 0
    began = time.perf_counter()
    while done < cases:
        with tempfile.TemporaryDirectory() as folder:
            opened, blobs = _snapshot(Path(folder), rng)
            built += 1
            for _ in range(min(CASES_A_SNAPSHOT, cases - done)):
                case = _case(opened, rng)
                counts.update(faults(opened, blobs, case))
                seen_none += not any(_may(case, d) for d in opened.documents.values())
                done += 1
    return {
        "cases": done,
        "snapshots": built,
        "cases_that_see_nothing": seen_none,
        "canary_leaks": counts["canary"],
        "faults": dict(counts),
        "seconds": round(time.perf_counter() - began, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("cases", type=int, nargs="?", default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    told = run(given.cases, given.seed)
    print(json.dumps(told, indent=1))
    sys.exit(1 if told["faults"] else 0)


if __name__ == "__main__":
    main()
