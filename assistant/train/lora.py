"""A LoRA adapter on the 4-bit generator (QLoRA, Dettmers et al. 2023): the base made ready, the steps, and checkpoints.

The base stands as its NF4 values: quantised by bitsandbytes and taken back to float32 once, so that the adapter learns to
correct the very weights it will be served with, without unpacking them at every step; and without the repacking that falsifies
gradients on some processors. What is learnt from an example is the caller's: `assistant.train.generator` and `.answerable`.
"""

from __future__ import annotations

import json
import math
import random
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors.torch import load_file, save_file

from assistant.errors import InputError

Row = TypeVar("Row")
Tell = Callable[[str], None]
WEIGHTS, FACTS, CHECKPOINT = "adapter_model.safetensors", "muniment.json", "checkpoint"
_LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """``batch`` examples a step, by accumulation, none of more than ``longest`` tokens; ``lowest`` is the first layer that gets
    an adapter: below it nothing has to be carried backwards, which saves that share of the backward pass."""

    rank: int = 8
    alpha: int = 16
    lowest: int = 0
    rate: float = 2e-4
    batch: int = 8
    epochs: int = 1
    longest: int = 1100
    seed: int = 0


def fit(
    model: Any,
    rows: Sequence[Row],
    backward: Callable[[Any, Row, int], float],
    identity: str,
    out: Path,
    *,
    recipe: Recipe,
    card: dict[str, Any],
    every: int,
    tell: Tell,
) -> None:
    """Writes the adapter of ``model`` (of `with_lora`) into ``out`` (safetensors, ``adapter_config.json``, and ``muniment.json``
    with the base's ``identity``, the recipe and the losses), and every ``every`` steps a checkpoint that the same call goes on
    from. ``backward(model, row, of)`` adds the gradients of one of a batch's ``of`` rows and returns its share of the loss.

    Raises `InputError` where a checkpoint belongs to another recipe."""
    order = _order(len(rows), recipe)
    steps = len(order) // recipe.batch
    weights = {n: p for n, p in model.named_parameters() if p.requires_grad}
    optimiser = torch.optim.AdamW(weights.values(), lr=recipe.rate, weight_decay=0.0)
    done, losses = _resume(out / CHECKPOINT, weights, optimiser, recipe)
    started = time.monotonic()
    for step in range(done + 1, steps + 1):
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate * _share(step, steps)
        batch = [rows[n] for n in order[(step - 1) * recipe.batch : step * recipe.batch]]
        losses.append(sum(backward(model, row, len(batch)) for row in batch))
        torch.nn.utils.clip_grad_norm_(weights.values(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        tell(f"step {step}/{steps} loss {losses[-1]:.4f} {time.monotonic() - started:.0f} s")
        if step % every == 0 or step == steps:
            _keep(out / CHECKPOINT, weights, optimiser, step, losses, recipe)
            facts = {**card, "base": identity, "examples": len(rows), "recipe": asdict(recipe), "losses": losses}
            _save(model, out, facts)


def with_lora(base: Path, recipe: Recipe, start: Path | None = None) -> Any:
    """The base in float32 with a fresh adapter, or with the one in ``start`` (of the same rank and layers) to go on from."""
    from bitsandbytes.functional import dequantize_4bit
    from bitsandbytes.nn import Linear4bit
    from peft import LoraConfig, get_peft_model, set_peft_model_state_dict
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    quantized = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16)
    model = AutoModelForCausalLM.from_pretrained(
        base, dtype=torch.bfloat16, quantization_config=quantized, device_map={"": "cpu"}, local_files_only=True
    )
    for name, module in list(model.named_modules()):
        if isinstance(module, Linear4bit):
            plain = torch.nn.Linear(module.in_features, module.out_features, module.bias is not None)
            values = dequantize_4bit(module.weight.data, module.weight.quant_state)
            plain.weight.data = values.reshape(plain.weight.shape)
            if module.bias is not None:
                plain.bias.data = module.bias.data
            parent, _, leaf = name.rpartition(".")
            setattr(model.get_submodule(parent), leaf, plain)
    # PEFT would take the model for a 4-bit one and look for quantised layers.
    model.is_loaded_in_4bit = model.is_quantized = False
    model = model.float()  # on two cores with AVX-512 products of float32 took two thirds of the time of bfloat16
    lora = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        target_modules=list(_LINEAR),
        layers_to_transform=list(range(recipe.lowest, model.config.num_hidden_layers)),
        task_type="CAUSAL_LM",
    )
    model = get_peft_model(model, lora)
    if start is not None:
        try:
            set_peft_model_state_dict(model, load_file(start / WEIGHTS))
        except (OSError, RuntimeError) as error:
            raise InputError(
                f"{start} holds no adapter of rank {recipe.rank} to go on from; give one that was trained so."
            ) from error
    return model.train()


def _order(rows: int, recipe: Recipe) -> list[int]:
    rng, order = random.Random(recipe.seed), []
    for _ in range(recipe.epochs):
        epoch = list(range(rows))
        rng.shuffle(epoch)
        order += epoch
    return order


def _share(step: int, steps: int) -> float:
    """Of the highest rate: rising over the first tenth, then a half cosine down to a twentieth."""
    rise = max(1, steps // 10)
    if step <= rise:
        return step / rise
    return 0.05 + 0.475 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))


def _keep(
    folder: Path,
    weights: dict[str, torch.nn.Parameter],
    optimiser: torch.optim.Optimizer,
    step: int,
    losses: Sequence[float],
    recipe: Recipe,
) -> None:
    """Weights and both moments as safetensors, then the facts: a checkpoint without facts is none."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = {f"weight.{n}": p.detach().contiguous() for n, p in weights.items()}
    for name, parameter in weights.items():
        for moment in ("exp_avg", "exp_avg_sq"):
            kept[f"{moment}.{name}"] = optimiser.state[parameter][moment].contiguous()
    save_file(kept, folder / "state.safetensors.part")
    (folder / "state.safetensors.part").replace(folder / "state.safetensors")
    facts = {"step": step, "losses": list(losses), "recipe": asdict(recipe)}
    (folder / "facts.json").write_text(json.dumps(facts), encoding="utf-8")


def _resume(
    folder: Path, weights: dict[str, torch.nn.Parameter], optimiser: torch.optim.Optimizer, recipe: Recipe
) -> tuple[int, list[float]]:
    """The step and losses so far; (0, []) where there is no checkpoint."""
    try:
        facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    except OSError:
        return 0, []
    if facts["recipe"] != asdict(recipe):
        raise InputError(f"The checkpoint in {folder} is of another recipe; remove the folder or train elsewhere.")
    kept = load_file(folder / "state.safetensors")
    for name, parameter in weights.items():
        parameter.data.copy_(kept[f"weight.{name}"])
        optimiser.state[parameter] = {
            "step": torch.tensor(float(facts["step"])),
            "exp_avg": kept[f"exp_avg.{name}"],
            "exp_avg_sq": kept[f"exp_avg_sq.{name}"],
        }
    return facts["step"], facts["losses"]


def _save(model: Any, out: Path, facts: dict[str, Any]) -> None:
    from peft import get_peft_model_state_dict

    out.mkdir(parents=True, exist_ok=True)
    model.peft_config["default"].base_model_name_or_path = None
    model.peft_config["default"].save_pretrained(out)
    save_file(
        {n: w.to(torch.bfloat16).contiguous() for n, w in get_peft_model_state_dict(model).items()}, out / WEIGHTS
    )
    (out / FACTS).write_text(json.dumps(facts, indent=1), encoding="utf-8")


def mean(folders: Sequence[Path], out: Path) -> None:
    """The mean of several trainings that began at the same adapter, factor by factor, with the facts of each; `InputError` where
    they are of another base or shape."""
    weights = [load_file(folder / WEIGHTS) for folder in folders]
    facts = [json.loads((folder / FACTS).read_text(encoding="utf-8")) for folder in folders]
    shapes = [{name: tuple(value.shape) for name, value in one.items()} for one in weights]
    if any(one != shapes[0] for one in shapes) or len({one["base"] for one in facts}) != 1:
        raise InputError("These adapters are not of one base and shape; give trainings that began at the same one.")
    out.mkdir(parents=True, exist_ok=True)
    own = {n: torch.stack([one[n].float() for one in weights]).mean(0).to(torch.bfloat16) for n in weights[0]}
    save_file({name: value.contiguous() for name, value in own.items()}, out / WEIGHTS)
    shutil.copyfile(folders[-1] / "adapter_config.json", out / "adapter_config.json")
    (out / FACTS).write_text(json.dumps({"base": facts[0]["base"], "mean_of": facts}, indent=1), encoding="utf-8")
