"""How fast the generator reads and writes here, in 4 bit and not, with the prompt's head kept and read anew.

``python -m eval.bench_generate [CONFIG]`` prints one JSON line a variant. Tokens a second depend on what else the machine
does: compare lines of one run. Best of ``ROUNDS``, as the fastest round is the least disturbed.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from assistant.config import Config, load
from assistant.models.device import choose
from assistant.models.generate import TransformersGenerator
from assistant.models.registry import Registry
from assistant.protocols import Message

ROUNDS, NEW_TOKENS = 3, 32
HEAD = Message("system", "You answer questions of compliance staff from the passages, and cite them. " * 8)
EVIDENCE = "Gifts worth more than 150 pounds need the approval of Compliance and are entered in the register. " * 16


def measure(generator: TransformersGenerator) -> Mapping[str, float]:
    """Tokens a second, and seconds to the first token with the head read anew and kept."""
    read, write, anew, kept = 0.0, 0.0, float("inf"), float("inf")
    for number in range(ROUNDS):
        _ask(generator, Message("system", f"Another head, to drop the kept one: {number}."), 1)
        anew = min(anew, _ask(generator, HEAD, 1))
        kept = min(kept, _ask(generator, HEAD, 1))
        _ask(generator, HEAD, NEW_TOKENS)
        usage = generator.last_usage
        if usage is not None and usage.new_tokens > 1:
            read = max(read, usage.prompt_tokens / usage.read_seconds)
            write = max(write, (usage.new_tokens - 1) / usage.write_seconds)
    return {"read_tokens_s": read, "write_tokens_s": write, "first_token_s": anew, "first_token_head_kept_s": kept}


def _ask(generator: TransformersGenerator, head: Message, most: int) -> float:
    """Seconds for the whole."""
    started = time.perf_counter()
    prompt = (head, Message("user", f"{EVIDENCE}\nExplain at length, step by step, how a gift is approved."))
    for _ in generator.generate(prompt, max_new_tokens=most, seed=0):
        pass
    return time.perf_counter() - started


def run(config: Config) -> None:
    registry, device, name = Registry(config), choose(config.device), config.generator.model
    for quantization in ("nf4", "none"):
        section = config.generator.model_copy(update={"quantization": quantization, "adapter": None})
        generator = TransformersGenerator(registry.path(name), section, device, registry.identity(name))
        figures = {key: round(value, 2) for key, value in measure(generator).items()}
        print(
            json.dumps({"model": name, "quantization": quantization, "threads": device.threads, **figures}), flush=True
        )


if __name__ == "__main__":
    run(load(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
