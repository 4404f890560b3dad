"""Purging: a document's bytes, text, passages and vectors are erased wherever they stand.

Every document with the same bytes goes, whatever its collection. Erased are: the served snapshot's copy (a new snapshot
without it is published), every other snapshot's (the one case in which a snapshot is written again: its manifest then says
what was purged), the ingested file, its passages' vectors, and the content of ledger records that hold words of it (the
chain still verifies; `purge_behind` says why the content is gone). What stays, on purpose: ids, uri, key, title and dates in
the inputs of old snapshots' ids, and the record of the purge. Not covered: the file in its own folder, the same text saved as
other bytes, backups made before, what people typed themselves.

Killed anywhere it is taken up by giving the command again; from its first step on nobody may read the document.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from assistant.config import Config
from assistant.errors import Corrupt, InputError
from assistant.knowledge import dense, lexical, references
from assistant.knowledge import snapshot as snapshots
from assistant.knowledge.blobs import Blobs
from assistant.knowledge.catalogue import Catalogue
from assistant.knowledge.library import OpenSnapshot, View
from assistant.knowledge.publish import Publisher
from assistant.knowledge.withdrawals import begin_purge, erase, note_purge, purges, receipts_with
from assistant.protocols import Embedder
from assistant.record.ledger import SqliteLedger
from assistant.types import Document
from ingest.assemble import hash_of, texts_of, write_snapshot
from ingest.gate import Subject, judged
from ingest.lock import ingestion_lock
from ingest.probes import canaries, deleted
from ingest.remembering import RememberingEmbedder


def purge(
    config: Config,
    catalogue: Catalogue,
    embedder: Embedder,
    document_id: str,
    *,
    who: str,
    why: str,
    clock: Callable[[], datetime],
) -> dict[str, Any]:
    """What was erased. `InputError` where no snapshot holds the document, or the served one holds nothing else."""
    with ingestion_lock(config.data, config.ingest.lock_seconds, who=who, clock=clock):
        held = _snapshots_with(config.data)
        version = _version(held, catalogue, document_id)
        doomed = {d.id: d for documents in held.values() for d in documents if d.version == version}
        for one in (document_id, *doomed):
            begin_purge(catalogue, one, version, who=who, why=why)
        served = snapshots.current_id(config.data)
        if served in held and any(d.id in doomed for d in held[served]):
            _serve_without(config, catalogue, embedder, served, doomed, who=who, why=why, clock=clock)
        holding = [name for name, documents in held.items() if any(d.id in doomed for d in documents)]
        texts = {text for name in holding for text in _texts_of_doomed(snapshots.folder_of(config.data, name), doomed)}
        ids = {p.document for p in purges(catalogue).values() if p.version == version}
        known = purges(catalogue)[document_id].erased or {}
        receipts = sorted({*receipts_with(catalogue, ids), *known.get("receipts", ())})
        for one in ids:
            note_purge(catalogue, one, {**known, "receipts": receipts})
        erase(catalogue, receipts=receipts, vectors=[hash_of(text) for text in texts])
        rewritten = [name for name in holding if _rewrite(snapshots.folder_of(config.data, name), doomed)]
        (config.data / "sources" / version).unlink(missing_ok=True)
        catalogue.compact()
        erased = {
            "documents": sorted(ids),
            "snapshots_rewritten": sorted({*rewritten, *known.get("snapshots_rewritten", ())}),
            "snapshots_removed": sorted({*(set(holding) - set(rewritten)), *known.get("snapshots_removed", ())}),
            "receipts": receipts,
        }
        SqliteLedger(catalogue).append("purged", {**erased, "version": version, "who": who, "why": why})
        for one in ids:
            note_purge(catalogue, one, erased)
        return {"version": version, **erased}


def _snapshots_with(data: Path) -> dict[str, tuple[Document, ...]]:
    """The documents of every snapshot on disk; a damaged one is told: nothing could be said of what stays in it."""
    folders = sorted((data / "snapshots").glob("s-*"))
    return {folder.name: snapshots.read_contents(folder / snapshots.CONTENTS)[0] for folder in folders}


def _version(held: Mapping[str, tuple[Document, ...]], catalogue: Catalogue, document_id: str) -> str:
    known = purges(catalogue).get(document_id)
    found = next((d.version for documents in held.values() for d in documents if d.id == document_id), None)
    version = found or (known.version if known else None)
    if version is None:
        raise InputError(f"No snapshot holds a document {document_id}.")
    return version


def _texts_of_doomed(folder: Path, doomed: Mapping[str, Document]) -> set[str]:
    _, passages = snapshots.read_contents(folder / snapshots.CONTENTS)
    documents = list(doomed.values())
    return set(texts_of(documents, [p for p in passages if p.document_id in doomed]))


def _without(folder: Path, doomed: Mapping[str, Document]) -> dict[str, Any]:
    """Documents, passages and vectors of a snapshot but those of the doomed."""
    documents, passages = snapshots.read_contents(folder / snapshots.CONTENTS)
    rows = [row for row, p in enumerate(passages) if p.document_id not in doomed]
    index = dense.read_index(folder / snapshots.DENSE)
    return {
        "documents": [d for d in documents if d.id not in doomed],
        "passages": [passages[row] for row in rows],
        "vectors": np.asarray(index.reconstruct_n(0, index.ntotal), dtype=np.float32)[rows],
    }


def _serve_without(
    config: Config,
    catalogue: Catalogue,
    embedder: Embedder,
    served: str,
    doomed: Mapping[str, Document],
    *,
    who: str,
    why: str,
    clock: Callable[[], datetime],
) -> None:
    folder = snapshots.folder_of(config.data, served)
    manifest = snapshots.verify(folder)
    if not _ours(manifest):
        raise InputError(
            "The served snapshot was made by other rules than this program's; run `muniment ingest`, then this again. "
            "Nobody may read the document any more."
        )
    kept = _without(folder, doomed)
    if not kept["passages"]:
        raise InputError("The served snapshot holds nothing else; ingest other documents first.")
    rows = [row for row in manifest.inputs["documents"] if row[0] not in doomed]
    inputs = {**manifest.inputs, "documents": rows}
    snapshot = snapshots.snapshot_id(inputs)
    write_snapshot(snapshots.folder_of(config.data, snapshot), snapshot=snapshot, inputs=inputs, **kept)
    remembering = RememberingEmbedder(embedder, catalogue)
    opened = OpenSnapshot.open(snapshots.folder_of(config.data, snapshot), remembering, "cpu")
    documents, passages = snapshots.read_contents(folder / snapshots.CONTENTS)
    subject = Subject(
        view=View(opened, catalogue.policy(), Blobs(config.data)),
        gone=[(d, [p for p in passages if p.document_id == d.id]) for d in documents if d.id in doomed],
        served=len(documents),
        vanished=(),
        planted=(),
        folders={},
        as_of=clock().date(),
    )
    verdict = judged(subject, (deleted(catalogue), canaries(config.access.users)))
    if not verdict["checks"][0]["passed"]:
        raise Corrupt(f"The snapshot without it still holds something of it: {verdict['checks'][0]['said']}")
    publisher = Publisher(config.data, catalogue)
    publisher.replace(served, snapshot, who=who, why=why, verdict=verdict)


def _ours(manifest: snapshots.Manifest) -> bool:
    """Would this program make such indexes?"""
    rules = {"dense": dense.IDENTITY, "lexical": lexical.IDENTITY, "references": references.IDENTITY}
    return all(manifest.inputs.get(name) == identity for name, identity in rules.items())


def _rewrite(folder: Path, doomed: Mapping[str, Document]) -> bool:
    """True where the snapshot was written again without them; False where it had to go whole: damaged, made by other rules
    than this program's, or nothing is left."""
    try:
        manifest = snapshots.verify(folder)
        kept = _without(folder, doomed)
        if _ours(manifest) and kept["passages"]:
            purged = [
                *manifest.purged,
                *(i for i in doomed if any(row[0] == i for row in manifest.inputs["documents"])),
            ]
            write_snapshot(folder, snapshot=manifest.id, inputs=manifest.inputs, purged=purged, **kept)
            return True
    except Corrupt:
        pass
    (folder / snapshots.MANIFEST).unlink(missing_ok=True)
    shutil.rmtree(folder)
    return False
