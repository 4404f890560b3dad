"""Two `Judge`s: does this passage say this sentence? Both keep the hard rules of `assistant.evidence.rules`.

A sentence is held against the run of each passage that shares most with it. `OverlapJudge` then asks for enough of its terms in
the run and an embedding close to it; it misses a dropped condition ("unless…"), swapped parties, a quantifier narrowed or
widened, a number that is there but belongs to something else. `TrainedJudge` asks a model that was trained on such changes.
Neither infers over two passages. A whole sentence of the passage, word for word, is supported without either.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from assistant.config import JudgeSection
from assistant.evidence.differences import marked
from assistant.evidence.rules import Claim, best_run, broken_rule, overlap, stands_literally, with_heads
from assistant.protocols import Embedder
from assistant.types import Judgement

_EMPTY = Judgement(verdict="unsupported", score=0.0, reason="says nothing that could be checked")
_TOO_LITTLE = "too little of it stands in the passage"


class SupportModel(Protocol):
    """A calibrated model of (sentence, run) pairs, each as `marked` writes it."""

    identity: str
    supported: float
    """The least probability at which a sentence may be shown, fitted on documents kept for it."""

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """Shape (pairs,), in [0, 1]: that the run says the sentence. 0 where the pair is too long to be read whole."""
        ...


class OverlapJudge:
    """Implements `Judge`; ``embedder`` is the retrieval encoder."""

    identity = "overlap-judge/1"

    def __init__(self, embedder: Embedder, section: JudgeSection) -> None:
        self._embedder = embedder
        self._section = section

    def judge(self, sentence: str, passages: Sequence[str]) -> list[Judgement]:
        claim = Claim.of(sentence)
        if not claim.terms:
            return [_EMPTY for _ in passages]
        runs = [best_run(claim, passage) for passage in passages]
        texts = [with_heads(passage, *run) for passage, run in zip(passages, runs, strict=True)]
        vectors = self._embedder.embed([sentence, *texts])
        closeness = vectors[1:] @ vectors[0]
        return [
            self._verdict(claim, passage, run, float(c))
            for passage, run, c in zip(passages, runs, closeness, strict=True)
        ]

    def _verdict(self, claim: Claim, passage: str, run: tuple[int, int], closeness: float) -> Judgement:
        start, end = run
        read = with_heads(passage, start, end)
        score = (overlap(claim, read) * max(0.0, closeness)) ** 0.5
        broken = broken_rule(claim, passage, read)
        if broken:
            return Judgement(
                verdict="unsupported", score=min(score, self._section.partial), start=start, end=end, reason=broken
            )
        if score >= self._section.supported:
            return Judgement(verdict="supported", score=score, start=start, end=end)
        if score >= self._section.partial:
            return Judgement(verdict="partial", score=score, start=start, end=end, reason=_TOO_LITTLE)
        return Judgement(verdict="unsupported", score=score, start=start, end=end, reason=_TOO_LITTLE)


class TrainedJudge:
    """Implements `Judge`: literal, or every rule kept *and* the model sure enough. ``score`` is the model's probability;
    where a rule is broken or too few terms are shared, the model is not asked and the score is at most .1."""

    def __init__(self, model: SupportModel, section: JudgeSection) -> None:
        self._model = model
        self._least = model.supported if section.least is None else section.least
        self._shared = section.shared
        self.identity = f"trained-judge/1/{model.identity}"

    def judge(self, sentence: str, passages: Sequence[str]) -> list[Judgement]:
        claim = Claim.of(sentence)
        if not claim.terms:
            return [_EMPTY for _ in passages]
        found = [self._without_model(claim, passage) for passage in passages]
        open_ = [n for n, judgement in enumerate(found) if judgement.verdict == "partial"]
        if open_:
            pairs = [marked(sentence, with_heads(passages[n], found[n].start, found[n].end)) for n in open_]
            for n, probability in zip(open_, self._model.probabilities(pairs), strict=True):
                found[n] = self._verdict(float(probability), found[n].start, found[n].end)
        return found

    def _without_model(self, claim: Claim, passage: str) -> Judgement:
        """Supported or unsupported where that is plain; "partial" stands for: the model decides."""
        literal = stands_literally(claim.text, passage)
        if literal is not None:
            return Judgement(verdict="supported", score=1.0, start=literal[0], end=literal[1])
        start, end = best_run(claim, passage)
        read = with_heads(passage, start, end)
        share = overlap(claim, read)
        reason = broken_rule(claim, passage, read) or (_TOO_LITTLE if share < self._shared else "")
        if reason:
            return Judgement(verdict="unsupported", score=0.1 * share, start=start, end=end, reason=reason)
        return Judgement(verdict="partial", score=share, start=start, end=end)

    def _verdict(self, probability: float, start: int, end: int) -> Judgement:
        if probability >= self._least:
            return Judgement(verdict="supported", score=probability, start=start, end=end)
        if probability >= 0.5 * self._least:
            reason = "the passage may not say it just so"
            return Judgement(verdict="partial", score=probability, start=start, end=end, reason=reason)
        reason = "the passage says something else"
        return Judgement(verdict="unsupported", score=probability, start=start, end=end, reason=reason)
