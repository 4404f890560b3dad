"""What must be read back before it is acted on: figures, dates, names, rule numbers and negations that were not heard surely,
and the whole sentence where hardly anything was.

"Fifteen" for "fifty", or a lost "not", changes an answer; a misheard "please" does not. Pure decisions over a transcript.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.voice.numbers import TENS, UNITS
from assistant.voice.values import Correction, Transcript, Word
from assistant.voice.vocabulary import Vocabulary

Kind = Literal["sentence", "rule number", "figure", "date", "negation", "name"]

_NEGATIONS = frozenset(
    "no not never none nobody nothing neither nor without cannot can't don't doesn't didn't won't isn't aren't wasn't weren't "
    "mustn't shouldn't needn't may-not unless except unable refuse refused".split()
)
_MONTHS = frozenset(
    "january february march april may june july august september october november december "
    "monday tuesday wednesday thursday friday saturday sunday".split()
)
_FIGURES = (
    frozenset(UNITS) | frozenset(TENS) | frozenset("hundred thousand million billion half quarter dozen twice".split())
)
_CONFUSED = frozenset(f"{n}teen" for n in "thir four fif six seven eigh nine".split()) | (frozenset(TENS) - {"twenty"})
_SURE = {"rule number": 0.85, "figure": 0.8, "date": 0.8, "negation": 0.7, "name": 0.5}
_SURE_OF_SENTENCE, _SENTENCE = 0.45, 5
"""Geometric mean of the confidences of so many words or more. Below it six words of ten were wrong (docs/log.md)."""


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """Words that must be confirmed; ``text`` as it will be read back. ``confidence``: of the least sure word."""

    text: str
    kind: Kind
    start: float
    confidence: float


def doubts(transcript: Transcript, vocabulary: Vocabulary, *, threshold: float) -> tuple[Doubt, ...]:
    """The sentence, where all of it is doubtful, and the words that are, in the order spoken. ``threshold`` 0…1 moves all limits:
    0.5 leaves them as they are, 1 reads back every such word and nearly every sentence.

    What was corrected by the vocabulary is always doubtful: the model did not hear it so.
    """
    changed = {round(c.start, 3): c for c in transcript.corrections if c.kind in ("vocabulary", "number")}
    return (*_sentence(transcript, threshold), *_found(transcript.words, vocabulary, changed, threshold))


def _sentence(transcript: Transcript, threshold: float) -> Iterator[Doubt]:
    sure = [math.log(max(0.001, word.confidence)) for word in transcript.words]
    confidence = math.exp(sum(sure) / len(sure)) if sure else 1.0
    if len(sure) >= _SENTENCE and confidence < min(1.0, _SURE_OF_SENTENCE * 2 * threshold):
        yield Doubt(
            text=transcript.text.strip(), kind="sentence", start=transcript.words[0].start, confidence=confidence
        )


def _found(
    words: Sequence[Word], vocabulary: Vocabulary, changed: dict[float, Correction], threshold: float
) -> Iterator[Doubt]:
    for place, word in enumerate(words):
        kind = kind_of(words, place, vocabulary)
        correction = changed.get(round(word.start, 3))
        if kind is None and correction is None:
            continue
        kind = kind or "name"
        limit = min(1.0, _SURE[kind] * 2 * threshold)
        if _bare(word) in _CONFUSED or re.search(r"(?<!\d)(?:1[3-9]|[3-9]0)(?!\d)", word.text):
            limit = min(1.0, limit + 0.1)
        respelled = correction is not None and correction.heard.replace(" ", "").lower() != correction.written.lower()
        put = correction is not None and (correction.kind == "number" or (respelled and kind == "name"))
        if word.confidence < limit or put:
            yield Doubt(text=word.text.strip(",;:?!."), kind=kind, start=word.start, confidence=word.confidence)


def kind_of(words: Sequence[Word], place: int, vocabulary: Vocabulary) -> Kind | None:
    """What a word would change if it were misheard; None where that is little."""
    word, bare = words[place], _bare(words[place])
    if re.search(r"\d\.\d+\.\d", word.text) or (re.search(r"\d", word.text) and _after_rule(words, place)):
        return "rule number"
    if bare.strip("'’") in _NEGATIONS or bare.replace("’", "'") in _NEGATIONS:
        return "negation"
    if (
        bare in _MONTHS
        and (bare not in ("may", "march") or word.text[:1].isupper())
        and (place or bare not in ("may", "march"))
    ):
        return "date"
    if re.search(r"\d", word.text) or any(part in _FIGURES for part in bare.split("-")):
        return "figure"
    if bare in _names(vocabulary):
        return "name"
    return None


def question_for(found: Sequence[Doubt]) -> str:
    """What is said to the caller: one plain sentence that can be answered by yes, or by saying it again."""
    whole = next((doubt.text for doubt in found if doubt.kind == "sentence"), "")
    if whole:
        return f"I heard: “{whole}” Is that right?"
    said = [f"{doubt.text}" if doubt.kind != "negation" else f"the word “{doubt.text}”" for doubt in found]
    listed = said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"
    return f"I heard {listed}. Is that right?"


def _after_rule(words: Sequence[Word], place: int) -> bool:
    from assistant.voice.numbers import BEFORE

    return place > 0 and _bare(words[place - 1]) in BEFORE


def _bare(word: Word) -> str:
    return word.text.lower().strip('.,;:?!"“”()[]£$€%')


def _names(vocabulary: Vocabulary) -> frozenset[str]:
    return frozenset(
        part.lower() for term in vocabulary.terms if term != term.lower() for part in [term] if " " not in part
    )
