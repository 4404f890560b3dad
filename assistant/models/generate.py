"""The generator: a causal language model in 4 bit (bitsandbytes NF4), a LoRA adapter where one is given, greedy decoding.

The prompt's fixed head (every message but the last) is read once and its key-value cache copied for each question. The loop
is our own: it stops at once when the asker goes away, keeps to a grammar where one is given, and runs on one thread, so that
the same question gives the same tokens. A second question waits for the first.
"""

from __future__ import annotations

import copy
import hashlib
import json
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.config import GeneratorSection
from assistant.errors import InputError, Unavailable
from assistant.models.device import Chosen, prepare
from assistant.models.grammar import OneOf
from assistant.protocols import Message, Pieces

_SLOT = "\ue000"
"""A private-use character that stands for a message's text while the template is rendered."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Of the last generation: tokens read anew, tokens of the head reused, tokens said, and seconds for each half."""

    prompt_tokens: int
    head_tokens: int
    new_tokens: int
    read_seconds: float
    write_seconds: float


class TransformersGenerator:
    def __init__(
        self, folder: Path, section: GeneratorSection, device: Chosen, identity: str, adapter: Path | None = None
    ) -> None:
        """``identity`` names the base; an adapter must have been trained on exactly that (`InputError`). The adapter goes on
        before the first forward pass: on some processors bitsandbytes repacks the weights there, and one loaded later
        changes the base's own logits."""
        prepare()
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig

        self._torch = torch
        self._lock = threading.Lock()
        self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        quantized = {
            "nf4": BitsAndBytesConfig(
                load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
            ),
            "none": None,
        }[section.quantization]
        self._model: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=torch.bfloat16,
            quantization_config=quantized,
            device_map={"": device.kind},
            local_files_only=True,
            use_safetensors=True,
        )
        self.identity = f"{identity}/{section.quantization}"
        if adapter is not None:
            self._model, digest = _with_adapter(self._model, adapter, identity)
            self.identity += f"+{digest}"
        self._model.eval()
        self._device = device.kind
        self._head: tuple[int, ...] = ()
        self._head_cache: Any = None
        self.last_usage: Usage | None = None

    def count_tokens(self, text: str) -> int:
        return len(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def generate(
        self, messages: Sequence[Message], *, max_new_tokens: int, seed: int, among: Sequence[str] | None = None
    ) -> Pieces:
        """Greedy, so ``seed`` changes nothing; it is taken because the protocol promises reproducibility."""
        with self._lock:
            head, body = self._tokens(messages)
            longest = self._model.config.max_position_embeddings
            if len(head) + len(body) > longest:
                raise InputError(
                    f"The prompt has {len(head) + len(body):,} tokens, longer than the model can read ({longest:,}); "
                    "lower prompt.tokens or ask a shorter question."
                )
            grammar = self._grammar(among) if among is not None else None
            yield from self._text(self._decode(head, body, max_new_tokens, grammar))

    def _decode(
        self, head: Sequence[int], body: Sequence[int], most: int, grammar: OneOf | None
    ) -> Iterator[list[int]]:
        """Runs of tokens: one decision, and what the grammar then forces."""
        started = time.perf_counter()
        cache = self._cache_of(head)
        feed, said, read = list(body), 0, 0.0
        end = self._tokenizer.eos_token_id
        while said < most or (grammar is not None and grammar.inside):
            logits = self._forward(feed, cache)
            read = read or time.perf_counter() - started
            if grammar is None:
                feed = [int(logits.argmax())]
            else:
                allowed = sorted(grammar.allowed())
                if not allowed:
                    break
                feed = [allowed[int(logits[allowed].argmax())]]
                if feed[0] != end:
                    grammar.advance(feed)
                    forced = list(grammar.forced())
                    grammar.advance(forced)
                    feed += forced
            if end in feed:
                break
            said += len(feed)
            self.last_usage = Usage(
                prompt_tokens=len(body),
                head_tokens=len(head),
                new_tokens=said,
                read_seconds=read,
                write_seconds=time.perf_counter() - started - read,
            )
            yield feed

    def _forward(self, tokens: Sequence[int], cache: Any) -> Any:
        """Logits of the last position, shape (vocabulary,)."""
        with self._torch.inference_mode():
            ids = self._torch.tensor([list(tokens)], device=self._device)
            return self._model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1).logits[0, -1]

    def _cache_of(self, head: Sequence[int]) -> Any:
        """A copy of the head's key-value cache, read at most once for each head."""
        from transformers import DynamicCache

        if self._head != tuple(head):
            self._head_cache = DynamicCache()
            if head:
                self._forward(head, self._head_cache)
            self._head = tuple(head)
        return copy.deepcopy(self._head_cache)

    def _tokens(self, messages: Sequence[Message]) -> tuple[list[int], list[int]]:
        """The fixed head and the rest: the longest common start of the prompt with and without its last message."""
        whole, fixed = self._template(messages, True), self._template(messages[:-1], False)
        shared = next(
            (n for n, (a, b) in enumerate(zip(whole, fixed, strict=False)) if a != b), min(len(whole), len(fixed))
        )
        return whole[:shared], whole[shared:]

    def _template(self, messages: Sequence[Message], prompt: bool) -> list[int]:
        """The chat template's tokens with each message's text between them. A text is never read for control tokens: a
        document that writes the template's own markers stays inside its message."""
        if not messages:
            return []
        rows = [{"role": m.role, "content": _SLOT} for m in messages]
        rendered = self._tokenizer.apply_chat_template(rows, add_generation_prompt=prompt, tokenize=False)
        around = rendered.split(_SLOT)
        if len(around) != len(messages) + 1:
            raise InputError("The model's chat template does not show every message; use another model.")
        ids: list[int] = self._tokenizer(around[0], add_special_tokens=False)["input_ids"]
        for message, after in zip(messages, around[1:], strict=True):
            ids = ids + self._plain(message.content) + self._tokenizer(after, add_special_tokens=False)["input_ids"]
        return ids

    def _plain(self, text: str) -> list[int]:
        """Tokens of a text in which nothing is a control token."""
        ids: list[int] = self._tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        return ids

    def _grammar(self, among: Sequence[str]) -> OneOf:
        return OneOf([self._plain(f"{text}\n") for text in among], self._tokenizer.eos_token_id)

    def _text(self, runs: Iterator[list[int]]) -> Iterator[str]:
        """Text as it becomes whole: a character cut between two tokens waits for its rest."""
        tokens: list[int] = []
        told = ""
        for run in runs:
            tokens += run
            text = self._tokenizer.decode(tokens)
            if not text.endswith("\ufffd"):
                yield text[len(told) :]
                told = text


def _with_adapter(model: Any, adapter: Path, identity: str) -> tuple[Any, str]:
    """The model with its LoRA and the adapter's hash. ``muniment.json`` beside the weights names the base it was trained on."""
    from peft import PeftModel

    weights = adapter / "adapter_model.safetensors"
    try:
        base = json.loads((adapter / "muniment.json").read_text(encoding="utf-8"))["base"]
        digest = hashlib.sha256(weights.read_bytes()).hexdigest()[:12]
    except OSError as error:
        raise Unavailable(
            f"The adapter {adapter} is not complete ({error.filename} is missing); restore it."
        ) from error
    except (ValueError, KeyError) as error:
        raise InputError(
            f"{adapter / 'muniment.json'} does not name the base that the adapter was trained on."
        ) from error
    if base != identity:
        raise InputError(f"The adapter {adapter} was trained on {base}, the config's generator is {identity}.")
    return PeftModel.from_pretrained(model, adapter, use_safetensors=True), digest
