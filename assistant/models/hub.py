"""A model from the Hugging Face Hub at the lock's pinned commit: safetensors and data files only, never code or pickle."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from assistant.errors import Corrupt, Unavailable
from assistant.models.lock import Hub
from assistant.models.manifest import WEIGHTS, Source, source_sha256
from assistant.types import Progress

_PATTERNS = ["*.safetensors", "*.json", "*.txt", "*.jinja"]
_PATIENCE = 5.0
"""Seconds for the first answer. Without that question first, the client's own retries take 24 s where there is no Hub."""


def from_hub(name: str, hub: Hub, building: Path, tell: Callable[[Progress], None]) -> Source | None:
    """Fills the empty folder ``building``; None, and the folder empty again, where the Hub is switched off or can't be used:
    the reason is told. Raises `Corrupt` for other weights than the lock names, `Unavailable` for a commit without any."""
    if os.environ.get("HF_HUB_OFFLINE", "0") not in ("", "0"):
        return None
    from httpx2 import HTTPError
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    tell(Progress(stage=f"pull {name}", detail=f"from {hub.repo} at {hub.revision[:12]}"))
    try:
        HfApi().model_info(hub.repo, revision=hub.revision, timeout=_PATIENCE)
        snapshot_download(hub.repo, revision=hub.revision, local_dir=building, allow_patterns=_PATTERNS)
    except (HTTPError, LocalEntryNotFoundError, OSError) as error:
        tell(Progress(stage=f"pull {name}", detail=f"the Hub can't be used ({type(error).__name__}); wheels instead"))
        shutil.rmtree(building)
        building.mkdir()
        return None
    shutil.rmtree(building / ".cache", ignore_errors=True)
    if not any(building.glob("*.safetensors")):
        raise Unavailable(
            f"{hub.repo} at {hub.revision[:12]} has no safetensors weights; name another commit in the lock."
        )
    digest = source_sha256(building)
    if hub.sha256 and digest != hub.sha256:
        raise Corrupt(f"{hub.repo} sent another {WEIGHTS} than the lock names; nothing was kept.")
    return Source(kind="hub", detail=f"{hub.repo}@{hub.revision}", sha256=digest)
