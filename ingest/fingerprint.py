"""What was found, as one hash: does an ingestion take what a person was shown?"""

from __future__ import annotations

import hashlib
import json

from assistant.access import access_json
from ingest.discover import Discovered
from ingest.known import digests


def fingerprint(found: Discovered) -> str:
    """Over every file's bytes, what is declared of it, its collection's declarations and known questions, and what was
    refused."""
    collections = [
        [c.id, str(c.folder), c.title, c.owner, c.licence, str(c.review_date), access_json(c.access), *c.canaries]
        for c in found.collections
    ]
    files = [
        [
            f.uri,
            f.sha256,
            f.key,
            f.title,
            f.effective_from,
            f.effective_to,
            f.supersedes,
            f.access and access_json(f.access),
        ]
        for f in found.files
    ]
    refused = [[each.uri, each.reason] for each in found.refused]
    known = digests({c.id: c.known for c in found.collections})
    return hashlib.sha256(json.dumps([collections, files, refused, known], default=str).encode()).hexdigest()
