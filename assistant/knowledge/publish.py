"""The one way to serve another snapshot, and the way back.

    publish    a complete snapshot that was prepared; the access it was prepared with begins to hold at the same moment
    rollback   a publication of one that was served before; the access policy is live and stays as it is

A publication is verify → access policy → pointer → record → ledger. Readers see the old snapshot or the new one, whole. What a
crash leaves between pointer and record, the next publication of the same snapshot records. A short lock of its own lets a
rollback happen while an ingestion runs; that ingestion then finds that it was overtaken and does not publish over it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from assistant.errors import Corrupt, InputError, Transient
from assistant.knowledge import snapshot as snapshots
from assistant.knowledge.candidates import Candidate, apply_proposal, candidate_of, needs_applying
from assistant.knowledge.catalogue import Catalogue
from assistant.record.ledger import NewId, SqliteLedger, new_id

LOCK_SECONDS = 10.0
Kind = Literal["publish", "rollback", "purge"]


class Publisher:
    """``four_eyes``: whoever prepared a change can't approve it; a rollback, being the way out of trouble, needs one pair."""

    def __init__(self, data: Path, catalogue: Catalogue, *, four_eyes: bool = False, ids: NewId = new_id) -> None:
        self._data = data
        self._catalogue = catalogue
        self._four_eyes = four_eyes
        self._ledger = SqliteLedger(catalogue, ids)

    def served(self) -> str | None:
        """The served snapshot; None before the first publication, and where the pointer is damaged."""
        try:
            return snapshots.current_id(self._data)
        except Corrupt:
            return None

    def publish(self, snapshot: str, *, who: str, why: str, force: bool = False) -> bool:
        """Serves a candidate. False where it is served already; the access that it asks for holds then all the same.

        `InputError` where it was never prepared, where the gate refused it and ``force`` is not given, where another
        snapshot was published since it was prepared, or where ``who`` prepared it and four eyes are wanted.
        """
        with self._lock():
            candidate = candidate_of(self._catalogue, snapshot)
            there = snapshot == self._recorded() == self.served()
            if there and (candidate is None or not needs_applying(self._catalogue, candidate)):
                return False
            if candidate is None:
                raise InputError(f"Snapshot {snapshot} was not prepared by an ingestion; roll back to it, or ingest.")
            self._check(candidate, who, force)
            if there:
                apply_proposal(self._catalogue, candidate)
                policy = self._catalogue.policy().version
                self._ledger.append("access", {"policy": policy, "snapshot": snapshot, "who": who, "why": why})
                return False
            snapshots.verify_unless_untouched(snapshots.folder_of(self._data, snapshot))
            apply_proposal(self._catalogue, candidate)
            verdict = candidate.verdict
            forced = force and not verdict["passed"]
            self._point(snapshot, who, why, "publish", candidate.who, forced=forced, verdict=verdict)
            return True

    def rollback(self, snapshot: str | None, *, who: str, why: str) -> str:
        """Serves ``snapshot`` again (None: the one before the present one); returns its id."""
        with self._lock():
            wanted = snapshot or self.before()
            published = {row["snapshot"] for row in self._catalogue.publications()}
            if wanted not in published:
                raise InputError(f"Snapshot {wanted} was never served; publish it instead.")
            if wanted == self.served():
                raise InputError(f"Snapshot {wanted} is served already.")
            snapshots.verify_unless_untouched(snapshots.folder_of(self._data, wanted))
            self._point(wanted, who, why, "rollback", None, forced=False, verdict=None)
            return wanted

    def replace(self, old: str, new: str, *, who: str, why: str, verdict: Mapping[str, Any]) -> None:
        """Serves ``new``, which is ``old`` without what was purged; one pair of eyes is enough, since nobody may read that
        any more already. `InputError` where ``old`` is no longer served."""
        with self._lock():
            if self.served() != old:
                raise InputError(f"Another snapshot than {old} was published meanwhile; give the command again.")
            snapshots.verify(snapshots.folder_of(self._data, new))
            self._point(new, who, why, "purge", None, forced=not verdict["passed"], verdict=verdict)

    def before(self) -> str:
        """What was served before the present snapshot was first published: going back twice goes back two."""
        served = self.served()
        first = [
            row for row in self._catalogue.publications() if row["snapshot"] == served and row["kind"] != "rollback"
        ]
        parent = next((row["parent"] for row in reversed(first) if row["parent"] != served), None)
        if parent is None:
            raise InputError(
                "There is no earlier snapshot to go back to; `muniment snapshots list` shows what there is."
            )
        return str(parent)

    def _check(self, candidate: Candidate, who: str, force: bool) -> None:
        if self._four_eyes and who == candidate.who:
            raise InputError(
                f"{who} prepared snapshot {candidate.snapshot} and can't approve it too (publish.four_eyes); "
                "let somebody else publish it with `muniment snapshots publish`."
            )
        if not candidate.verdict["passed"] and not force:
            raise InputError(f"The gate refuses {candidate.snapshot}: {said(candidate.verdict)} {_WAYS_ON}")
        if self._recorded() not in (candidate.parent, candidate.snapshot) and not force:
            raise InputError(
                f"Another snapshot was published since {candidate.snapshot} was prepared; run `muniment ingest` again, "
                "or give --force and --reason."
            )

    def _recorded(self) -> str | None:
        rows = self._catalogue.publications()
        return rows[-1]["snapshot"] if rows else None

    def _point(
        self,
        snapshot: str,
        who: str,
        why: str,
        kind: Kind,
        prepared_by: str | None,
        *,
        forced: bool,
        verdict: Mapping[str, Any] | None,
    ) -> None:
        parent = self._recorded()
        snapshots.point_to(self._data, snapshot)
        self._catalogue.record_publication(
            snapshot,
            parent,
            who,
            why,
            kind=kind,
            prepared_by=prepared_by,
            forced=forced,
            verdict=json.dumps(verdict) if verdict is not None else None,
        )
        said_of_it = {"snapshot": snapshot, "parent": parent, "who": who, "why": why, "kind": kind, "forced": forced}
        passed = verdict["passed"] if verdict is not None else None
        self._ledger.append("published", {**said_of_it, "prepared_by": prepared_by, "passed": passed})

    @contextmanager
    def _lock(self) -> Iterator[None]:
        lock = FileLock(self._data / "publish.lock")
        try:
            lock.acquire(timeout=LOCK_SECONDS)
        except Timeout as error:
            raise Transient("Somebody else is publishing at this moment; try again.") from error
        try:
            yield
        finally:
            lock.release()


_WAYS_ON = "Mend that and ingest again, or give --force and --reason."


def said(verdict: Mapping[str, Any]) -> str:
    """Why not, one sentence a failed check."""
    return " ".join(str(check["said"]) for check in verdict["checks"] if not check["passed"])
