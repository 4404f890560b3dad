"""Kills an ingestion at random instants and looks at what is left: ``python -m eval.kill_ingestion 300 --seed 0``; with
``--power`` as a power cut does, so that what was not synced is lost too (`eval.power_cut`; every third trial all of it).

Each trial takes a copy of a small project whose second state is waiting to be ingested (documents changed, added and removed),
lets a process of its own ingest it, and ends that process without warning: every other trial by SIGKILL after a random time,
else after a random amount of its own processor time (by then it is inside its own code, not waiting for a reader). Then it
holds that the served snapshot is the old or the new one, intact and answering; that the next run ends where an undisturbed run
ends, each passage once, every original file kept; and that what had been embedded and stored was not embedded again.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # a process is forked from this one

import argparse
import json
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.config import load
from assistant.errors import MunimentError
from assistant.knowledge import snapshot as snapshots
from assistant.knowledge.blobs import Blobs
from assistant.knowledge.catalogue import Catalogue, utc_now
from assistant.knowledge.library import Library
from assistant.models.twins import HashingEmbedder
from assistant.record.ledger import new_id
from assistant.types import Document, Principal, Progress
from eval import power_cut
from ingest.assemble import EMBED_BATCH, hash_of, texts_of
from ingest.pipeline import Pipeline, Report, Request

CONFIG = "[ingest]\nmax_removed_share = 1.0\n"
COLLECTION = """
id = "rules"
title = "Rules"
owner = "Eval"
licence = "Apache-2.0"
review_date = 2030-01-01
[access]
allow = ["staff"]
"""
STAFF = Principal(user="eval", groups=frozenset({"staff"}))


@dataclass(frozen=True, kw_only=True)
class Trial:
    """``died`` is the last stage that the killed process told, "finished" where it was too quick. ``faults`` must be none;
    ``repeated`` counts texts that were embedded a second time."""

    died: str
    served_new: bool
    repeated: int
    faults: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Ground:
    """A project in its second state, its first one published; what an undisturbed run makes of it."""

    root: Path
    old: str
    new: str
    texts: frozenset[str]
    passages: tuple[str, ...]
    seconds: float
    cpu_seconds: float


def _write(root: Path, rng: random.Random, documents: Sequence[int]) -> None:
    folder = root / "corpora" / "rules"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (root / "configs").mkdir(exist_ok=True)
    (root / "configs" / "default.toml").write_text(CONFIG, encoding="utf-8")
    (folder / "collection.toml").write_text(COLLECTION, encoding="utf-8")
    for number in documents:
        sections = "\n\n".join(
            f"## {n} Section\n\nClause {number}.{n} of {rng.randrange(10**9)} holds for {rng.randrange(99)} days. "
            "A record of it must be kept, and whoever keeps it answers for it."
            for n in range(1, 21)
        )
        (folder / f"rule-{number}.md").write_text(f"# Rule {number}\n\n{sections}\n", encoding="utf-8")


def _ingest(root: Path) -> Report:
    config = load(root / "configs" / "default.toml")
    stage = root / "stage"

    def tell(progress: Progress) -> None:
        stage.write_text(progress.stage, encoding="utf-8")

    return Pipeline(
        config=config,
        catalogue=Catalogue.open(config.data),
        embedder=HashingEmbedder(),
        tell=tell,
        new_id=new_id,
        clock=utc_now,
    ).run(Request())


def prepare(root: Path, seed: int, documents: int = 12) -> Ground:
    """Writes and publishes the first state, writes the second, and measures an undisturbed run over a copy."""
    rng = random.Random(seed)
    first, second = root / "ground", root / "undisturbed"
    _write(first, rng, range(documents))
    old = _ingest(first).snapshot
    _write(first, rng, range(documents // 4, documents + documents // 4))  # all changed, some gone, some new
    shutil.copytree(first, second)
    began, cpu = time.perf_counter(), time.process_time()
    new = _ingest(second).snapshot
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
    if old is None or new is None:
        raise RuntimeError("the ground was not published")
    found, passages = snapshots.read_contents(snapshots.folder_of(second / "data", new) / snapshots.CONTENTS)
    return Ground(
        root=first,
        old=old,
        new=new,
        texts=frozenset(hash_of(text) for text in texts_of(found, passages)),
        passages=tuple(p.id for p in passages),
        seconds=seconds,
        cpu_seconds=cpu_seconds,
    )


def trial(ground: Ground, root: Path, rng: random.Random, number: int, power: bool) -> Trial:
    shutil.copytree(ground.root, root)
    (root / "stage").unlink(missing_ok=True)
    data, kept = root / "data", root / "synced"
    disk = power_cut.Disk(data, ground.root / "data")
    _killed(root, ground, rng.random() * 1.05, number % 2 == 1, kept if power else None)
    told = (root / "stage").read_text(encoding="utf-8") if (root / "stage").exists() else "start"
    if power:
        disk.learn(kept)
        power_cut.lose(data, disk, rng if number % 3 else None)
    faults: list[str] = []
    served = snapshots.current_id(data)
    if served not in (ground.old, ground.new):
        faults.append(f"{served} is served")
    if told == "finished" and served != ground.new:
        faults.append("a finished publication was lost")
    faults += _damage(data)
    identity = HashingEmbedder().identity
    catalogue = Catalogue.open(data)
    stored = len(catalogue.cached_vectors(identity, sorted(ground.texts)))
    report = _ingest(root)
    if (report.snapshot, snapshots.current_id(data)) != (ground.new, ground.new):
        faults.append(f"the next run ended at {report.snapshot}")
    repeated = stored + report.embedded - len(ground.texts) if report.embedded else 0
    if report.embedded and repeated:
        faults.append(f"{repeated} texts were embedded although they were stored")
    documents, passages = snapshots.read_contents(snapshots.folder_of(data, ground.new) / snapshots.CONTENTS)
    if tuple(p.id for p in passages) != ground.passages:
        faults.append("passages were lost or doubled")
    faults += [f"an original is lost: {lost}" for lost in _lost_originals(data, documents)]
    if list((data / "snapshots").glob(".building-*")):
        faults.append("a half-built folder was left")
    if catalogue.publications()[-1]["snapshot"] != ground.new:
        faults.append("the publication is not on record")
    faults += _damage(data)
    shutil.rmtree(root)
    return Trial(died=told, served_new=served == ground.new, repeated=max(0, repeated), faults=tuple(faults))


def _killed(root: Path, ground: Ground, share: float, by_cpu: bool, kept: Path | None) -> None:
    """Runs the ingestion in a process of its own and ends it after ``share`` of an undisturbed run. ``kept``: see `power_cut`."""
    child = os.fork()
    if child == 0:
        try:
            if kept is not None:
                power_cut.record(root / "data", kept)
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 2)
            if by_cpu:
                signal.signal(signal.SIGPROF, signal.SIG_DFL)
                signal.setitimer(signal.ITIMER_PROF, max(0.002, share * ground.cpu_seconds))
            _ingest(root)
            (root / "stage").write_text("finished", encoding="utf-8")
        finally:
            os._exit(0)
    if not by_cpu:
        time.sleep(share * ground.seconds)
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _damage(data: Path) -> list[str]:
    """What is wrong with what is served, "" where it opens, verifies and answers."""
    try:
        library = Library(data, Catalogue.open_existing(data), HashingEmbedder(), "cpu")
        opened = library.current()
        mask = opened.mask(STAFF, library.policy(), None)
        (found,) = opened.dense.search(["How many days does the clause hold?"], 5, mask)
        return [] if len(found) == 5 else ["the served snapshot does not answer"]
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        return [f"the served snapshot can't be used: {error}"]


def _lost_originals(data: Path, documents: Sequence[Document]) -> list[str]:
    lost = []
    for document in documents:
        try:
            Blobs(data).get(document.version)
        except MunimentError as error:
            lost.append(str(error))
    return lost


def run(trials: int, seed: int, folder: Path, power: bool = False) -> dict[str, Any]:
    """Counts over all trials; ``faults`` in words, empty where all is well."""
    ground, rng = prepare(folder, seed), random.Random(seed)
    found = [trial(ground, folder / "trial", rng, number, power) for number in range(trials)]
    return {
        "trials": trials,
        "seed": seed,
        "unsynced_lost": power,
        "died_in": dict(sorted(Counter(t.died for t in found).items())),
        "new_served_after_the_kill": sum(t.served_new for t in found),
        "damaged_lost_or_doubled": sum(bool(t.faults) for t in found),
        "faults": sorted({fault for t in found for fault in t.faults}),
        "texts": len(ground.texts),
        "batch": EMBED_BATCH,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("trials", type=int, nargs="?", default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--power", action="store_true", help="lose what was not synced, as a power cut does")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = run(given.trials, given.seed, Path(folder), given.power)
    print(json.dumps(told, indent=1))
    sys.exit(1 if told["faults"] else 0)


if __name__ == "__main__":
    main()
