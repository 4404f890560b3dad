"""A release: snapshot + models + adapter + prompt + thresholds, named by a hash of all of them.

The access policy is live and therefore beside the id, not in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assistant.types import Release


@dataclass(frozen=True, kw_only=True)
class Identities:
    """``models`` by role (encoder, generator, judge, prompt); ``settings`` are the config sections that change answers."""

    models: Mapping[str, str]
    adapter: str | None
    settings: Mapping[str, Any]


def release_of(identities: Identities, snapshot: str, policy: str) -> Release:
    body = {
        "snapshot": snapshot,
        "models": dict(identities.models),
        "adapter": identities.adapter,
        "settings": dict(identities.settings),
    }
    digest = hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()
    return Release(
        id=f"r-{digest[:16]}", snapshot=snapshot, policy=policy, models=identities.models, adapter=identities.adapter
    )
