"""What a collection calls things, and heard words put right by it: always as a shown `Correction`, never silently.

Rules, in this order. What a decoder says over and over is said once (`assistant.voice.mend`). A spelled code or a name heard in
parts is put together ("F C seven" is FC-7, "speak safe" SpeakSafe).
Spoken rule numbers become numerals. And where the model itself is unsure, words become the term that the sound allows as well
(`assistant.voice.rivals`), or, where the collection does not know them, the one that they sound like. Words that the model is
sure of stay as heard.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from assistant.voice import mend, numbers
from assistant.voice.figures import misheard, years
from assistant.voice.language_model import LanguageModel
from assistant.voice.rivals import LONGEST, SpokenTerm, better_worded, free, preferred, spoken_term, suggested
from assistant.voice.sounds_like import distance, sound_key
from assistant.voice.values import Correction, Rival, Word
from assistant.voice.words import bare, correction, is_code, joined, merged, plain

_POSSESSIVE = re.compile(r"['’]s\W*$")


@dataclass(frozen=True)
class Vocabulary:
    """``terms`` in order of importance, as they are written; ``known``: every word of the collection, lower case;
    ``numbered``: what it counts ("severity 2"), lower case; ``unsure``: the confidence under which a word is; ``language``: how
    its words follow one another. These are the `Hints` of a transcriber."""

    terms: tuple[str, ...] = ()
    known: frozenset[str] = frozenset()
    prompt_terms: int = 12
    numbered: frozenset[str] = frozenset()
    unsure: float = 0.6
    language: LanguageModel = field(default_factory=LanguageModel)

    @cached_property
    def prompt(self) -> str:
        """What the transcriber is told beforehand, as something that was just said; "" without terms.

        Written as sentences that show how codes are spelled: a bare list of terms made the small model repeat the list
        (`docs/log.md`). No rule number stands in it: one that did was heard where another was said.
        """
        if not self.terms:
            return ""
        codes = [code for code in self.terms if is_code(code) and any(c.isdigit() for c in code)]
        names = [term for term in self.terms if term not in codes][: self.prompt_terms]
        form = f"On form {codes[0]}, ask" if codes else "Ask"
        return f"What does the rule say? {form} the {', '.join(names)}."

    @cached_property
    def codes(self) -> dict[str, str]:
        """FC7 → FC-7, MLRO → MLRO: terms that are spelled letter by letter."""
        return {plain(term).upper(): term for term in self.terms if is_code(term)}

    @cached_property
    def coined(self) -> dict[str, str]:
        """speaksafe → SpeakSafe: names made of words that are said, and may be heard, apart."""
        return {term.lower(): term for term in self.terms if re.fullmatch(r"(?:[A-Z][a-z]+){2,}", term)}

    @cached_property
    def spoken(self) -> tuple[SpokenTerm, ...]:
        """How terms sound."""
        return tuple(map(spoken_term, self.terms))

    def fluency(self, text: str) -> float:
        return self.language.mean(text)

    def rivals(self, words: Sequence[Word]) -> list[Rival]:
        terms = suggested(words, self.spoken, below=self.unsure)
        return [*terms, *years(words), *better_worded(words, misheard(words), self.fluency)]

    def sounding_like(self, heard: str) -> str | None:
        """The one term that sounds like ``heard``; None where there is none, or where two are equally near."""
        key, letters_heard = sound_key(heard), plain(heard).lower()
        if len(key) < 3:
            return None
        best: dict[str, int] = {}
        for term in self.spoken:
            away = distance(key, term.key, 1)
            if term.figures or len(term.key) < 3 or away > (1 if max(len(key), len(term.key)) >= 5 else 0):
                continue
            most = max(2, len(term.letters) // 3)
            letters = distance(letters_heard, term.letters, most)
            if letters <= most:
                best[term.written] = 10 * away + letters
        if not best:
            return None
        nearest = min(best.values())
        chosen = [term for term, score in best.items() if score == nearest]
        return chosen[0] if len(chosen) == 1 else None


def corrected(
    words: Sequence[Word], vocabulary: Vocabulary, rivals: Sequence[Rival] = ()
) -> tuple[tuple[Word, ...], tuple[Correction, ...]]:
    """The words with what was put right, and each thing that was. ``rivals`` as the transcriber judged them."""
    made: list[Correction] = []
    below = vocabulary.unsure
    out = mend.loops(words, below, made)
    out = _codes(out, vocabulary, below, made)
    out = _rule_numbers(out, made)
    out = mend.before_numbers(out, below, made)
    out = mend.years(out, made)
    out = mend.numbered(out, vocabulary.numbered, made)
    out = preferred(out, rivals, vocabulary.spoken, made)
    out = _homophones(out, vocabulary, below, made)
    return tuple(out), tuple(sorted(made, key=lambda c: c.start))


def _codes(words: list[Word], vocabulary: Vocabulary, below: float, made: list[Correction]) -> list[Word]:
    out: list[Word] = []
    at = 0
    while at < len(words):
        for end in range(min(len(words), at + 6), at, -1):
            part = words[at:end]
            texts = [word.text for word in part]
            spelled = _spelled(texts)
            written = vocabulary.codes.get(spelled) or vocabulary.codes.get(spelled.replace("0", "O"))
            written = written or mend.letters(part, vocabulary.codes, below)
            if written is None and end - at > 1 and not any(text[-1] in ",;:?!." for text in texts[:-1]):
                written = vocabulary.coined.get(plain(joined(part)).lower())
            if written:
                one = merged(part, written)
                if one.text != joined(part):
                    made.append(correction(part, one, "vocabulary"))
                out.append(one)
                at = end
                break
        else:
            out.append(words[at])
            at += 1
    return out


def _rule_numbers(words: list[Word], made: list[Correction]) -> list[Word]:
    out: list[Word] = []
    at = 0
    for found in numbers.rule_numbers([word.text for word in words]):
        out += words[at : found.start]
        part = words[found.start : found.end]
        number = Word(
            text=found.text, start=part[0].start, end=part[-1].end, confidence=min(w.confidence for w in part)
        )
        if found.text != joined(part):
            made.append(Correction(heard=joined(part), written=found.text, start=number.start, kind="rule number"))
        out.append(number)
        at = found.end
    return out + words[at:]


def _homophones(words: list[Word], vocabulary: Vocabulary, below: float, made: list[Correction]) -> list[Word]:
    out: list[Word] = []
    places = set(free(words, vocabulary.spoken))
    at = 0
    while at < len(words):
        for end in range(min(len(words), at + LONGEST), at, -1):
            part = words[at:end]
            if (at, end) not in places or re.search(r"\w[.?!]\w", joined(part)):
                continue
            if min(word.confidence for word in part) >= below or _is_known(part, vocabulary):
                continue
            term = vocabulary.sounding_like(_POSSESSIVE.sub("", joined(part)))
            if term and plain(term).lower() != plain(joined(part)).lower():
                one = merged(part, term)
                made.append(correction(part, one, "vocabulary"))
                out.append(one)
                at = end
                break
        else:
            out.append(words[at])
            at += 1
    return out


def _is_known(words: Sequence[Word], vocabulary: Vocabulary) -> bool:
    return all(bare(word.text).lower() in vocabulary.known for word in words)


def _spelled(words: Sequence[str]) -> str:
    """ "F", "C", "seven?" → FC7; "" where a part is neither a letter, a run of capitals or digits, nor a number word."""
    out = []
    for position, word in enumerate(words):
        unmarked = bare(word)
        if position < len(words) - 1 and word[-1:] in ",;:?!":
            return ""
        letters = unmarked.replace(".", "").replace("-", "")
        if unmarked.lower() in numbers.UNITS and position:
            out.append(str(numbers.UNITS[unmarked.lower()]))
        elif letters and (letters.isupper() or letters.isdigit()) and letters.isalnum():
            out.append(letters)
        else:
            return ""
    return "".join(out)
