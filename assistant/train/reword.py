"""What may be done to a sentence without changing what it says: the supported half of the judge's examples.

Word swaps and clause moves are lists and patterns, read by people: each is meant to be safe in any rulebook. Those marked
``held`` are never used in training, so that a test shows what was learnt rather than what was listed.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from assistant.evidence.rules import NUMBER_WORDS

_SWAPS = """shall=must|must=shall|must=is required to|shall=is required to|prior to=before|in accordance with=in line with
in relation to=regarding|in respect of=regarding|notify=inform|inform=notify|in the event that=if|without delay=promptly
promptly=without delay|obtain=get|ensure=make sure|commence=begin|purchase=buy|in writing=by written notice|each=every
unless=except where|such as=for example|subsequent to=after|in order to=to|a copy of=copies of
as well as=and also|assess=evaluate|adequate=sufficient|maintain=keep|keep=maintain|required to=obliged to|staff=employees
whether or not=regardless of whether|immediately=at once|sufficient=adequate|undertake=carry out|carry out=perform
additional=further|further=additional|submit=send|retain=keep|approval=consent|entitled to=permitted to"""
_HELD = """pursuant to=under|may not=must not|at least=no fewer than|provide=give|within=in no more than|where=if
determine=decide|demonstrate=show|sought=asked for|appropriate=suitable|relevant to=pertinent to|comply with=follow
request=ask for|no later than=not after|conduct=carry out|terminate=end|including=among them|currently=at present"""
_LEADS = ("Under the rules, ", "According to this provision, ", "It is provided that ", "The rule is that ")
_LEADS_HELD = ("In other words, ", "As the document puts it, ")
_FIRST = re.compile(r"^(?:\(?[a-zA-Z0-9.]{1,8}\)|\d+(?:\.\d+)+\.?)\s+")
_CONDITION = re.compile(r"^(If|Where|When|Unless|Before|After) ([^,;:]{8,120}), (\w.*?)([.;]?)$", re.S)
_TAIL = re.compile(r"^([A-Z][^,;:]{12,160}?),? (if|where|when|unless|before|after) ([^,;:]{8,120}?)([.;]?)$", re.S)
_PLAIN = re.compile(
    r"(?:A|An|The|Each|Every|No|Any|If|Where|When|In|For|To|This|These|Such|Many|It|There|Some|All|Under)\b"
)
_SPOKEN = {value: word for word, value in reversed(NUMBER_WORDS.items())}


def swaps(*, held: bool) -> tuple[tuple[str, str], ...]:
    listed = _HELD if held else _SWAPS
    return tuple(tuple(pair.split("=")) for pair in re.split(r"[|\n]", listed))


def swapped(text: str, rng: random.Random, *, held: bool) -> str:
    """One to three words for others of the same meaning; "" where none of the list occurs."""
    order = list(swaps(held=held))
    rng.shuffle(order)
    changed, done, most = text, 0, rng.randint(1, 3)
    taken: set[str] = set()
    for old, new in order:
        if done == most:
            break
        pattern = re.compile(rf"\b{re.escape(old)}\b")
        if not taken & set(old.split()) and pattern.search(changed):
            changed = pattern.sub(new, changed, count=1)
            taken |= set(new.split())
            done += 1
    return changed if done else ""


def respelt(text: str, rng: random.Random, *, held: bool) -> str:
    """Small figures in words or digits; "per cent" for "%"."""

    def word(match: re.Match[str]) -> str:
        return NUMBER_WORDS[match.group().lower()]

    def digits(match: re.Match[str]) -> str:
        return _SPOKEN[match.group()]

    if "%" in text:
        return re.sub(r"(?<=\d) ?%", " per cent", text)
    spelt = [w for w in NUMBER_WORDS if w not in ("zero", "one", "hundred")]
    changed = re.sub(rf"\b(?:{'|'.join(spelt)})\b", word, text)
    if changed == text:
        changed = re.sub(r"(?<![\d.,(£$€/-])\b(?:[2-9]|1\d|20)\b(?![\d.,)(%/-])", digits, text)
    return changed if changed != text else ""


def shortened(text: str, rng: random.Random, *, held: bool) -> str:
    """Without a leading "For the purposes of …," or number, an example, or a defining bracket."""
    ways = [
        re.sub(
            r"^(?:For the purposes? of|In accordance with|Pursuant to|Without prejudice to|For the avoidance of doubt)"
            r"[^,]{0,90}, (\w)",
            lambda m: m.group(1).upper(),
            text,
        ),
        _FIRST.sub("", text),
        re.sub(r",? (?:for example|such as|e\.g\.)[^,;:]{4,80}(?=[,.;])", "", text),
        re.sub(r" \((?:the |an? )?[\"“][^)]{2,60}\)", "", text),
        re.sub(r",? (?:including|in particular) [^,;:]{6,80}(?=\.$)", "", text) if held else text,
    ]
    found = [way for way in ways if way != text and len(way.split()) >= 5]
    return rng.choice(found) if found else ""


def reordered(text: str, rng: random.Random, *, held: bool) -> str:
    """The condition behind what depends on it, or before it."""
    match = _CONDITION.match(text)
    if match and match.group(1) != "Unless":
        word, condition, rest, stop = match.groups()
        return f"{rest[0].upper()}{rest[1:]} {word.lower()} {condition}{stop}"
    match = _TAIL.match(text)
    if match:
        rest, word, condition, stop = match.groups()
        low = rest[0].lower() + rest[1:] if _PLAIN.match(rest) else rest
        return f"{word.capitalize()} {condition}, {low}{stop}"
    return ""


def led_in(text: str, rng: random.Random, *, held: bool) -> str:
    """With a few words before it that add nothing."""
    lead = rng.choice(_LEADS_HELD if held else _LEADS)
    return lead + (text[0].lower() + text[1:] if _PLAIN.match(text) else text)


Reword = Callable[..., str]
WAYS: dict[str, Reword] = {
    "reworded": swapped, "respelt": respelt, "shortened": shortened, "reordered": reordered, "led in": led_in,
}  # fmt: skip
"""Each takes (text, rng, held=…) and gives another text of the same meaning, or "" where it does not apply."""
