"""The generator: a causal language model in 4 bit (bitsandbytes NF4), LoRA adapters where some are given, greedy decoding.

The prompt's fixed head (every message but the last) is read once and its key-value cache copied for each question. The loop
is our own: it stops at once when the asker goes away, keeps to a grammar where one is given, and runs on one thread, so that
the same question gives the same tokens. A second question waits for the first.

Several adapters live on one base. `TransformersGenerator.tuned` is the same model seen through one of them, `plain` without
any: each with its own identity and caches, all behind one lock, so that a server may change over between two questions.
"""

from __future__ import annotations

import copy
import hashlib
import json
import threading
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.config import GeneratorSection
from assistant.errors import InputError, Unavailable
from assistant.models.device import Chosen, prepare
from assistant.models.grammar import OneOfEach
from assistant.models.tokens import ChatTokens
from assistant.protocols import Message, Pieces


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Of the last generation: tokens read anew, tokens of the head reused, tokens said, and seconds for each half."""

    prompt_tokens: int
    head_tokens: int
    new_tokens: int
    read_seconds: float
    write_seconds: float


@dataclass(frozen=True)
class _Read:
    prompt: tuple[int, ...]
    cache: Any
    logits: Any
    """Of the next token, shape (vocabulary,)."""
    seconds: float


class TransformersGenerator:
    def __init__(
        self,
        folder: Path,
        section: GeneratorSection,
        device: Chosen,
        identity: str,
        adapters: Mapping[str, Path] | None = None,
    ) -> None:
        """``identity`` names the base; each adapter, by name, must have been trained on exactly that (`InputError`). They go on
        before the first forward pass: on some processors bitsandbytes repacks the weights there, and one loaded later
        changes the base's own logits. Until `tuned` is asked for, none of them is heard."""
        prepare()
        import torch
        from transformers import AutoModelForCausalLM, BitsAndBytesConfig

        self._torch = torch
        self._lock = threading.Lock()
        self._tokens = ChatTokens(folder)
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
        self._plain_identity = self.identity
        self._digests: dict[str, str] = {}
        for name, adapter in (adapters or {}).items():
            self._model, self._digests[name] = _with_adapter(self._model, name, adapter, identity)
        self._model.eval()
        self._whole = self._model.get_base_model() if self._digests else self._model
        """The language model itself, its adapters in its layers."""
        self._device = device.kind
        self._adapter: str | None = None
        self._forget()

    def tuned(self, adapter: str) -> TransformersGenerator:
        """The same model through one of its adapters; `InputError` where it has none of that name."""
        if adapter not in self._digests:
            raise InputError(f"No adapter {adapter!r} is loaded; there are {', '.join(self._digests) or 'none'}.")
        return self._through(adapter, f"{self._plain_identity}+{self._digests[adapter]}")

    def plain(self) -> TransformersGenerator:
        return self._through(None, self._plain_identity)

    def _through(self, adapter: str | None, identity: str) -> TransformersGenerator:
        other = copy.copy(self)
        other._adapter, other.identity = adapter, identity
        other._forget()
        return other

    def _forget(self) -> None:
        self._head: tuple[int, ...] = ()
        self._head_cache: Any = None
        self._last_read: _Read | None = None
        self.last_usage: Usage | None = None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """The model to oneself, through one's own adapter."""
        with self._lock:
            if not self._digests:
                yield
            elif self._adapter is None:
                with self._model.disable_adapter():
                    yield
            else:
                self._model.set_adapter(self._adapter)
                yield

    def count_tokens(self, text: str) -> int:
        return len(self._tokens.plain(text))

    def leaning(self, messages: Sequence[Message], these: Sequence[str], that: str) -> float:
        with self._turn():
            other = self._tokens.plain(that)[0]
            first = sorted({self._tokens.plain(text)[0] for text in these} - {other})
            if not first:
                return 0.0
            logits = self._read(*self._prompt(messages)).logits.float()
            return float(logits[first].logsumexp(0) - logits[other])

    def generate(
        self,
        messages: Sequence[Message],
        *,
        max_new_tokens: int,
        seed: int,
        among: Sequence[Sequence[str]] | None = None,
    ) -> Pieces:
        """Greedy, so ``seed`` changes nothing; it is taken because the protocol promises reproducibility."""
        with self._turn():
            head, body = self._prompt(messages)
            grammar = self._grammar(among) if among is not None else None
            yield from self._text(self._decode(head, body, max_new_tokens, grammar))

    def _decode(
        self, head: Sequence[int], body: Sequence[int], most: int, grammar: OneOfEach | None
    ) -> Iterator[list[int]]:
        """Runs of tokens: one decision, and what the grammar then forces."""
        start = self._read(head, body)
        self._last_read = None  # its cache grows from here on
        started, logits = time.perf_counter(), start.logits
        feed: list[int] = []
        said, end = 0, self._tokens.end
        while said < most or (grammar is not None and grammar.owing):
            if feed:
                logits = self._forward(feed, start.cache)
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
                read_seconds=start.seconds,
                write_seconds=time.perf_counter() - started,
            )
            yield feed

    def _read(self, head: Sequence[int], body: Sequence[int]) -> _Read:
        """The prompt, read; the last one is kept until something is written after it."""
        prompt = (*head, *body)
        if self._last_read is None or self._last_read.prompt != prompt:
            started = time.perf_counter()
            cache = self._cache_of(head)
            logits = self._forward(body, cache)
            self._last_read = _Read(prompt, cache, logits, time.perf_counter() - started)
        return self._last_read

    def _forward(self, tokens: Sequence[int], cache: Any) -> Any:
        """Logits of the last position, shape (vocabulary,). Only its state is given to the output layer, as a matrix: where
        weights are frozen, as under an adapter, torch copies them all for a slice of a batch (0.9 s of a core)."""
        with self._torch.inference_mode():
            ids = self._torch.tensor([list(tokens)], device=self._device)
            states = self._whole.model(input_ids=ids, past_key_values=cache, use_cache=True).last_hidden_state
            return self._whole.lm_head(states[0, -1:])[0]

    def _cache_of(self, head: Sequence[int]) -> Any:
        """A copy of the head's key-value cache, read at most once for each head."""
        from transformers import DynamicCache

        if self._head != tuple(head):
            self._head_cache = DynamicCache()
            if head:
                self._forward(head, self._head_cache)
            self._head = tuple(head)
        return copy.deepcopy(self._head_cache)

    def _prompt(self, messages: Sequence[Message]) -> tuple[list[int], list[int]]:
        """Head and body; `InputError` where they are longer than the model can read."""
        head, body = self._split(messages)
        longest = self._model.config.max_position_embeddings
        if len(head) + len(body) > longest:
            raise InputError(
                f"The prompt has {len(head) + len(body):,} tokens, longer than the model can read ({longest:,}); "
                "lower prompt.tokens or ask a shorter question."
            )
        return head, body

    def _split(self, messages: Sequence[Message]) -> tuple[list[int], list[int]]:
        """The fixed head and the rest: the longest common start of the prompt with and without its last message."""
        whole, fixed = self._tokens.chat(messages, True), self._tokens.chat(messages[:-1], False)
        shared = next(
            (n for n, (a, b) in enumerate(zip(whole, fixed, strict=False)) if a != b), min(len(whole), len(fixed))
        )
        return whole[:shared], whole[shared:]

    def _grammar(self, among: Sequence[Sequence[str]]) -> OneOfEach:
        return OneOfEach([[self._tokens.plain(f"{text}\n") for text in group] for group in among], self._tokens.end)

    def _text(self, runs: Iterator[list[int]]) -> Iterator[str]:
        """Text as it becomes whole: a character cut between two tokens waits for its rest."""
        tokens: list[int] = []
        told = ""
        for run in runs:
            tokens += run
            text = self._tokens.text(tokens)
            if not text.endswith("\ufffd"):
                yield text[len(told) :]
                told = text


def _with_adapter(model: Any, name: str, adapter: Path, identity: str) -> tuple[Any, str]:
    """The model with one more LoRA and that adapter's hash. ``muniment.json`` beside the weights names the base that it was
    trained on."""
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
    if isinstance(model, PeftModel):
        model.load_adapter(adapter, name)  # takes the safetensors, which were read above
        return model, digest
    with (
        warnings.catch_warnings()
    ):  # PEFT asks by a name that Transformers will drop; nobody who reads it could do anything
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        return PeftModel.from_pretrained(model, adapter, name, use_safetensors=True), digest
