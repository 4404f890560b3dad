"""Whisper as a `Transcriber`: openai-whisper's model and decoding on verified safetensors, many clips at once.

What differs from ``whisper.transcribe``: the encoder sees a clip, not the clip in 30 seconds of silence (most of its work for
a short question); no timestamps are decoded, because the voice detector knows where speech is; words get their times and
confidences from one pass over the finished text; of the texts that were followed the one with the likeliest sound and wording
is taken; and what looks doubtful is heard again slower, then greedily, then without the prompt, then over the full window,
instead of being sampled at rising temperatures. The same sound gives the same words (law 8).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from assistant.errors import Corrupt, Unavailable
from assistant.models.device import Chosen, prepare
from assistant.models.speech_align import SECONDS, token_times, words_of
from assistant.models.speech_doubt import LOGPROB, UNSURE, Preference, at_pace, slower
from assistant.voice.rivals import judged
from assistant.voice.values import RATE, Heard, Hints, Samples, Word

LONGEST = 30.0
PROMPT_TOKENS = 160
MARGIN = 2.0
"""Seconds of silence that the encoder sees after a clip: without any, last words are lost or repeated."""
TOKENS_A_SECOND = 6


@dataclass(frozen=True)
class _Look:
    """``features``: what the encoder made of ``seconds`` of sound."""

    features: Tensor
    result: Any
    seconds: float
    slowed: bool = False


class WhisperTranscriber:
    """Safe to share: one call is served at a time. ``language`` is used by multilingual weights only; ``beam``: texts followed
    side by side.

    Raises `Unavailable` where openai-whisper is not installed, `Corrupt` where the folder holds no Whisper.
    """

    longest = LONGEST - MARGIN

    def __init__(
        self, folder: Path, device: Chosen, identity: str, *, language: str = "en", batch: int = 8, beam: int = 1
    ) -> None:
        prepare()
        self._model = load(folder).to(device.kind)
        self._fp16 = device.kind == "cuda"
        self._language = language
        self._batch, self._beam = batch, beam
        self._lock = threading.Lock()
        self.identity = f"{identity}/{language}/{'fp16' if self._fp16 else 'fp32'}/{beam}"
        whisper = _whisper()
        multilingual = self._model.is_multilingual
        self._tokenizer = whisper.tokenizer.get_tokenizer(
            multilingual, num_languages=self._model.num_languages, language=language if multilingual else None
        )

    def transcribe(self, clips: Sequence[Samples], hints: Hints | None = None) -> list[Heard]:
        """See `Transcriber`. Clips of like length are computed together, ``batch`` at a time."""
        order = sorted(range(len(clips)), key=lambda index: len(clips[index]))
        out: dict[int, Heard] = {}
        with self._lock, torch.inference_mode():
            for at in range(0, len(order), self._batch):
                chosen = order[at : at + self._batch]
                for index, heard in zip(chosen, self._together([clips[i] for i in chosen], hints), strict=True):
                    out[index] = heard
        return [out[index] for index in range(len(clips))]

    def _together(self, clips: Sequence[Samples], hints: Hints | None) -> list[Heard]:
        prefer = Preference(self._told(hints.prompt if hints else ""), hints)
        features = self._encode(clips, min(LONGEST, window(clips)))
        first = self._decode(features, prefer, beam=self._beam)
        looks = [
            prefer.surest(
                _Look(one[None], result, len(clip) / RATE),
                self._again(clip, one[None], prefer),
                attrgetter("result"),
            )
            for clip, one, result in zip(clips, features, first, strict=True)
        ]
        return [self._heard(look, hints) for look in looks]

    def _again(
        self, clip: Samples, features: Tensor, prefer: Preference
    ) -> Iterator[tuple[float, Callable[[], _Look]]]:
        """Played slower; following one text only; that without the prompt; that over the full window."""
        untold = replace(prefer, told=())

        def greedily(features: Tensor, prefer: Preference) -> _Look:
            return _Look(features, self._decode(features, prefer, beam=1)[0], len(clip) / RATE)

        def slowly() -> _Look:
            features = self._encode([slow], window([slow]))
            return _Look(features, self._decode(features, prefer, beam=self._beam)[0], len(slow) / RATE, slowed=True)

        if window([slow := slower(clip)]) <= LONGEST:
            yield UNSURE, slowly
        if self._beam > 1:
            yield LOGPROB, partial(greedily, features, prefer)
        if prefer.told:
            yield LOGPROB, partial(greedily, features, untold)
        yield LOGPROB, lambda: greedily(self._encode([clip], LONGEST), untold)

    def _encode(self, clips: Sequence[Samples], seconds: float) -> Tensor:
        """(clips, positions, width): the encoder over ``seconds`` instead of always thirty."""
        from whisper.audio import log_mel_spectrogram

        frames = 2 * round(seconds / SECONDS / 2)  # positions of the encoder; twice as many columns of the spectrogram
        mels = []
        for clip in clips:
            padded = np.zeros(round(frames * SECONDS * RATE), dtype=np.float32)
            padded[: len(clip)] = clip[: len(padded)]
            mels.append(log_mel_spectrogram(padded, self._model.dims.n_mels)[:, : 2 * frames])
        encoder, kind = self._model.encoder, torch.float16 if self._fp16 else torch.float32
        x = torch.stack(mels).to(self._model.device, kind)
        x = torch.nn.functional.gelu(encoder.conv1(x))
        x = torch.nn.functional.gelu(encoder.conv2(x)).permute(0, 2, 1)
        x = (x + encoder.positional_embedding[: x.shape[1]]).to(kind)
        for block in encoder.blocks:
            x = block(x)
        encoded: Tensor = encoder.ln_post(x)
        return encoded

    def _told(self, prompt: str) -> list[int]:
        return list(self._tokenizer.encode(f" {prompt.strip()}")[-PROMPT_TOKENS:]) if prompt.strip() else []

    def _decode(self, features: Tensor, prefer: Preference, *, beam: int) -> list[Any]:
        """Of each clip the preferred one of the ``beam`` texts that are followed."""
        options = _whisper().decoding.DecodingOptions(
            language=self._language,
            prompt=list(prefer.told) or None,
            without_timestamps=True,
            fp16=self._fp16,
            beam_size=beam if beam > 1 else None,
            sample_len=min(220, 16 + int(features.shape[1] * SECONDS * TOKENS_A_SECOND)),
        )
        task = _task()(self._model, options)
        task.sequence_ranker = _Ranker(self._tokenizer, prefer)
        results: list[Any] = task.run(features)
        return results

    def _heard(self, look: _Look, hints: Hints | None) -> Heard:
        result = look.result
        words = self._words(look.features, result.tokens, look.seconds) if result.tokens else ()
        words = at_pace(words) if look.slowed else words
        return Heard(
            text=" ".join(result.text.split()),
            words=words,
            logprob=float(result.avg_logprob),
            no_speech=float(result.no_speech_prob),
            compression=float(result.compression_ratio),
            rivals=judged(words, hints, partial(self._likelihoods, look.features)),
        )

    def _likelihoods(self, features: Tensor, texts: Sequence[str]) -> list[float]:
        """Natural-log probability of each text as what the clip says."""
        tokenizer, model = self._tokenizer, self._model
        start = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        found: list[float] = []
        tokens = [tokenizer.encode(f" {text}") for text in texts]
        for first in range(0, len(tokens), self._batch):
            part = tokens[first : first + self._batch]
            longest = max(map(len, part))
            rows = [[*start, *one, *[tokenizer.eot] * (longest - len(one))] for one in part]
            logits = model.decoder(torch.tensor(rows, device=model.device), features.expand(len(part), -1, -1))
            shown = logits[:, len(start) - 1 : -1].float().log_softmax(dim=-1)
            for row, one in zip(shown, part, strict=True):
                found.append(float(row[torch.arange(len(one)), torch.tensor(one, device=row.device)].sum()))
        return found

    def _words(self, features: Tensor, tokens: Sequence[int], seconds: float) -> tuple[Word, ...]:
        """One pass over the finished text: each token's probability, and where the aligning heads look."""
        tokenizer, model = self._tokenizer, self._model
        start = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        sequence = torch.tensor([[*start, *tokens, tokenizer.eot]], device=model.device)
        with _queries(model) as caught:
            logits = model.decoder(sequence, features)[0]
        shown = logits[len(start) - 1 : -2].float().softmax(dim=-1)
        sure = shown[torch.arange(len(tokens)), torch.tensor(tokens, device=shown.device)].tolist()
        positions = max(2, min(features.shape[1], round(seconds / SECONDS)))
        weights = _attention(model, caught, features)[:, len(start) - 1 : -1, :positions]
        times = token_times(weights.softmax(dim=-1).float().cpu().numpy())
        texts, groups = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
        return words_of(texts[:-1], [len(group) for group in groups[:-1]], times, sure, seconds)


def window(clips: Sequence[Samples]) -> float:
    """Seconds that the encoder has to see."""
    return max(len(clip) for clip in clips) / RATE + MARGIN


def load(folder: Path) -> Any:
    """A ``whisper.Whisper`` in evaluation mode, built from its dimensions and safetensors; float32."""
    from safetensors.torch import load_file

    whisper = _whisper()
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        model = whisper.model.Whisper(whisper.model.ModelDimensions(**config["dims"]))
        model.load_state_dict({k: v.float() for k, v in load_file(folder / "model.safetensors").items()})
    except (OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise Corrupt(
            f"{folder} holds no Whisper of this version; run `muniment models pull {folder.name}`."
        ) from error
    heads = torch.zeros(model.dims.n_text_layer, model.dims.n_text_head, dtype=torch.bool)
    for layer, head in config["alignment_heads"]:
        heads[layer, head] = True
    model.register_buffer("alignment_heads", heads.to_sparse(), persistent=False)
    return model.eval()


def _whisper() -> Any:
    try:
        import whisper
    except ImportError as error:
        raise Unavailable("Speech needs openai-whisper; install muniment[voice] (make voice).") from error
    return whisper


def _task() -> Any:
    """Whisper's decoding over features of any length; its own would encode them again."""
    from whisper.decoding import DecodingTask

    class OnFeatures(DecodingTask):  # type: ignore[misc]  # whisper is untyped
        def _get_audio_features(self, mel: Tensor) -> Tensor:
            """Each clip once for every text that is followed; Whisper's own does so for a single clip only."""
            return mel.repeat_interleave(self.n_group, dim=0)

        def _detect_language(self, audio_features: Tensor, tokens: Tensor) -> tuple[Any, Any]:
            languages, probabilities = super()._detect_language(audio_features, tokens)
            return languages[:: self.n_group], probabilities

    return OnFeatures


@dataclass(frozen=True)
class _Followed:
    """One of the texts that were followed."""

    tokens: list[int]
    text: str
    avg_logprob: float
    compression_ratio: float


@dataclass(frozen=True)
class _Ranker:
    """Whisper's choice among the texts of each clip, by our preference."""

    tokenizer: Any
    prefer: Preference

    def rank(self, tokens: Sequence[Sequence[Tensor]], sum_logprobs: Sequence[Sequence[float]]) -> list[int]:
        return [self._best(*one) for one in zip(tokens, sum_logprobs, strict=True)]

    def _best(self, tokens: Sequence[Tensor], sums: Sequence[float]) -> int:
        from whisper.utils import compression_ratio

        followed = []
        for one, total in zip(tokens, sums, strict=True):
            ids = one.tolist()
            text = self.tokenizer.decode(ids).strip()
            ratio = compression_ratio(text) if text else 0.0
            followed.append(_Followed(ids, text, total / (len(ids) + 1), ratio))
        return self.prefer.best(range(len(followed)), followed.__getitem__)


@dataclass
class _Caught:
    by_layer: dict[int, Tensor]


@contextmanager
def _queries(model: Any) -> Iterator[_Caught]:
    """The cross-attention queries of one pass through the decoder, by layer."""
    caught = _Caught(by_layer={})
    hooks = [
        block.cross_attn.query.register_forward_hook(
            lambda _module, _given, out, layer=layer: caught.by_layer.__setitem__(layer, out)
        )
        for layer, block in enumerate(model.decoder.blocks)
    ]
    try:
        yield caught
    finally:
        for hook in hooks:
            hook.remove()


def _attention(model: Any, caught: _Caught, features: Tensor) -> Tensor:
    """(heads, tokens, positions) logits of the aligning heads."""
    out = []
    for layer, head in model.alignment_heads.indices().T.tolist():
        attention = model.decoder.blocks[layer].cross_attn
        width = model.dims.n_text_state // attention.n_head
        part = slice(head * width, (head + 1) * width)
        keys = attention.key(features)[0, :, part]
        out.append(caught.by_layer[layer][0, :, part] @ keys.T / width**0.5)
    return torch.stack(out)
