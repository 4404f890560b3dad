"""What else may have been said: terms of the collection that sound somewhat like words the transcriber is unsure of.

The words alone can't tell "USDOR" from STOR, the sound can: the transcriber tells by how much more or less probable it is with
each rival in their place; that, and by how much the wording is (`Rival.gain`), and the best one that is hardly less probable is
taken, a shown `Correction`. This is rescoring with a contextual bias; how near a rival must be, in sound and in probability, was
chosen on the manual's training questions as synthetic voices say them over a telephone
(`docs/decisions/012-the-sound-decides-among-terms.md`, `016-how-words-follow-one-another.md`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.voice.figures import is_figure
from assistant.voice.sounds_like import apart, sound_key
from assistant.voice.values import Correction, Hints, Rival, Word
from assistant.voice.words import bare, correction, is_code, joined, merged, plain

UNLIKE = 0.8
"""The most by which keys and letters may differ, each as a share of the longer one, added up."""
LOSS, LOSS_A_WORD, LOSS_OF_A_FORM = 3.0, 2.0, 12.0
"""A rival may make the whole less probable by this much (natural log); in the place of a form that there is none of, by the
last."""
FLUENCY = 0.75
"""Weight of a word's log probability after the words before it, beside what the sound says."""
MOST = 8
"""Terms that are rivals in one clip at most, those that sound most alike."""
HARDLY, GAIN = 0.05, 2.0
"""Confidence under which a term was hardly heard: it is what the transcriber was told beforehand, put where it made sense.
Another is taken in its place that makes the whole more probable by so much."""
LONGEST = 4
"""Words that a term may have been heard as."""
LETTERS = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "ay bee see dee ee eff gee aitch eye jay kay ell em en oh pee cue are ess tee you vee doubleyou ex why zed".split(),
        strict=True,
    )
)
"""How letters are said."""
_POSSESSIVE = re.compile(r"['’]s\W*$")
_ARTICLES = frozenset({"the", "a", "an"})
_WHOLE = 5
"""Sounds that a term needs to be told by them alone."""
_SAME = 0.001
"""Seconds; times are moved from the clip's beginning to the recording's."""


@dataclass(frozen=True, kw_only=True)
class SpokenTerm:
    """``letters``: as it is said, run together ("essayare"); ``figures`` among them; ``key``: how that sounds."""

    written: str
    letters: str
    figures: str
    key: str


def spoken_term(written: str) -> SpokenTerm:
    """Short forms are said letter by letter."""
    letters = as_said(written)
    return SpokenTerm(written=written, letters=letters, figures=_figures(letters), key=sound_key(letters))


def as_said(text: str) -> str:
    """In small letters, run together, words in capitals letter by letter; figures as they are."""
    parts = re.findall(r"[A-Za-z]+|[0-9]+", text)
    return "".join("".join(LETTERS[c] for c in part) if part.isupper() else part.lower() for part in parts)


def suggested(words: Sequence[Word], terms: Sequence[SpokenTerm], *, below: float) -> list[Rival]:
    """For each stretch that touches no term that was heard, other terms with the same figures that it may have been; without
    their gain.

    A stretch with a word of less confidence than ``below``: terms that sound somewhat like it. However sure: those that sound
    the same ("General Council"), and for a code with figures that is none of the collection's (FC-11), or was hardly heard, all
    that there are.
    """
    found: list[tuple[float, Rival]] = []
    for first, last in free(words, terms, hardly=HARDLY):
        part = words[first:last]
        heard = spoken_term(_POSSESSIVE.sub("", bare(joined(part))))
        unsure, form = min(word.confidence for word in part) < below, _is_form(heard.written)
        for term in terms:
            if term.figures != heard.figures or term.letters == heard.letters:
                continue
            same = heard.key == term.key and len(term.key) >= _WHOLE
            most = 2.0 if same or (form and _is_form(term.written)) else UNLIKE if unsure else 0.0
            if not most:
                continue
            unlike = apart(heard.key, term.key) + apart(heard.letters, term.letters)
            if unlike <= most:
                found.append((unlike, Rival(start=part[0].start, end=part[-1].end, text=term.written)))
    found.sort(key=lambda one: one[0])
    return [rival for _, rival in found[:MOST]]


def better_worded(words: Sequence[Word], rivals: Iterable[Rival], fluency: Callable[[str], float]) -> list[Rival]:
    """Those of the rivals that the wording speaks for."""
    as_heard = fluency(joined(words))
    return [rival for rival in rivals if fluency(_instead(words, rival)) > as_heard]


def free(words: Sequence[Word], terms: Sequence[SpokenTerm], *, hardly: float = 0.0) -> Iterator[tuple[int, int]]:
    """Stretches that a term may have been heard as, by their first word and the one after the last: without a mark within, that
    hold no term of at least the confidence ``hardly``, and begin with no article, which terms have none of."""
    touched = _touched(words, terms, hardly)
    for first in range(len(words)):
        for last in range(first + 1, min(len(words), first + LONGEST) + 1):
            part = words[first:last]
            if last - 1 in touched or re.search(r"[.,;:?!]\W*\s", joined(part)):
                break
            if bare(joined(part)) and (last == first + 1 or part[0].text.lower() not in _ARTICLES):
                yield first, last


def judged(
    words: Sequence[Word], hints: Hints | None, likelihoods: Callable[[Sequence[str]], Sequence[float]]
) -> tuple[Rival, ...]:
    """The rivals of heard words with their gains; ``likelihoods``: natural-log probabilities of texts, given the sound."""
    rivals = hints.rivals(words) if hints else ()
    if not hints or not rivals:
        return ()
    texts = [joined(words), *(_instead(words, rival) for rival in rivals)]
    wording = FLUENCY * (len(words) + 1)
    as_heard, *others = [
        sound + wording * hints.fluency(text) for sound, text in zip(likelihoods(texts), texts, strict=True)
    ]
    return tuple(replace(rival, gain=one - as_heard) for rival, one in zip(rivals, others, strict=True))


def preferred(
    words: Sequence[Word], rivals: Sequence[Rival], terms: Sequence[SpokenTerm], made: list[Correction]
) -> list[Word]:
    """The words with the rivals that sound and wording allow, the likeliest first, each stretch once. What another rule has put
    together, or made a term, stays."""
    out = list(words)
    taken: list[Rival] = []
    for rival in sorted(rivals, key=lambda one: -one.gain):
        place = _place(out, rival)
        if (
            place is None
            or place not in set(free(out, terms, hardly=HARDLY))
            or any(_overlap(rival, one) for one in taken)
        ):
            continue
        part = out[slice(*place)]
        in_place_of_a_term = not _touched(out, terms, 0.0).isdisjoint(range(*place))
        if rival.gain >= (GAIN if in_place_of_a_term else -_allowed(part, rival)):
            taken.append(rival)
            out[slice(*place)] = [merged(part, rival.text)]
            made.append(correction(part, out[place[0]], "number" if is_figure(rival.text) else "vocabulary"))
    return out


def later(rivals: Sequence[Rival], seconds: float) -> list[Rival]:
    """Their times from another beginning."""
    return [replace(rival, start=rival.start + seconds, end=rival.end + seconds) for rival in rivals]


def _instead(words: Sequence[Word], rival: Rival) -> str:
    """The text with the rival in the place of the words that it stands for."""
    place = _place(words, rival)
    if place is None:
        return joined(words)
    first, last = place
    return joined([*words[:first], merged(words[first:last], rival.text), *words[last:]])


def _allowed(part: Sequence[Word], rival: Rival) -> float:
    """What the whole may lose by it: nothing for a figure in the place of a word."""
    if is_figure(rival.text):
        return LOSS if part[0].text.strip("£$€")[:1].isdigit() else 0.0
    form = _is_form(bare(joined(part))) and _is_form(rival.text)
    return LOSS_OF_A_FORM if form else LOSS + LOSS_A_WORD * len(rival.text.split())


def _overlap(one: Rival, other: Rival) -> bool:
    return one.start < other.end - _SAME and other.start < one.end - _SAME


def _is_form(text: str) -> bool:
    """FC-7, GH4: the house's own; MLRO may be anybody's."""
    return is_code(text) and any(c.isdigit() for c in text)


def _touched(words: Sequence[Word], terms: Sequence[SpokenTerm], hardly: float) -> set[int]:
    """Places of the words that are terms, or parts of them, of at least that confidence."""
    held = {plain(term.written).lower() for term in terms}
    spans = [(n, m) for n in range(len(words)) for m in range(n + 1, min(len(words), n + LONGEST) + 1)]
    heard = [(n, m) for n, m in spans if min(word.confidence for word in words[n:m]) >= hardly]
    texts = {span: plain(_POSSESSIVE.sub("", joined(words[slice(*span)]))).lower() for span in heard}
    return {place for span in heard if texts[span] in held for place in range(*span)}


def _place(words: Sequence[Word], rival: Rival) -> tuple[int, int] | None:
    """First word and the one after the last, where they begin and end as the rival does."""
    first = next((n for n, word in enumerate(words) if abs(word.start - rival.start) < _SAME), None)
    last = next((n for n, word in enumerate(words) if abs(word.end - rival.end) < _SAME and n >= (first or 0)), None)
    return None if first is None or last is None else (first, last + 1)


def _figures(text: str) -> str:
    return "".join(c for c in text if c.isdigit())
