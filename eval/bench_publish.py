"""How long do publishing and rolling back take with a large snapshot? ``python -m eval.bench_publish --passages 1000000``.

Two snapshots of invented text (``WORDS`` words a passage, drawn from a vocabulary of ``VOCABULARY``; vectors at random) are
written as an ingestion writes them and recorded as candidates. Then each is published, and rolled back to in turn, in this
process; the last two times are of the command line, with the start of Python. Prints one JSON object; seconds by the clock.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from assistant.access import Policy
from assistant.knowledge import candidates
from assistant.knowledge import snapshot as snapshots
from assistant.knowledge.candidates import Proposal
from assistant.knowledge.catalogue import Catalogue
from assistant.knowledge.publish import Publisher
from assistant.types import Access, Document, Passage
from ingest.assemble import write_snapshot

VOCABULARY, WORDS, A_DOCUMENT, DIM = 50_000, 60, 130, 384
WHY = "to see how long it takes"


def knowledge(passages: int) -> tuple[list[Document], list[Passage]]:
    """``A_DOCUMENT`` passages a document."""
    generator = np.random.default_rng(0)
    documents, cut = [], []
    for first in range(0, passages, A_DOCUMENT):
        name = f"rule-{first}"
        count = min(A_DOCUMENT, passages - first)
        numbers = generator.zipf(1.3, (count, WORDS)) % VOCABULARY
        texts = [" ".join(f"w{number}" for number in row) + "." for row in numbers]
        whole = "\n\n".join(texts)
        digest = hashlib.sha256(whole.encode()).hexdigest()
        start = 0
        for number, text in enumerate(texts):
            cut.append(
                Passage(
                    id=f"{name}-{number}", document_id=name, start=start, end=start + len(text), text=text, where=""
                )
            )
            start += len(text) + 2
        documents.append(
            Document(
                id=name,
                key=name,
                version=digest,
                uri=f"rules/{name}.md",
                title=name,
                text=whole,
                text_sha256=digest,
                landmarks=(),
                collection="rules",
                reader="none",
            )
        )
    return documents, cut


def lay_out(root: Path, passages: int) -> tuple[str, str]:
    """Two candidates of ``passages`` each in ``root``/data, every document with a rule of access of its own; their ids."""
    data = root / "data"
    catalogue = Catalogue.open(data)
    documents, cut = knowledge(passages)
    vectors = np.random.default_rng(1).standard_normal((passages, DIM), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids: list[str] = []
    for state in ("first", "second"):
        inputs = {"embedder": "invented", "state": state}
        snapshot = snapshots.snapshot_id(inputs)
        folder = snapshots.folder_of(data, snapshot)
        if not ids:
            write_snapshot(folder, snapshot=snapshot, inputs=inputs, documents=documents, passages=cut, vectors=vectors)
        else:
            shutil.copytree(snapshots.folder_of(data, ids[0]), folder)
            (folder / snapshots.MANIFEST).unlink()
            snapshots.seal(folder, snapshot=snapshot, inputs=inputs, documents=len(documents), passages=len(cut))
        access = Access(allow=frozenset({"staff"}))
        candidates.prepare(
            catalogue,
            snapshot=snapshot,
            parent=ids[-1] if ids else None,
            who="bench",
            why=WHY,
            proposal=Proposal(
                collections={"rules": access}, documents={d.uri: access for d in documents}, over=Policy()
            ),
            verdict={"passed": True, "checks": []},
        )
        ids.append(snapshot)
    return ids[0], ids[1]


def measure(root: Path, passages: int) -> dict[str, Any]:
    began = time.perf_counter()
    first, second = lay_out(root, passages)
    built = time.perf_counter() - began
    data = root / "data"
    publisher = Publisher(data, Catalogue.open(data))
    told: dict[str, Any] = {
        "passages": passages,
        "built_seconds": round(built, 1),
        "mib_each": sum(f.stat().st_size for f in snapshots.folder_of(data, first).rglob("*") if f.is_file()) >> 20,
        "publish": _seconds(lambda: publisher.publish(first, who="bench", why=WHY)),
        "publish_next_never_hashed": _seconds(lambda: publisher.publish(second, who="bench", why=WHY)),
        "rollback": _seconds(lambda: publisher.rollback(first, who="bench", why=WHY)),
        "rollback_again": _seconds(lambda: publisher.rollback(second, who="bench", why=WHY)),
    }
    (root / "configs").mkdir()
    config = root / "configs" / "default.toml"
    config.write_text("", encoding="utf-8")
    told["command_rollback"] = _seconds(partial(_command, "rollback", first, config))
    told["command_publish"] = _seconds(partial(_command, "publish", second, config))
    told["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    return told


def _command(act: str, snapshot: str, config: Path) -> None:
    start = "from ui.cli import main; main()"
    words = ("snapshots", act, snapshot, "--reason", WHY, "--config", str(config))
    subprocess.run([sys.executable, "-c", start, *words], check=True, stdout=subprocess.DEVNULL)


def _seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return round(time.perf_counter() - began, 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--passages", type=int, default=1_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), given.passages), indent=1))


if __name__ == "__main__":
    main()
