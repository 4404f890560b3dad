"""A release: snapshot + models + adapter + prompt + thresholds, named by a hash of all of them.

The access policy is live and therefore beside the id, not in it. Which of the loaded adapters answers may be changed while
a server runs: `switch_adapter` leaves a small file that every question looks at.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assistant.config import Config
from assistant.errors import InputError
from assistant.knowledge.snapshot import write_atomically
from assistant.protocols import Ledger
from assistant.types import Release

POINTER = "adapter"
NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Identities:
    """``models`` by role (encoder, generator, judge, prompt); ``settings`` are the config sections that change answers."""

    models: Mapping[str, str]
    adapter: str | None
    settings: Mapping[str, Any]


def serving_adapter(config: Config) -> str | None:
    """The adapter that was switched to last, if the config still has it; else the config's own."""
    try:
        chosen = (config.data / POINTER).read_text(encoding="utf-8").strip()
    except OSError:
        return config.generator.adapter
    if chosen == NONE:
        return None
    return chosen if chosen in config.generator.adapters else config.generator.adapter


def switch_adapter(config: Config, name: str, ledger: Ledger, who: str) -> None:
    """From the next question on, in running servers too; recorded first. ``name``: one of the config's, or ``none``."""
    known = sorted(config.generator.adapters)
    if name != NONE and name not in known:
        raise InputError(f"There is no adapter {name!r} in the config; give {' or '.join([*known, NONE])}.")
    ledger.append("switched", {"from": serving_adapter(config) or NONE, "to": name, "who": who})
    write_atomically(config.data / POINTER, name)


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
