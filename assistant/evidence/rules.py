"""Hard rules between a sentence and a run of a passage, and where that run lies. No model; each rule says itself in words.

A run is up to three neighbouring sentences of a passage. Each number, date, amount and rule reference of the sentence stands
in the run; quoted words stand there literally; each acronym stands in the passage; modality ("must" / "may") and negation
agree. `stands_literally` is the other way round: whole sentences of the passage, word for word, need no model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.evidence.lists import GOES_ON, hangs, item_ends
from assistant.evidence.sentences import spans
from assistant.knowledge.lexical import terms, words

_RUN = 3
_SPELT = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty""".split()
_TENS = {"thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "ninety": "90", "hundred": "100"}
NUMBER_WORDS = {word: str(n) for n, word in enumerate(_SPELT)} | _TENS
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)*(?:\([a-z]\))?")
STRONG = frozenset(["must", "shall", "required", "requires", "require", "mandatory", "obliged"])
WEAK = frozenset(["may", "can", "might", "could", "should", "optional", "permitted", "allowed"])
_NEGATIVE = frozenset(
    "not never no none cannot neither nor without prohibited forbidden refuse refused isn't don't can't".split()
)
_QUOTED = re.compile(r"[\"“]([^\"”]{8,})[\"”]")
_ACRONYM = re.compile(r"\b[A-Z][A-Z&]{1,6}s?\b")
_WORD = re.compile(r"[\w£€$%]+(?:[.,'’()/-]+\w+)*")


@dataclass(frozen=True)
class Claim:
    """A sentence taken apart once, held against many runs."""

    text: str
    terms: frozenset[str]
    numbers: frozenset[str]
    strong: bool
    weak: bool
    negative: bool

    @classmethod
    def of(cls, text: str) -> Claim:
        tokens = frozenset(words(text))
        return cls(
            text=text,
            terms=frozenset(terms(text)),
            numbers=numbers(text),
            strong=bool(tokens & STRONG),
            weak=bool(tokens & WEAK),
            negative=bool(tokens & _NEGATIVE) or "n't" in text,
        )


def numbers(text: str) -> frozenset[str]:
    """Figures, in digits or in words up to twenty and the round ones; "one" is left out, it is mostly a pronoun."""
    digits = {n.replace(",", "") for n in _NUMBER.findall(text.lower())}
    spelt = {NUMBER_WORDS[w] for w in re.findall(r"[a-z]+", text.lower()) if w in NUMBER_WORDS and w != "one"}
    return frozenset(digits | spelt)


def best_run(claim: Claim, passage: str) -> tuple[int, int]:
    """The shortest run of neighbouring sentences with the most of the claim's terms and numbers."""
    units = spans(passage) or [(0, len(passage))]
    runs = [(units[i][0], units[j][1]) for i in range(len(units)) for j in range(i, min(i + _RUN, len(units)))]

    def merit(run: tuple[int, int]) -> tuple[float, int]:
        text = with_heads(passage, *run)
        missing_numbers = len(claim.numbers - numbers(text))
        return overlap(claim, text) - missing_numbers, run[0] - run[1]

    return max(runs, key=merit)


def with_heads(passage: str, start: int, end: int) -> str:
    """The run as it is read: a table row together with the column heads above it."""
    run = passage[start:end]
    if " | " not in run:
        return run
    heads = next((line for line in passage.splitlines() if " | " in line), "")
    return run if heads in run else f"{heads}\n{run}"


def overlap(claim: Claim, text: str) -> float:
    """Share of the claim's terms that stand in the text, in [0, 1]."""
    return len(claim.terms & set(terms(text))) / len(claim.terms) if claim.terms else 0.0


def broken_rule(claim: Claim, passage: str, run: str) -> str:
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
    source = Claim.of(run)
    if claim.strong and not claim.weak and source.weak and not source.strong:
        return "it says must where the passage says may"
    if claim.weak and not claim.strong and source.strong and not source.weak:
        return "it says may where the passage says must"
    if claim.negative != source.negative and (claim.negative or _negates_the_same(claim, run)):
        return "one of them is negated, the other not"
    return ""


def _negates_the_same(claim: Claim, run: str) -> bool:
    """Does the sentence of the run that is nearest to the claim carry the negation?"""
    nearest = max((run[s:e] for s, e in spans(run)), key=lambda text: overlap(claim, text), default=run)
    return Claim.of(nearest).negative


def stands_literally(sentence: str, passage: str) -> tuple[int, int] | None:
    """Where ``sentence`` is one or more whole sentences or lines of the passage, word for word (case counts, closing marks
    and spacing don't). A part of a sentence is no quotation: "unless…" may follow; but one that ends with an item of a list
    and says with "…" that the list goes on is. Nor is a list's item by itself: "must not:" may stand before it."""
    wanted = _WORD.findall(sentence)
    if not wanted:
        return None
    goes_on = sentence.endswith(GOES_ON)
    places = spans(passage)
    units = [passage[start:end] for start, end in places]
    for first, (start, _) in enumerate(places):
        if not re.match(r"[\"“'‘]?[A-Z0-9£€$]|\(\d", units[first]) or hangs(units, first):
            continue
        for begin, end in places[first:]:
            said = _WORD.findall(passage[start:end])
            part = _item_end(passage, start, begin, end, len(wanted)) if goes_on and len(said) > len(wanted) else None
            if said[: len(wanted)] == wanted and (len(said) == len(wanted) or part):
                return start, part or end
            if len(said) >= len(wanted):
                break
    return None


def _item_end(passage: str, start: int, begin: int, end: int, words: int) -> int | None:
    """Where, in the sentence ``[begin, end)``, an item ends with which ``words`` words from ``start`` are said."""
    ends = (begin + offset for offset in item_ends(passage[begin:end]))
    return next((at for at in ends if len(_WORD.findall(passage[start:at])) == words), None)
