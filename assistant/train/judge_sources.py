"""Which documents the judge learns from, which calibrate it, and which only measure."""

from __future__ import annotations

from assistant.knowledge.library import OpenSnapshot
from assistant.train.pairs import Source, parts

SHARES = {"train": 5, "calibration": 2, "test": 3}


def of_collection(snapshot: OpenSnapshot, collection: str) -> list[Source]:
    """Passages of the served snapshot's documents; a document is its key, so that versions stay together."""
    documents = snapshot.documents
    return [
        Source(document=documents[p.document_id].key, passage=p, title=documents[p.document_id].title)
        for p in snapshot.passages
        if documents[p.document_id].collection == collection
    ]


def part_of(sources: list[Source], name: str) -> list[Source]:
    """Those of ``name``: "train", "calibration" or "test". By documents; a text that stands in two parts is in neither's way:
    it is left out of the test where training has it."""
    where = parts((s.document for s in sources), SHARES)
    chosen = [s for s in sources if where[s.document] == name]
    if name == "train":
        return chosen
    trained = {s.passage.text for s in sources if where[s.document] == "train"}
    return [s for s in chosen if s.passage.text not in trained]
