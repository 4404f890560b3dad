"""What a collection calls things, and heard words put right by it: always as a shown `Correction`, never silently.

Rules, in this order. What a decoder says over and over is said once (`assistant.voice.mend`). A spelled code or a name heard in
parts is put together ("F C seven" is FC-7, "speak safe" SpeakSafe).
Spoken rule numbers become numerals. And where the model itself is unsure, a word that the collection does not know becomes the
term that sounds like it. Words that the model is sure of, or that the collection uses, stay as heard.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from assistant.voice import mend, numbers
from assistant.voice.sounds_like import distance, sound_key
from assistant.voice.values import Correction, Word

_LONGEST_TERM = 4
LETTERS = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "ay bee see dee ee eff gee aitch eye jay kay ell em en oh pee cue are ess tee you vee doubleyou ex why zed".split(),
        strict=True,
    )
)
"""How letters are said."""
_POSSESSIVE = re.compile(r"['’]s\W*$")
_EDGES = re.compile(r"^[^\w£$€]+|[^\w%]+$")


@dataclass(frozen=True)
class Vocabulary:
    """``terms`` in order of importance, as they are written; ``known``: every word of the collection, lower case;
    ``numbered``: what it counts ("severity 2"), lower case."""

    terms: tuple[str, ...] = ()
    known: frozenset[str] = frozenset()
    prompt_terms: int = 12
    numbered: frozenset[str] = frozenset()

    @cached_property
    def prompt(self) -> str:
        """What the transcriber is told beforehand, as something that was just said; "" without terms.

        Written as sentences that show how codes are spelled: a bare list of terms made the small model repeat the list
        (`docs/log.md`). No rule number stands in it: one that did was heard where another was said.
        """
        if not self.terms:
            return ""
        codes = [code for code in self.terms if _is_code(code) and any(c.isdigit() for c in code)]
        names = [term for term in self.terms if term not in codes][: self.prompt_terms]
        form = f"On form {codes[0]}, ask" if codes else "Ask"
        return f"What does the rule say? {form} the {', '.join(names)}."

    @cached_property
    def codes(self) -> dict[str, str]:
        """FC7 → FC-7, MLRO → MLRO: terms that are spelled letter by letter."""
        return {_plain(term).upper(): term for term in self.terms if _is_code(term)}

    @cached_property
    def coined(self) -> dict[str, str]:
        """speaksafe → SpeakSafe: names made of words that are said, and may be heard, apart."""
        return {term.lower(): term for term in self.terms if re.fullmatch(r"(?:[A-Z][a-z]+){2,}", term)}

    @cached_property
    def by_sound(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """Key → terms, each with the letters it is compared by; short forms are said letter by letter ("ess ay are")."""
        found: dict[str, list[tuple[str, str]]] = {}
        for term in self.terms:
            said = "".join(LETTERS[c] for c in term) if term.isalpha() and term.isupper() else _plain(term).lower()
            key = sound_key(said)
            if len(key) >= 3 and not any(c.isdigit() for c in term):
                found.setdefault(key, []).append((term, said))
        return {key: tuple(terms) for key, terms in found.items()}

    def sounding_like(self, heard: str) -> str | None:
        """The one term that sounds like ``heard``; None where there is none, or where two are equally near."""
        key, plain = sound_key(heard), _plain(heard).lower()
        if len(key) < 3:
            return None
        best: dict[str, int] = {}
        for other, terms in self.by_sound.items():
            away = distance(key, other, 1)
            if away > (1 if max(len(key), len(other)) >= 5 else 0):
                continue
            for term, written in terms:
                letters = distance(plain, written, max(2, len(written) // 3))
                if letters <= max(2, len(written) // 3):
                    best[term] = 10 * away + letters
        if not best:
            return None
        nearest = min(best.values())
        chosen = [term for term, score in best.items() if score == nearest]
        return chosen[0] if len(chosen) == 1 else None


def corrected(
    words: Sequence[Word], vocabulary: Vocabulary, *, below: float
) -> tuple[tuple[Word, ...], tuple[Correction, ...]]:
    """The words with what was put right, and each thing that was. ``below``: the confidence under which a word is unsure."""
    made: list[Correction] = []
    out = mend.loops(words, below, made)
    out = _codes(out, vocabulary, below, made)
    out = _rule_numbers(out, made)
    out = mend.before_numbers(out, below, made)
    out = mend.numbered(out, vocabulary.numbered, made)
    out = _homophones(out, vocabulary, below, made)
    return tuple(out), tuple(sorted(made, key=lambda c: c.start))


def _codes(words: list[Word], vocabulary: Vocabulary, below: float, made: list[Correction]) -> list[Word]:
    out: list[Word] = []
    at = 0
    while at < len(words):
        for end in range(min(len(words), at + 6), at, -1):
            texts = [word.text for word in words[at:end]]
            spelled = _spelled(texts)
            written = vocabulary.codes.get(spelled) if spelled else None
            written = written or mend.letters(words[at:end], vocabulary.codes, below)
            if written is None and end - at > 1 and not any(text[-1] in ",;:?!." for text in texts[:-1]):
                written = vocabulary.coined.get(_plain(_joined(words[at:end])).lower())
            if written:
                merged = _merged(words[at:end], written)
                if merged.text != " ".join(word.text for word in words[at:end]):
                    made.append(_correction(words[at:end], merged, "vocabulary"))
                out.append(merged)
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
        merged = Word(
            text=found.text, start=part[0].start, end=part[-1].end, confidence=min(w.confidence for w in part)
        )
        if found.text != " ".join(word.text for word in part):
            made.append(Correction(heard=_joined(part), written=found.text, start=merged.start, kind="rule number"))
        out.append(merged)
        at = found.end
    return out + words[at:]


def _homophones(words: list[Word], vocabulary: Vocabulary, below: float, made: list[Correction]) -> list[Word]:
    out: list[Word] = []
    at = 0
    while at < len(words):
        for end in range(min(len(words), at + _LONGEST_TERM), at, -1):
            part = words[at:end]
            if min(word.confidence for word in part) >= below or _is_known(part, vocabulary):
                continue
            if re.search(r"[.,;:?!]\W*\s|\w[.?!]\w", _joined(part)):
                continue
            term = vocabulary.sounding_like(_POSSESSIVE.sub("", _joined(part)))
            if term and _plain(term).lower() != _plain(_joined(part)).lower():
                merged = _merged(part, term)
                made.append(_correction(part, merged, "vocabulary"))
                out.append(merged)
                at = end
                break
        else:
            out.append(words[at])
            at += 1
    return out


def _is_known(words: Sequence[Word], vocabulary: Vocabulary) -> bool:
    return all(_EDGES.sub("", word.text).lower() in vocabulary.known for word in words)


def _spelled(words: Sequence[str]) -> str:
    """ "F", "C", "seven?" → FC7; "" where a part is neither a letter, a run of capitals or digits, nor a number word."""
    out = []
    for position, word in enumerate(words):
        bare = _EDGES.sub("", word)
        if position < len(words) - 1 and word[-1:] in ",;:?!":
            return ""
        plain = bare.replace(".", "").replace("-", "")
        if bare.lower() in numbers.UNITS and position:
            out.append(str(numbers.UNITS[bare.lower()]))
        elif plain and (plain.isupper() or plain.isdigit()) and plain.isalnum():
            out.append(plain)
        else:
            return ""
    return "".join(out)


def _merged(part: Sequence[Word], written: str) -> Word:
    tail = _tail(part[-1].text)
    return Word(
        text=written + tail, start=part[0].start, end=part[-1].end, confidence=min(word.confidence for word in part)
    )


def _correction(part: Sequence[Word], merged: Word, kind: str) -> Correction:
    assert kind in ("vocabulary", "rule number")
    return Correction(
        heard=_EDGES.sub("", _joined(part)),
        written=_EDGES.sub("", merged.text),
        start=merged.start,
        kind="vocabulary" if kind == "vocabulary" else "rule number",
    )


def _joined(part: Sequence[Word]) -> str:
    return " ".join(word.text for word in part)


def _tail(text: str) -> str:
    found = re.search(r"(?:'s|’s)?[^\w%]*$", text)
    return found[0] if found else ""


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", text)


def _is_code(term: str) -> bool:
    return bool(re.fullmatch(r"[A-Z]{1,6}-?\d{0,3}", term)) and len(_plain(term)) >= 2
