"""Our ingestion and LangChain's, side by side over the same documents with the same encoder weights and FAISS.

    python -m eval.compare_peer DIR [DIR …] [--peer PEER_PYTHON] [--model data/models/minilm-l6] [--limit N]

Takes the text and HTML files of the folders, and lets each side run four times: the first time, again with nothing changed,
after a sentence was added to one document, and after that was deleted. Each run is a process of its own; its seconds by the
clock, its processor seconds, its largest resident memory (with its children's, of which readers are some; ours also by stage),
passages, texts embedded, and how many passages of that document are in what is searched. PEER_PYTHON needs
langchain-community, langchain-text-splitters and what they need (sentence-transformers, faiss-cpu, beautifulsoup4, lxml,
sqlalchemy); it is never a part of Muniment.

Both run in float32 with one thread (OMP_NUM_THREADS decides), ours without tuned layers. Not alike, because each side is
taken as it comes: we cut passages along headings by tokens and build BM25, references and a verified snapshot too, and our
gate judges it; LangChain cuts by 1,000 characters with 200 of overlap.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PEER = Path(__file__).with_name("peer_langchain.py")
SUFFIXES = (".txt", ".html")
COLLECTION = """id = "rules"
title = "Rules"
owner = "Eval"
licence = "for measuring only"
review_date = 2030-01-01
[access]
allow = ["staff"]
"""
CONFIG = """[encoder]
dtype = "float32"
[ingest]
max_removed_share = 1.0
[access]
mode = "demo"
cli_user = "eval"
[[access.users]]
id = "eval"
name = "Eval"
role = "Measuring"
groups = ["staff"]
"""


def gather(folders: Sequence[Path], into: Path, limit: int | None) -> list[str]:
    """Copies the documents under names of their own; the names."""
    into.mkdir(parents=True)
    names = []
    for number, folder in enumerate(folders):
        files = sorted(file for file in folder.iterdir() if file.suffix in SUFFIXES)
        for file in files[:limit]:
            name = f"{number}-{file.name}"
            shutil.copyfile(file, into / name)
            names.append(name)
    return names


def run(command: Sequence[str], root: Path) -> dict[str, Any]:
    """What the process printed as JSON, and what it cost. Raises `RuntimeError` with what it said where it failed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:4])} … failed:\n{done.stderr[-2000:]}")
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {**told, "clock_s": round(seconds, 2), "cpu_s": round(spent, 2)}


def four(command: Sequence[str], documents: Path, name: str, root: Path) -> dict[str, Any]:
    """The first run, the second, one after document ``name`` was changed, and one after it was deleted."""
    first, second = run(command, root), run(command, root)
    before = (documents / name).read_bytes()
    half = len(before) // 2
    (documents / name).write_bytes(before[:half] + before[half:].replace(b". ", b". A sentence was added here. ", 1))
    third = run(command, root)
    (documents / name).unlink()
    fourth = run(command, root)
    (documents / name).write_bytes(before)
    return {"first": first, "unchanged": second, "one_changed": third, "one_deleted": fourth}


def peak_mb() -> int:
    """The largest resident memory of this process since the last call, in MiB (Linux: proc(5), clear_refs)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return int(peak) // 1024


def ours(probe: str) -> dict[str, Any]:
    """One ingestion in this process, of the project in the working folder."""
    from assistant.build import ingest_embedder
    from assistant.config import load
    from assistant.knowledge import snapshot as snapshots
    from assistant.knowledge.catalogue import Catalogue, utc_now
    from assistant.record.ledger import new_id
    from eval.golden import golden
    from ingest.pipeline import Pipeline, Request

    config = load(Path("configs/default.toml").resolve())
    marks: dict[str, float] = {}
    peaks: dict[str, int] = {}

    def tell(progress: Any) -> None:
        marks[progress.stage] = time.perf_counter()
        peaks[progress.stage] = max(peaks.get(progress.stage, 0), peak_mb())

    began = time.perf_counter()
    catalogue = Catalogue.open(config.data)
    report = Pipeline(
        config=config,
        catalogue=catalogue,
        embedder=ingest_embedder(config),
        tell=tell,
        new_id=new_id,
        clock=utc_now,
        judges=(golden(config, catalogue),),
    ).run(Request(who="eval", why="measuring"))
    stages, last = {}, began
    for stage, ended in sorted(marks.items(), key=lambda pair: pair[1]):
        stages[stage] = round(ended - last, 2)
        last = ended
    served = snapshots.current_id(config.data)
    if served is None:
        raise RuntimeError("nothing was published")
    documents, passages = snapshots.read_contents(snapshots.folder_of(config.data, served) / snapshots.CONTENTS)
    uris = {document.id: document.uri for document in documents}
    own, readers = (
        resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return {
        "documents": len(documents),
        "refused": [f"{each['uri']}: {each['reason'][:80]}" for each in report.quarantined],
        "passages": len(passages),
        "embedded": report.embedded,
        "published": report.published,
        "of_probes": {probe: sum(uris[p.document_id] == f"rules/{probe}" for p in passages)},
        "seconds": stages,
        "peak_mb_by_stage": peaks,
        "peak_mb": max(round(own), *peaks.values()),
        "reader_peak_mb": round(readers),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Our ingestion beside LangChain's.")
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--peer", type=Path, help="a Python with LangChain; without it, ours alone")
    parser.add_argument("--model", type=Path, default=Path("data/models/minilm-l6"))
    parser.add_argument("--limit", type=int, help="only the first files of each folder")
    parser.add_argument("--ours", metavar="PROBE", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.ours is not None:
        print(json.dumps(ours(given.ours)))
        return 0
    if not given.folders:
        parser.error("give folders of documents")
    model = given.model.resolve()
    home = Path(__file__).resolve().parents[1]
    os.environ["PYTHONPATH"] = str(home)
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        documents = root / "corpora" / "rules"
        names = gather([folder.resolve() for folder in given.folders], documents, given.limit)
        (documents / "collection.toml").write_text(COLLECTION, encoding="utf-8")
        (root / "configs").mkdir()
        (root / "configs" / "default.toml").write_text(CONFIG, encoding="utf-8")
        shutil.copyfile(home / "configs" / "models.toml", root / "configs" / "models.toml")
        (root / "data" / "models").mkdir(parents=True)
        (root / "data" / "models" / model.name).symlink_to(model)
        probe = names[len(names) // 2]
        told: dict[str, Any] = {
            "documents": len(names),
            "deleted": probe,
            "threads": os.environ.get("OMP_NUM_THREADS", "all"),
        }
        own = [sys.executable, "-m", "eval.compare_peer", "--ours", probe]
        told["ours"] = four(own, documents, probe, root)
        del os.environ["PYTHONPATH"]
        for way in ("plain", "indexed") if given.peer is not None else ():
            theirs = [str(given.peer.absolute()), str(PEER), way, str(documents), str(model), str(root / way), probe]
            told[f"langchain, {way}"] = four(theirs, documents, probe, root)
    print(json.dumps(told, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
