"""Quality at the door: each version is looked at once, by `ingest.quality`; what blocks waits for a recorded decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from assistant.knowledge.catalogue import Catalogue
from assistant.knowledge.quarantine import Report, released, reports
from assistant.protocols import Reading
from ingest.quality import IDENTITY, examine, finding_json, finding_of, quarantine_reason


@dataclass
class Quality:
    """``reports`` and ``released`` kinds of findings by document id, as they stand when the run begins."""

    reports: dict[str, Report] = field(default_factory=dict)
    released: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def now(cls, catalogue: Catalogue) -> Quality:
        return cls(reports=reports(catalogue), released=released(catalogue))

    def knows(self, identity: str) -> bool:
        """Have the present rules looked at it?"""
        report = self.reports.get(identity)
        return report is not None and report.identity == IDENTITY

    def look(self, identity: str, uri: str, reading: Reading) -> Report:
        findings = [finding_json(finding) for finding in examine(reading)]
        report = Report(document=identity, uri=uri, identity=IDENTITY, findings=findings)
        self.reports[identity] = report
        return report

    def reason(self, identity: str) -> str:
        """Why it waits for a decision, "" where it need not or has not been looked at by the present rules."""
        report = self.reports.get(identity)
        if report is None or not self.knows(identity):
            return ""
        found = [finding_of(values) for values in report.findings]
        reason = quarantine_reason(found, self.released.get(identity, frozenset()))
        return f"{reason} `muniment documents release {identity} --reason …` takes it all the same." if reason else ""
