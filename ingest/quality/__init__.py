"""What is to be known of a document before it is served: a report of findings, each a value with its severity.

`examine` looks at one document, `compare` at all of a corpus together. A finding that ``blocks`` keeps the document out
until a person has decided, which is recorded elsewhere; `quarantine_reason` says why in one sentence. What `compare`
finds never blocks: a new file must not be able to push a published one out.
"""

from ingest.quality.compare import compare
from ingest.quality.examine import IDENTITY, examine
from ingest.quality.findings import Finding, Severity, blocking, finding_json, finding_of, quarantine_reason

__all__ = [
    "IDENTITY",
    "Finding",
    "Severity",
    "blocking",
    "compare",
    "examine",
    "finding_json",
    "finding_of",
    "quarantine_reason",
]
