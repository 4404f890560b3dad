"""What changes a sentence so that its passage no longer says it: one way a kind, each what a careless or an invented answer does.

Every way takes a sentence and gives another text, or "" where it does not apply. The changed part is written as the rulebook
would write it, so that nothing but the passage tells the two apart.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from assistant.evidence.rules import NUMBER_WORDS, numbers

_MONTHS = "January February March April May June July August September October November December".split()
_SCOPE = """all=some of the|every=at least one|each=at least one|any=only certain|at least=at most|at most=at least|both=either
more than=less than|less than=more than|no later than=no earlier than|up to=at least|maximum=minimum|minimum=maximum
exceeds=is below|exceed=fall below|annually=quarterly|annual=quarterly|before=after|prior to=following|after=before
greater than=lower than|highest=lowest|higher=lower|increase=decrease|majority=minority|internal=external|only=also
immediately=in due course|promptly=eventually|direct=indirect|entire=partial|first=last|wholly=partly|always=sometimes"""
_SCOPE_HELD = """all=a few|each=any one|not less than=not more than|no more than=no less than|monthly=weekly|solely=partly
sole=joint|exclusively=mainly|within=not before|long-term=short-term|largest=smallest|above=below|below=above|upper=lower
independent=dependent|prospective=former|buyer=seller|and=or"""
_CONDITION = re.compile(
    r",? (?:unless|except|if|provided that|subject to|other than|where|only if|to the extent(?: that)?|in so far as)"
    r" (?:[^,;:]{8,140}?(?=[,;:]|\.\s|\.?$)|[^;:]{8,200}(?=\.$))"
)
_LEADING = re.compile(r"^(?:If|Where|Unless|Except (?:where|as)|Subject to|Provided that|When) [^,;:]{8,140}, (?=\w)")
_TERM = re.compile(r"(?<![.!?:;] )(?<!^)\b[A-Z][a-z]+(?: (?:of )?[A-Z][a-z]+){0,3}\b")
_PLACE = re.compile(rf"Rules?|Chapter|Sections?|Part|App|Guidance|Appendix|Table|Article|{'|'.join(_MONTHS)}")
_ROLES = """customer client employee manager applicant issuer operator auditor director regulator firm bank person company board
committee supplier trustee investor borrower lender insurer court member holder beneficiary officer adviser staff""".split()
_ROLE = re.compile(rf"\b(?:{'|'.join(_ROLES)})s?\b")
_MODAL = {"must not": "may", "may not": "must", "must": "may", "shall": "may", "may": "must", "should": "must",
          "is required to": "may", "are required to": "may", "is not required to": "must", "can": "must"}  # fmt: skip
_MODALS = re.compile(rf"\b(?:{'|'.join(sorted(_MODAL, key=len, reverse=True))})\b")
_VERB = re.compile(r"\b(must|shall|may|should|will|can|is|are|was|were|has|have|does|do)\b( not\b)?")
_DATE = re.compile(rf"\b(\d{{1,2}} )?({'|'.join(_MONTHS)})( \d{{4}})?\b|\b(?:19|20)\d\d\b")
_FIGURE = re.compile(r"(?<![\w.(])\d+(?:,\d{3})*(?:\.\d+)*(?:\([a-z\d]+\))*(?![\w(])")


def number(text: str, rng: random.Random, *, near: str, held: bool) -> str:
    """Another figure; half the time one that stands elsewhere in ``near``, the passage."""
    spelt = rf"\b(?:{'|'.join(w for w in NUMBER_WORDS if w not in ('one', 'zero'))})\b"
    places = [m for m in _FIGURE.finditer(text) if not _DATE.search(m.group())] + list(re.finditer(spelt, text))
    if not places:
        return ""
    place = rng.choice(places)
    old = place.group()
    if old[0].isdigit():
        others = sorted(n for n in numbers(near) - numbers(text) if n.replace(".", "").isdigit())
        new = rng.choice(others) if others and rng.random() < 0.5 else _other_figure(old, rng)
    else:
        new = rng.choice([w for w in NUMBER_WORDS if w not in (old, "one", "zero")])
    return _put(text, place, new)


def _other_figure(old: str, rng: random.Random) -> str:
    digits = [n for n, character in enumerate(old) if character.isdigit()]
    if rng.random() < 0.3 and "." not in old and "(" not in old:
        return f"{max(1, int(old.replace(',', '')) * rng.choice((2, 3, 10))):,}"
    place = rng.choice(digits)
    new = rng.choice([d for d in "123456789" if d != old[place]])
    return old[:place] + new + old[place + 1 :]


def date(text: str, rng: random.Random, *, near: str, held: bool) -> str:
    """Another day, month or year."""
    places = list(_DATE.finditer(text))
    if not places:
        return ""
    place = rng.choice(places)
    old = place.group()
    if old.isdigit():
        return _put(text, place, str(int(old) + rng.choice((-2, -1, 1, 2, 5))))
    month = place.group(2)
    if rng.random() < 0.5 and place.group(1):
        day = place.group(1).strip()
        return _put(text, place, old.replace(day, str(int(day) % 28 + 1), 1))
    return _put(text, place, old.replace(month, rng.choice([m for m in _MONTHS if m != month])))


def party(text: str, rng: random.Random, *, near: str, held: bool) -> str:
    """Two parties exchanged, or one for another that the passage or the trade knows."""
    places = [m for m in (*_TERM.finditer(text), *_ROLE.finditer(text)) if not _PLACE.match(m.group())]
    if not places:
        return ""
    names = list(dict.fromkeys(m.group() for m in places))
    if len(names) > 1 and rng.random() < 0.6:
        one, other = rng.sample(names, 2)
        if one not in other and other not in one:
            slot = "\x00"
            return text.replace(one, slot).replace(other, one).replace(slot, other)
    place = rng.choice(places)
    around = [m.group() for m in (*_TERM.finditer(near), *_ROLE.finditer(near)) if not _PLACE.match(m.group())]
    role = place.group()[0].islower()
    others = [n for n in around if n not in names and n[0].islower() == role]
    others = others or [n for n in _ROLES if n not in text]
    new = rng.choice(others) if others else ""
    return text.replace(place.group(), new) if new and new.lower() not in place.group().lower() else ""


def modality(text: str, rng: random.Random, *, near: str, held: bool) -> str:
    """A duty becomes a permission, a permission a duty."""
    places = list(_MODALS.finditer(text))
    if not places:
        return ""
    place = rng.choice(places)
    return _put(text, place, _MODAL[place.group()])


def negation(text: str, rng: random.Random, *, near: str, held: bool) -> str:
    """A "not" put in or taken out."""
    places = list(_VERB.finditer(text))
    if not places:
        return ""
    place = rng.choice(places)
    return _put(text, place, place.group(1) if place.group(2) else f"{place.group(1)} not")


def scope(text: str, rng: random.Random, *, near: str, held: bool) -> str:
    """All, some, only, at least, more than, before: how far or which way it holds."""
    pairs = [tuple(pair.split("=")) for pair in re.split(r"[|\n]", _SCOPE_HELD if held else _SCOPE)]
    known = [(old, new) for old, new in pairs if re.search(rf"\b{old}\b", text)]
    if not known:
        return ""
    old, new = rng.choice(known)
    return re.sub(rf"\b{old}\b", new, text, count=1)


def condition(text: str, rng: random.Random, *, near: str, held: bool) -> str:
    """Without an "unless …", "if …", "except …", "subject to …"."""
    leading = _LEADING.match(text)
    places = list(_CONDITION.finditer(text))
    if leading and (not places or rng.random() < 0.5):
        rest = text[leading.end() :]
        return rest[0].upper() + rest[1:] if len(rest.split()) >= 5 else ""
    if not places:
        return ""
    place = rng.choice(places)
    rest = text[place.end() :]
    left = text[: place.start()] + (rest[1:] if place.group().startswith(",") and rest.startswith(",") else rest)
    return left if len(left.split()) >= 5 else ""


def rare(text: str) -> bool:
    """Has it a date or a condition, which few sentences have?"""
    return bool(_DATE.search(text) or _CONDITION.search(text) or _LEADING.match(text))


def _put(text: str, place: re.Match[str], new: str) -> str:
    return text[: place.start()] + new + text[place.end() :]


Corrupt = Callable[..., str]
KINDS: dict[str, Corrupt] = {
    "number": number, "date": date, "party": party, "modality": modality, "negation": negation, "scope": scope,
    "condition": condition,
}  # fmt: skip
"""Besides these there is "wrong passage", which changes no word (`assistant.train.pairs`)."""


def same(one: str, other: str) -> bool:
    """Do the two read the same but for spacing, case and a closing mark?"""
    return " ".join(one.lower().split()).rstrip(".;,") == " ".join(other.lower().split()).rstrip(".;,")
