"""faster-whisper (CTranslate2) as a `Transcriber`, on the same weights as `assistant.models.speech`.

The weights come from the same verified safetensors, written once more in CTranslate2's layout into a folder that lives as long
as loading takes; nothing is fetched. What is done around the network is the same too: the encoder sees a clip and two seconds
of silence, no timestamps are decoded, of the texts that were followed the one with the likeliest sound and wording is taken,
doubtful clips are heard again slower, then greedily, then without the prompt, then over thirty seconds.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from assistant.errors import Unavailable
from assistant.models.device import Chosen, prepare
from assistant.models.speech import LONGEST, MARGIN, PROMPT_TOKENS, TOKENS_A_SECOND, window
from assistant.models.speech_align import SECONDS, words_of
from assistant.models.speech_doubt import LOGPROB, UNSURE, Preference, at_pace, slower
from assistant.voice.rivals import judged
from assistant.voice.values import RATE, Heard, Hints, Samples, Word

ENGLISH_START = 50257
"""The first token of a transcript in English-only weights. CTranslate2 takes weights written here for such ones, always."""

_LEAST = 1e-9
"""Probability of a token that the model rules out."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """One text of a clip; ``encoded``: what the encoder made of it, (1, positions, width); ``words`` with their times within
    it, once the text is the preferred one."""

    encoded: NDArray[Any]
    tokens: tuple[int, ...]
    avg_logprob: float
    no_speech: float
    text: str
    compression_ratio: float
    words: tuple[Word, ...] = ()


class FasterTranscriber:
    """Safe to share: one call is served at a time. ``compute`` on a processor ("mixed": the encoder in float32, the decoder in
    int8), float16 on CUDA; ``beam``: texts followed side by side.

    Raises `Unavailable` where faster-whisper is not installed, `Corrupt` where the folder holds no Whisper.
    """

    longest = LONGEST - MARGIN

    def __init__(
        self,
        folder: Path,
        device: Chosen,
        identity: str,
        *,
        language: str = "en",
        batch: int = 8,
        beam: int = 1,
        compute: Literal["int8", "mixed", "float32"] = "mixed",
    ) -> None:
        prepare()
        try:
            import ctranslate2
            import faster_whisper
            from faster_whisper.tokenizer import Tokenizer
            from faster_whisper.transcribe import get_suppressed_tokens
        except ImportError as error:
            raise Unavailable(
                "The engine faster-whisper is not installed; install muniment[voice], or set voice.engine to whisper."
            ) from error
        from assistant.models.ctranslate2_whisper import write, write_encoder

        precision = "float16" if device.kind == "cuda" else compute
        with tempfile.TemporaryDirectory(prefix="muniment-whisper-") as place:
            write(folder, Path(place))
            self._whisper = faster_whisper.WhisperModel(
                place,
                device=device.kind,
                compute_type="int8" if precision == "mixed" else precision,
                cpu_threads=device.threads,
                local_files_only=True,
            )
        self._encoder = self._model = self._whisper.model
        self._storage = ctranslate2.StorageView
        if precision == "mixed":
            with tempfile.TemporaryDirectory(prefix="muniment-whisper-") as place:
                write_encoder(folder, Path(place))
                self._encoder = ctranslate2.models.Whisper(place, compute_type="float32", intra_threads=device.threads)
        multilingual = self._whisper.hf_tokenizer.token_to_id("<|startoftranscript|>") != ENGLISH_START
        self._tokenizer = Tokenizer(
            self._whisper.hf_tokenizer,
            multilingual,
            task="transcribe" if multilingual else None,
            language=language if multilingual else None,
        )
        self._suppressed = list(get_suppressed_tokens(self._tokenizer, [-1]))
        self._batch, self._beam = batch, beam
        self._lock = threading.Lock()
        self.identity = f"{identity}/{language}/faster-whisper-{faster_whisper.__version__}/{precision}/{beam}"

    def transcribe(self, clips: Sequence[Samples], hints: Hints | None = None) -> list[Heard]:
        """See `Transcriber`. Clips of like length are computed together, ``batch`` at a time."""
        order = sorted(range(len(clips)), key=lambda index: len(clips[index]))
        out: dict[int, Heard] = {}
        with self._lock:
            for at in range(0, len(order), self._batch):
                chosen = order[at : at + self._batch]
                for index, result in zip(chosen, self._together([clips[i] for i in chosen], hints), strict=True):
                    out[index] = Heard(
                        text=result.text,
                        words=result.words,
                        logprob=result.avg_logprob,
                        no_speech=result.no_speech,
                        compression=result.compression_ratio,
                        rivals=judged(result.words, hints, partial(self._likelihoods, result.encoded)),
                    )
        return [out[index] for index in range(len(clips))]

    def encode(self, clips: Sequence[Samples], seconds: float) -> NDArray[Any]:
        """``(clips, positions, width)``: the encoder over ``seconds`` instead of always thirty."""
        frames = 2 * round(seconds / SECONDS / 2)
        mels = []
        for clip in clips:
            padded = np.zeros(round(frames * SECONDS * RATE), dtype=np.float32)
            padded[: len(clip)] = clip[: len(padded)]
            mels.append(self._whisper.feature_extractor(padded, padding=0)[:, : 2 * frames])
        columns = self._storage.from_array(np.stack(mels).astype(np.float32))
        return np.asarray(self._encoder.encode(columns, to_cpu=True))

    def _together(self, clips: Sequence[Samples], hints: Hints | None) -> list[Result]:
        prefer = Preference(self._told(hints.prompt if hints else ""), hints)
        seconds = min(LONGEST, window(clips))
        first = self._decode(self.encode(clips, seconds), clips, seconds, prefer, beam=self._beam)
        return [
            prefer.surest(result, self._again(clip, seconds, result, prefer), _itself)
            for clip, result in zip(clips, first, strict=True)
        ]

    def _again(
        self, clip: Samples, seconds: float, result: Result, prefer: Preference
    ) -> Iterator[tuple[float, Callable[[], Result]]]:
        """Played slower; following one text only; that without the prompt; that over the full window."""
        untold = replace(prefer, told=())

        def slowly() -> Result:
            encoded = self.encode([slow], window([slow]))
            heard = self._decode(encoded, [slow], window([slow]), prefer, beam=self._beam)[0]
            return replace(heard, words=at_pace(heard.words))

        def greedily(prefer: Preference) -> Result:
            return self._decode(result.encoded, [clip], seconds, prefer, beam=1)[0]

        if window([slow := slower(clip)]) <= LONGEST:
            yield UNSURE, slowly
        if self._beam > 1:
            yield LOGPROB, partial(greedily, prefer)
        if prefer.told:
            yield LOGPROB, partial(greedily, untold)
        yield LOGPROB, lambda: self._decode(self.encode([clip], LONGEST), [clip], LONGEST, untold, beam=1)[0]

    def _told(self, prompt: str) -> list[int]:
        return list(self._tokenizer.encode(f" {prompt.strip()}")[-PROMPT_TOKENS:]) if prompt.strip() else []

    def _decode(
        self, encoded: NDArray[Any], clips: Sequence[Samples], seconds: float, prefer: Preference, *, beam: int
    ) -> list[Result]:
        """Of each clip the preferred one of the ``beam`` texts that are followed."""
        tokenizer, features, told = self._tokenizer, self._storage.from_array(encoded), prefer.told
        start = [*([tokenizer.sot_prev, *told] if told else []), *tokenizer.sot_sequence, tokenizer.no_timestamps]
        found = self._model.generate(
            features,
            [start] * len(clips),
            beam_size=beam,
            num_hypotheses=beam,
            max_length=len(start) + min(220, 16 + int(seconds * TOKENS_A_SECOND)),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            suppress_tokens=self._suppressed,
        )
        rows = np.split(encoded, len(clips))
        chosen = [prefer.best(self._results(*one), _itself) for one in zip(rows, found, strict=True)]
        tokens = [list(result.tokens) for result in chosen]
        words = self._words(features, tokens, [len(clip) / RATE for clip in clips], seconds)
        return [replace(result, words=one) for result, one in zip(chosen, words, strict=True)]

    def _likelihoods(self, encoded: NDArray[Any], texts: Sequence[str]) -> list[float]:
        """Natural-log probability of each text as what the clip says."""
        tokenizer = self._tokenizer
        start = list(tokenizer.sot_sequence)
        tokens = [tokenizer.encode(f" {text}") for text in texts]
        found: list[float] = []
        for first in range(0, len(tokens), self._batch):
            part = tokens[first : first + self._batch]
            features = self._storage.from_array(np.repeat(encoded, len(part), axis=0))
            frames = [2 * encoded.shape[1]] * len(part)
            found += [
                float(np.log(np.maximum(one.text_token_probs, _LEAST)).sum())
                for one in self._model.align(features, start, part, frames, median_filter_width=7)
            ]
        return found

    def _results(self, encoded: NDArray[Any], found: Any) -> list[Result]:
        """All texts of a clip, the likeliest first."""
        from faster_whisper.transcribe import get_compression_ratio

        results = []
        for ids, score in zip(found.sequences_ids, found.scores, strict=True):
            tokens = tuple(t for t in ids if t < self._tokenizer.eot)
            text = " ".join(self._tokenizer.decode(list(tokens)).split())
            results.append(
                Result(
                    encoded=encoded,
                    tokens=tokens,
                    avg_logprob=min(0.0, float(score) * len(ids) / (len(tokens) + 1)),
                    no_speech=float(found.no_speech_prob),
                    text=text,
                    compression_ratio=float(get_compression_ratio(text)) if text else 0.0,
                )
            )
        return results

    def _words(
        self, features: Any, tokens: list[list[int]], seconds: list[float], window: float
    ) -> list[tuple[Word, ...]]:
        """One pass over the finished texts: each token's probability, and where the aligning heads look."""
        tokenizer = self._tokenizer
        texts = [
            ids or tokenizer.encode(" .") for ids in tokens
        ]  # an empty text can't be aligned; it is left out below
        frames = [_frames(one, window) for one in seconds]
        aligned = self._model.align(features, list(tokenizer.sot_sequence), texts, frames, median_filter_width=7)
        out = []
        for ids, one, length in zip(tokens, aligned, seconds, strict=True):
            pieces, groups = tokenizer.split_to_word_tokens([*ids, tokenizer.eot])
            counts = [len(group) for group in groups[:-1]]
            times = _times(one.alignments, len(ids) + 1)
            out.append(words_of(pieces[:-1], counts, times, one.text_token_probs, length) if ids else ())
        return out


def _itself(result: Result) -> Result:
    return result


def _frames(seconds: float, window: float) -> int:
    """Columns of the spectrogram that a clip fills."""
    return max(4, 2 * round(min(seconds, window) / SECONDS))


def _times(alignments: Sequence[tuple[int, int]], count: int) -> NDArray[np.float64]:
    """When each of ``count`` tokens begins, in seconds, the last one being the end mark."""
    first: dict[int, int] = {}
    for token, position in alignments:
        first.setdefault(token, position)
    last = alignments[-1][1] if alignments else 0
    return np.array([first.get(token, last) for token in range(count)], dtype=np.float64) * SECONDS
