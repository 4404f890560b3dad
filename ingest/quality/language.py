"""Is it readable English? By its commonest words, by its letters, and by the marks that wrong encodings leave."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from ingest.quality.findings import Finding

_COMMON: Mapping[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in {
        "English": "the of and to in a is that for it be as on are by with this or not must may shall will an at from any if",
        "German": "der die das und ist nicht von den dem ein eine zu mit für auf werden im des sich wird oder sind bei",
        "French": "le la les des et est dans pour que qui une par sur au du aux ce cette ne pas ou sont de en",
        "Spanish": "el la los las de y que en un una por con para del se es al como o su sus no",
        "Italian": "il lo la gli di che e è per un una con non del della dei nel sono si i le da",
        "Dutch": "de het een en van is dat op te voor met zijn niet aan door worden wordt of bij",
        "Portuguese": "o os as de e que em um uma para com não do da dos das por se ao na no",
        "Polish": "i w z na do nie się jest że o dla od przez oraz lub są jako po",
        "Swedish": "och att det som en på är av för med den till inte ett om har",
        "Danish": "og at det som en på er af for med den til ikke et om har der",
    }.items()
}
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_MOJIBAKE = re.compile(
    r"Ã[\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â€[™œ\u009d“”˜¦–\u0093\u0094]|Â[£§°·»«©®]|\(cid:\d+\)"
)
_LATIN = re.compile(r"[A-Za-z]{5,}")
_VOWEL = re.compile(r"[aeiouyAEIOUY]")
_ENOUGH = 40  # words, before anything is said of a language


def language(text: str) -> Iterator[Finding]:
    """Blocks where another language or script prevails: the product answers in English only."""
    words = [word.lower() for word in _WORD.findall(text)]
    if len(words) < _ENOUGH:
        return
    letters = [c for c in text if c.isalpha()]
    foreign = sum(c > "\u024f" for c in letters)
    if foreign > 0.3 * len(letters):
        yield Finding(
            kind="language",
            severity="blocks",
            message=f"{foreign / len(letters):.0%} of its letters are not Latin; only English can be served so far.",
        )
        return
    counts = Counter(words)
    shares = {name: sum(counts[word] for word in common) / len(words) for name, common in _COMMON.items()}
    best = max(shares, key=lambda name: shares[name])
    if best != "English" and shares[best] > 0.12 and shares[best] > 1.2 * shares["English"]:
        yield Finding(
            kind="language",
            severity="blocks",
            message=f"It reads like {best}; only English can be served so far.",
        )
    elif shares["English"] < 0.08:
        yield Finding(
            kind="language",
            severity="warning",
            message=f"Only {shares['English']:.0%} of its words are common English ones (prose has 30 % and more); "
            "it is a list or table, garbled, or not English.",
        )


def garbling(text: str) -> Iterator[Finding]:
    """Blocks where so much is unreadable that answers would be drawn from noise."""
    unknown = text.count("\ufffd")
    if unknown:
        at = text.index("\ufffd")
        yield Finding(
            kind="garbling",
            severity="blocks" if unknown > 0.02 * len(text) else "warning",
            message=f"{unknown} characters could not be read (shown as \ufffd); save it anew, as UTF-8.",
            start=at,
            end=at + 1,
            count=unknown,
        )
    wrong = list(_MOJIBAKE.finditer(text))
    if wrong:
        yield Finding(
            kind="garbling",
            severity="blocks" if len(wrong) > 0.01 * len(text) else "warning",
            message=f"{len(wrong)} characters were read in a wrong encoding, as {wrong[0][0]!r}; save it anew, as UTF-8.",
            start=wrong[0].start(),
            end=wrong[0].end(),
            count=len(wrong),
        )
    words = _LATIN.findall(text)
    soup = sum(not _VOWEL.search(word) and not word.isupper() for word in words)
    if len(words) >= _ENOUGH and soup > 0.2 * len(words):
        yield Finding(
            kind="garbling",
            severity="blocks",
            message=f"{soup / len(words):.0%} of its words have no vowel: its letters are encoded wrongly; save it anew.",
        )
    tokens = text.split()
    single = sum(len(token) == 1 and token.isalpha() and token not in "aAI" for token in tokens)
    if len(tokens) >= _ENOUGH and single > 0.3 * len(tokens):
        yield Finding(
            kind="garbling",
            severity="blocks",
            message=f"{single / len(tokens):.0%} of its words are single letters: its words are spaced out; save it anew.",
        )
