"""The changes and the snapshots: looked at, prepared and judged, published, taken back."""

from __future__ import annotations

from assistant.errors import InputError
from assistant.knowledge import generations
from assistant.knowledge import snapshot as snapshots
from assistant.knowledge.candidates import Candidate, candidate_of, candidates
from assistant.knowledge.catalogue import Catalogue
from assistant.knowledge.publish import Publisher
from ui.ask import Visitor
from ui.knowledge.gate import Data, Gate, reason_of, text_of
from ui.knowledge.html_changes import Standing, changes_html
from ui.knowledge.html_snapshots import difference_html, snapshots_html
from ui.knowledge.sight import Sight
from ui.knowledge.work import Work

RECENT = 8
"""Jobs shown."""


class Releases:
    def __init__(self, gate: Gate, work: Work) -> None:
        self._gate = gate
        self._work = work

    def running(self) -> bool:
        job = self._work.job()
        return job is not None and job.running

    def changes(self, sight: Sight, said: str = "") -> str:
        return changes_html(self._standing(sight), sight, said)

    def look(self, visitor: Visitor) -> str:
        def act(sight: Sight) -> str:
            self._work.look(sight.principal.user, sight.paths())
            return ""

        return self._gate.acted(visitor, act, self.changes)

    def prepare(self, visitor: Visitor, data: Data) -> str:
        def act(sight: Sight) -> str:
            self._work.prepare(sight.principal.user, reason_of(data))
            return ""

        return self._gate.acted(visitor, act, self.changes)

    def publish(self, visitor: Visitor, data: Data, *, on: str) -> str:
        """``on``: the panel that asked for it."""

        def act(sight: Sight) -> str:
            snapshot, why, config = text_of(data, "snapshot"), reason_of(data), self._gate.config
            publisher = Publisher(config.data, self._gate.catalogue(), four_eyes=config.publish.four_eyes)
            publisher.publish(snapshot, who=sight.principal.user, why=why, force=text_of(data, "force") == "yes")
            return f"{snapshot} is served: the next question is answered from it."

        return self._gate.acted(visitor, act, self.changes if on == "changes" else self.snapshots)

    # --------------------------------------------------------------------------------------------- snapshots

    def snapshots(self, sight: Sight, said: str = "") -> str:
        catalogue = self._gate.catalogue()
        rows = generations.generations(self._gate.config.data, catalogue)
        waiting = self._waiting(catalogue, {row.id for row in rows if row.waits})
        return snapshots_html(rows, waiting, catalogue.publications(), self._standing(sight), said)

    def rollback(self, visitor: Visitor, data: Data) -> str:
        def act(sight: Sight) -> str:
            snapshot, why = text_of(data, "snapshot"), reason_of(data)
            publisher = Publisher(self._gate.config.data, self._gate.catalogue())
            now = publisher.rollback(snapshot or None, who=sight.principal.user, why=why)
            return f"{now} is served again: the next question is answered from it."

        return self._gate.acted(visitor, act, self.snapshots)

    def compare(self, visitor: Visitor, data: Data) -> str:
        """What differs between the served snapshot and another, among what the manager may read."""

        def found(sight: Sight) -> str:
            folder, wanted = self._gate.config.data, text_of(data, "snapshot")
            if wanted not in {row.id for row in generations.generations(folder, self._gate.catalogue())}:
                raise InputError("There is no such snapshot; open the page again.")
            held = [generations.contents_of(folder, name)[0] for name in (self._gate.served(), wanted)]
            before, after = ([d for d in part if sight.document(d)] for part in held)
            titles = {d.uri: d.title for d in (*before, *after)}
            told = difference_html(wanted, generations.difference(before, after), titles)
            return self.snapshots(sight, told)

        return self._gate.shown(visitor, found)

    # --------------------------------------------------------------------------------------------- what stands

    def _standing(self, sight: Sight) -> Standing:
        catalogue, job = self._gate.catalogue(), self._work.job()
        made = job.report.snapshot if job and job.report else None
        there = made is not None and made == snapshots.current_id(self._gate.config.data)
        return Standing(
            job=job,
            candidate=candidate_of(catalogue, made) if made and not there else None,
            jobs=catalogue.jobs(RECENT),
            who=sight.principal.user,
            whole=sight.whole(self._gate.held()),
            four_eyes=self._gate.config.publish.four_eyes,
        )

    @staticmethod
    def _waiting(catalogue: Catalogue, wanted: set[str]) -> list[Candidate]:
        """The last preparation of each, newest first."""
        found: dict[str, Candidate] = {}
        for candidate in candidates(catalogue):
            if candidate.snapshot in wanted:
                found.setdefault(candidate.snapshot, candidate)
        return list(found.values())
