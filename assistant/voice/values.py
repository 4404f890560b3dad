"""What is heard. Times are seconds from the beginning of the recording; confidences are 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

RATE = 16000
"""Samples a second, everywhere inside the house."""
FRAME = 512
"""Samples of one decision of the voice detector: 32 ms."""

Samples = NDArray[np.float32]
"""Shape ``(samples,)``, one channel at `RATE`, values within −1…1."""


@dataclass(frozen=True, kw_only=True)
class Word:
    """``confidence``: probability of the word's least sure token, as the model itself sees it."""

    text: str
    start: float
    end: float
    confidence: float


@dataclass(frozen=True, kw_only=True)
class Rival:
    """``text`` may have been said instead of the words from ``start`` to ``end``. ``gain``: by how much the whole is more
    probable with it, as natural log: the sound, all its tokens together, and in part the wording; 0 until a transcriber has
    told."""

    start: float
    end: float
    text: str
    gain: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What a transcriber makes of one clip, times from the clip's beginning.

    ``logprob``: mean log probability of a token; ``no_speech``: probability that there are no words;
    ``compression``: length of the text over its length when deflated (repetition compresses well); ``rivals``: those of the
    hints, with their gains.
    """

    text: str
    words: tuple[Word, ...]
    logprob: float
    no_speech: float
    compression: float
    rivals: tuple[Rival, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Region:
    """A stretch ``[start, end)`` in samples that the detector takes for speech; ``voiced`` counts its sure frames."""

    start: int
    end: int
    voiced: int


@dataclass(frozen=True, kw_only=True)
class Correction:
    """``heard`` became ``written`` at ``start``; ``kind`` says by which rule. Always shown, never silent."""

    heard: str
    written: str
    start: float
    kind: Literal["rule number", "vocabulary", "number", "repetition"]


@dataclass(frozen=True, kw_only=True)
class Segment:
    start: float
    end: float
    text: str
    words: tuple[Word, ...]
    logprob: float
    no_speech: float


@dataclass(frozen=True, kw_only=True)
class Transcript:
    """``text`` "" where nobody spoke. ``rejected``: stretches of speech whose words were too doubtful to pass on."""

    text: str
    language: str
    duration: float
    segments: tuple[Segment, ...]
    words: tuple[Word, ...]
    corrections: tuple[Correction, ...] = ()
    rejected: tuple[tuple[float, float], ...] = ()


class Hints(Protocol):
    """What is known beforehand of what will be said."""

    @property
    def prompt(self) -> str:
        """Words that may well occur; they bias, they are never returned as heard. "" where nothing is known."""
        ...

    def fluency(self, text: str) -> float:
        """How readily somebody says so here: natural-log probability of a word, on average; 0.0 where nothing is known."""
        ...

    def rivals(self, words: Sequence[Word]) -> Sequence[Rival]:
        """What may have been said where these words are heard."""
        ...


class Transcriber(Protocol):
    """Speech to words. One call serves many clips at once; it knows nothing of silence, vocabulary or callers."""

    identity: str
    longest: float
    """Seconds of the longest clip."""

    def transcribe(self, clips: Sequence[Samples], hints: Hints | None = None) -> list[Heard]:
        """In the order given."""
        ...


class DetectorStream(Protocol):
    def feed(self, samples: Samples) -> NDArray[np.float32]:
        """Probability of speech for each `FRAME` that is complete; what is left over waits for the next call."""
        ...


class Detector(Protocol):
    """Is somebody speaking? Each stream keeps its own state; streams may be fed from different threads."""

    identity: str

    def open(self) -> DetectorStream: ...
