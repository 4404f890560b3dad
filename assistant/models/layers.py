"""What tuning changed of an encoder, as it ships: what its upper layers differ by, bound to the base by hash.

``layers.safetensors`` holds, for each matrix of a tuned layer, its difference from the base in int8 with one scale a row (a
difference is small, so a step of it is far finer than a step of the weight); vectors and a head's weights stand whole, in
fp16. ``layers.json`` says how many layers they are, their own SHA-256, that of the base, and how they were made. Word
embeddings and lower layers stay the base's own.
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
from assistant.files import sha256_of

WEIGHTS, FACTS = "layers.safetensors", "layers.json"
_STEPS, _SCALES = ".difference", ".scale"


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
    before = load_file(base / "model.safetensors")
    kept: dict[str, torch.Tensor] = {f"head.{name}": weight.detach().half() for name, weight in head.items()}
    for name, weight in model.named_parameters():
        if weight.requires_grad and weight.ndim == 2:
            kept[name + _STEPS], kept[name + _SCALES] = _quantized(weight.detach() - before[name].float())
        elif weight.requires_grad:
            kept[name] = weight.detach().half()
    save_file({name: weight.contiguous() for name, weight in kept.items()}, folder / WEIGHTS)
    told = {**facts, "base_sha256": sha256_of(base / "model.safetensors"), "sha256": sha256_of(folder / WEIGHTS)}
    (folder / FACTS).write_text(json.dumps(told, indent=1), encoding="utf-8")


def _quantized(difference: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Int8 steps, and the size of a step for each row."""
    scales = (difference.abs().amax(dim=1, keepdim=True) / 127).clamp_min(1e-12)
    return (difference / scales).round().to(torch.int8), scales.squeeze(1).float()


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
    return Tuned(weights=_whole(load_file(folder / WEIGHTS), load_file(base / "model.safetensors")), facts=facts)


def _whole(kept: Mapping[str, torch.Tensor], before: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Differences put on what they differ from."""
    weights = {name: weight.float() for name, weight in kept.items() if not name.endswith((_STEPS, _SCALES))}
    for name in (key.removesuffix(_STEPS) for key in kept if key.endswith(_STEPS)):
        step = kept[name + _SCALES].unsqueeze(1)
        weights[name] = before[name].float() + kept[name + _STEPS].float() * step
    return weights


def restore(model: Any, tuned: Tuned, folder: Path) -> None:
    """Puts the layers into ``model``, in place."""
    weights = {n: w for n, w in tuned.weights.items() if not n.startswith("head.")}
    unknown = model.load_state_dict(weights, strict=False).unexpected_keys
    if unknown:
        raise InputError(f"{folder} does not fit its base: it has weights for {unknown[0]}.")
