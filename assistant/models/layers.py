"""What tuning changed of an encoder, as it ships: its upper layers in fp16, bound to the base by hash.

``layers.safetensors`` holds the weights; ``layers.json`` how many layers they are, their own SHA-256, that of the base, and
how they were made. Word embeddings and lower layers stay the base's own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from assistant.errors import Corrupt, InputError, Unavailable
from assistant.models.files import sha256_of

WEIGHTS, FACTS = "layers.safetensors", "layers.json"


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """``weights``: float32, by their names in the model (and the head's, under ``head.``)."""

    weights: dict[str, torch.Tensor]
    facts: Mapping[str, Any]

    @property
    def digest(self) -> str:
        return str(self.facts["sha256"])[:12]


def unfreeze(model: Any, layers: int) -> None:
    """Only the upper ``layers`` of a BERT learn."""
    model.requires_grad_(False)
    for layer in model.encoder.layer[len(model.encoder.layer) - layers :]:
        layer.requires_grad_(True)


def save(model: Any, head: Mapping[str, torch.Tensor], base: Path, folder: Path, facts: Mapping[str, Any]) -> None:
    """``head``: further weights by name; ``facts``: ``layers`` and whatever says how they were made."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = {n: p for n, p in model.named_parameters() if p.requires_grad} | {f"head.{n}": p for n, p in head.items()}
    save_file({n: p.detach().to(torch.float16).contiguous() for n, p in kept.items()}, folder / WEIGHTS)
    told = {**facts, "base_sha256": sha256_of(base / "model.safetensors"), "sha256": sha256_of(folder / WEIGHTS)}
    (folder / FACTS).write_text(json.dumps(told, indent=1), encoding="utf-8")


def load(folder: Path, base: Path) -> Tuned:
    """`Unavailable` where files are missing, `Corrupt` where they were altered, `InputError` where the base is another."""
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        digest = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
    except OSError as error:
        raise Unavailable(
            f"Tuned weights are missing from {folder}; restore them or name none in the config."
        ) from error
    if digest != facts["sha256"]:
        raise Corrupt(f"{folder / WEIGHTS} was altered; restore it.")
    if facts["base_sha256"] != sha256_of(base / "model.safetensors"):
        raise InputError(f"{folder} was trained on another base than {base.name}; name the right one in the config.")
    return Tuned(weights={n: w.float() for n, w in load_file(folder / WEIGHTS).items()}, facts=facts)


def restore(model: Any, tuned: Tuned, folder: Path) -> None:
    """Puts the layers into ``model``, in place."""
    weights = {n: w for n, w in tuned.weights.items() if not n.startswith("head.")}
    unknown = model.load_state_dict(weights, strict=False).unexpected_keys
    if unknown:
        raise InputError(f"{folder} does not fit its base: it has weights for {unknown[0]}.")
