"""What is present, what was chosen and why, what is degraded: no model is loaded for it, nothing is written."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from importlib import metadata
from typing import Any

from assistant.config import Config
from assistant.errors import MunimentError
from assistant.knowledge import snapshot as snapshots
from assistant.knowledge.catalogue import Catalogue
from assistant.models.device import cores
from assistant.record.ledger import SqliteLedger

Finding = tuple[str, str]
_PACKAGES = ("torch", "transformers", "sentence-transformers", "peft", "bitsandbytes", "gradio", "bm25s")


def examine(config: Config) -> dict[str, Any]:
    """``ok`` and ``findings``: name → (state, sentence); states are ok, chosen, degraded, missing."""
    checks: dict[str, Callable[[Config], Finding]] = {
        "python": lambda _: ("ok", f"{sys.version.split()[0]} on {cores()} cores"),
        "packages": _packages,
        "device": _device,
        "faiss": _faiss,
        "models": _models,
        "reranker": _reranker,
        "knowledge": _knowledge,
        "ledger": _ledger,
        "access": _access,
        "voice": _voice,
        "disk": _disk,
    }
    findings: dict[str, Finding] = {}
    for name, check in checks.items():
        try:
            findings[name] = check(config)
        except MunimentError as error:
            findings[name] = ("missing", str(error))
    return {"ok": all(state != "missing" for state, _ in findings.values()), "findings": findings}


def _packages(_: Config) -> Finding:
    return "ok", ", ".join(f"{name} {metadata.version(name)}" for name in _PACKAGES)


def _device(config: Config) -> Finding:
    from assistant.models.device import choose

    chosen = choose(config.device)
    number = "bfloat16" if chosen.bfloat16 else "float32 (the processor has no bfloat16)"
    return "chosen", f"{chosen.kind}: {chosen.reason}; {chosen.threads} threads, encoder in {number}"


def _faiss(_: Config) -> Finding:
    for package in ("faiss-gpu", "faiss-cpu"):
        try:
            return "chosen", f"{package} {metadata.version(package)}, exact search with the access mask inside"
        except metadata.PackageNotFoundError:
            continue
    return "missing", "FAISS is not installed; install muniment[cpu] or muniment[gpu]."


def _models(config: Config) -> Finding:
    from assistant.models.registry import Registry

    registry = Registry(config)
    return "ok", "; ".join(f"{name}: {registry.identity(name)[:24]}" for name in registry.needed())


def _reranker(config: Config) -> Finding:
    if config.retrieve.reranker is None:
        return "degraded", "none is configured; passages keep the fused order"
    folder = config.resolve(config.retrieve.reranker)
    return ("ok", str(config.retrieve.reranker)) if folder.is_dir() else ("missing", f"{folder} is not there")


def _knowledge(config: Config) -> Finding:
    Catalogue.open_existing(config.data)
    current = snapshots.current_id(config.data)
    if current is None:
        return "missing", "nothing is published; run `muniment ingest`"
    manifest = snapshots.verify(snapshots.folder_of(config.data, current))
    return "ok", f"{current}: {manifest.documents} documents, {manifest.passages} passages, every file as written"


def _ledger(config: Config) -> Finding:
    count = SqliteLedger(Catalogue.open_existing(config.data)).verify()
    return "ok", f"{count} records, the chain is whole"


def _voice(config: Config) -> Finding:
    from ui.hearing import models_present

    if config.voice.microphone == "off":
        return "chosen", "off, says the config"
    present, reason = models_present(config)
    return "chosen", f"the chat has a microphone: {reason}" if present else f"no microphone: {reason}"


def _access(config: Config) -> Finding:
    who = (
        f"{len(config.access.users)} demo users, loopback only"
        if config.access.mode == "demo"
        else "everyone is one guest"
    )
    return "chosen", f"{config.access.mode}: {who}"


def _disk(config: Config) -> Finding:
    place = config.data if config.data.exists() else config.root
    free = shutil.disk_usage(place).free / 2**30
    return ("ok" if free > 3 else "degraded"), f"{free:.0f} GiB free"
