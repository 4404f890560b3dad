"""The first `Judge`: does this passage say this sentence? Overlap of terms, meaning by the encoder, and hard rules.

A sentence is held against every run of up to three neighbouring sentences of the passage. Supported needs all of: enough of
its terms in the run, an embedding close to it, and no rule broken: each number, date, amount and rule reference stands in the
run; quoted words stand there literally; each acronym and name stands in the passage; modality ("must" / "may") and negation
agree.

What it misses: a dropped condition or exception ("unless…"), swapped parties, a quantifier narrowed or widened, a number
that is there but belongs to something else, inference over two passages. Part of a truth in other words may be refused.
The trained judge is to close these.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.config import JudgeSection
from assistant.evidence.sentences import spans
from assistant.knowledge.lexical import terms, words
from assistant.protocols import Embedder
from assistant.types import Judgement

_RUN = 3
_SPELT = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty""".split()
_TENS = {"thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "ninety": "90", "hundred": "100"}
_NUMBER_WORDS = {word: str(n) for n, word in enumerate(_SPELT)} | _TENS
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)*(?:\([a-z]\))?")
_STRONG = frozenset(["must", "shall", "required", "requires", "require", "mandatory", "obliged"])
_WEAK = frozenset(["may", "can", "might", "could", "should", "optional", "permitted", "allowed"])
_NEGATIVE = frozenset(
    "not never no none cannot neither nor without prohibited forbidden refuse refused isn't don't can't".split()
)
_QUOTED = re.compile(r"[\"“]([^\"”]{8,})[\"”]")
_ACRONYM = re.compile(r"\b[A-Z][A-Z&]{1,6}s?\b")


@dataclass(frozen=True)
class _Claim:
    """A sentence taken apart once, held against many runs."""

    text: str
    terms: frozenset[str]
    numbers: frozenset[str]
    strong: bool
    weak: bool
    negative: bool

    @classmethod
    def of(cls, text: str) -> _Claim:
        tokens = frozenset(words(text))
        return cls(
            text=text,
            terms=frozenset(terms(text)),
            numbers=numbers(text),
            strong=bool(tokens & _STRONG),
            weak=bool(tokens & _WEAK),
            negative=bool(tokens & _NEGATIVE) or "n't" in text,
        )


def numbers(text: str) -> frozenset[str]:
    """Figures, in digits or in words up to twenty and the round ones; "one" is left out, it is mostly a pronoun."""
    digits = {n.replace(",", "") for n in _NUMBER.findall(text.lower())}
    spelt = {_NUMBER_WORDS[w] for w in re.findall(r"[a-z]+", text.lower()) if w in _NUMBER_WORDS and w != "one"}
    return frozenset(digits | spelt)


class OverlapJudge:
    """Implements `Judge`; ``embedder`` is the retrieval encoder."""

    identity = "overlap-judge/1"

    def __init__(self, embedder: Embedder, section: JudgeSection) -> None:
        self._embedder = embedder
        self._section = section

    def judge(self, sentence: str, passages: Sequence[str]) -> list[Judgement]:
        claim = _Claim.of(sentence)
        if not claim.terms:
            return [
                Judgement(verdict="unsupported", score=0.0, reason="says nothing that could be checked")
                for _ in passages
            ]
        runs = [_best_run(claim, passage) for passage in passages]
        texts = [_with_heads(passage, *run) for passage, run in zip(passages, runs, strict=True)]
        vectors = self._embedder.embed([sentence, *texts])
        closeness = vectors[1:] @ vectors[0]
        return [
            self._verdict(claim, passage, run, float(c))
            for passage, run, c in zip(passages, runs, closeness, strict=True)
        ]

    def _verdict(self, claim: _Claim, passage: str, run: tuple[int, int], closeness: float) -> Judgement:
        start, end = run
        read = _with_heads(passage, start, end)
        score = (_overlap(claim, read) * max(0.0, closeness)) ** 0.5
        broken = _broken_rule(claim, passage, read)
        if broken:
            return Judgement(
                verdict="unsupported", score=min(score, self._section.partial), start=start, end=end, reason=broken
            )
        if score >= self._section.supported:
            return Judgement(verdict="supported", score=score, start=start, end=end)
        reason = "too little of it stands in the passage"
        if score >= self._section.partial:
            return Judgement(verdict="partial", score=score, start=start, end=end, reason=reason)
        return Judgement(verdict="unsupported", score=score, start=start, end=end, reason=reason)


def _best_run(claim: _Claim, passage: str) -> tuple[int, int]:
    """The shortest run of neighbouring sentences with the most of the claim's terms and numbers."""
    units = spans(passage) or [(0, len(passage))]
    runs = [(units[i][0], units[j][1]) for i in range(len(units)) for j in range(i, min(i + _RUN, len(units)))]

    def merit(run: tuple[int, int]) -> tuple[float, int]:
        text = _with_heads(passage, *run)
        missing_numbers = len(claim.numbers - numbers(text))
        return _overlap(claim, text) - missing_numbers, run[0] - run[1]

    return max(runs, key=merit)


def _with_heads(passage: str, start: int, end: int) -> str:
    """The run as it is read: a table row together with the column heads above it."""
    run = passage[start:end]
    if " | " not in run:
        return run
    heads = next((line for line in passage.splitlines() if " | " in line), "")
    return run if heads in run else f"{heads}\n{run}"


def _overlap(claim: _Claim, text: str) -> float:
    """Share of the claim's terms that stand in the text, in [0, 1]."""
    return len(claim.terms & set(terms(text))) / len(claim.terms)


def _broken_rule(claim: _Claim, passage: str, run: str) -> str:
    """The first rule that the sentence breaks, in words; "" where none."""
    missing = claim.numbers - numbers(run)
    if missing:
        return f"the figure {min(missing)} does not stand there"
    plain = " ".join(passage.split()).lower()
    for quoted in _QUOTED.findall(claim.text):
        if " ".join(quoted.split()).lower().rstrip(".,;") not in plain:
            return "the quoted words do not stand there"
    for acronym in _ACRONYM.findall(claim.text):
        if acronym.rstrip("s") not in passage:
            return f"{acronym} does not stand there"
    source = _Claim.of(run)
    if claim.strong and not claim.weak and source.weak and not source.strong:
        return "it says must where the passage says may"
    if claim.weak and not claim.strong and source.strong and not source.weak:
        return "it says may where the passage says must"
    if claim.negative != source.negative and (claim.negative or _negates_the_same(claim, run)):
        return "one of them is negated, the other not"
    return ""


def _negates_the_same(claim: _Claim, run: str) -> bool:
    """Does the sentence of the run that is nearest to the claim carry the negation?"""
    nearest = max((run[s:e] for s, e in spans(run)), key=lambda text: _overlap(claim, text), default=run)
    return _Claim.of(nearest).negative
