"""Personal data by its form, and by its check digits where it has any. A message names kind and number, never the data.

Payment cards (ISO/IEC 7812: prefix, length, Luhn), bank accounts (IBAN, ISO 13616: mod 97) and National Insurance numbers
(HMRC's form) have no place in a manual: they block. E-mail addresses and telephone numbers are often contacts: a note.
Not covered: names, postal addresses, birthdays, other countries' numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.quality.findings import Finding, Severity

_CARD = re.compile(r"(?<![\w.,/£€$-])(?:\d[ -]?){12,18}\d(?![\w/-]|[.,]\d)")
_CARD_PREFIX = re.compile(r"4\d{12}(?:\d{3}){0,2}$|(?:5[1-5]|2[2-7])\d{14}$|3[47]\d{13}$|6(?:011|5\d\d)\d{12}$")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)")
_INSURANCE = re.compile(
    r"(?<!\w)(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?!\w)"
)
_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}(?![\w-])")
_PHONE = re.compile(r"(?<![\w.,/£€$+-])(?:\+\d{1,3}[ -]?(?:\(0\) ?)?|\(?0)(?:\d[ )-]{0,2}){8,11}(?![\w/]|[.,-]\d)")


def personal(text: str) -> Iterator[Finding]:
    found: tuple[tuple[str, Severity, list[tuple[int, int]]], ...] = (
        ("payment card number", "blocks", _cards(text)),
        ("bank account number (IBAN)", "blocks", _ibans(text)),
        ("National Insurance number", "blocks", [one.span() for one in _INSURANCE.finditer(text)]),
        ("e-mail address", "note", [one.span() for one in _MAIL.finditer(text)]),
        ("telephone number", "note", _phones(text)),
    )
    for name, severity, spans in found:
        if spans:
            yield _finding(name, severity, spans, text)


def _finding(name: str, severity: Severity, spans: list[tuple[int, int]], text: str) -> Finding:
    start, end = spans[0]
    different = len({re.sub(r"\W", "", text[a:b]).lower() for a, b in spans})
    many = f"{different} different {name.replace('address', 'addresse')}s" if different > 1 else f"a {name}"
    many = many.replace("a e-mail", "an e-mail")
    do = "; take it out, or record why it may stay" if severity == "blocks" else ""
    return Finding(
        kind="personal data",
        severity=severity,
        message=f"It holds {many}{do}.",
        start=start,
        end=end,
        count=len(spans),
    )


def _cards(text: str) -> list[tuple[int, int]]:
    return [
        found.span()
        for found in _CARD.finditer(text)
        if _CARD_PREFIX.match(digits := re.sub(r"\D", "", found[0])) and _luhn(digits)
    ]


def _luhn(digits: str) -> bool:
    doubled = [int(d) * (1 + at % 2) for at, d in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _ibans(text: str) -> list[tuple[int, int]]:
    return [one.span() for one in _IBAN.finditer(text) if _mod97(one[0].replace(" ", ""))]


def _mod97(iban: str) -> bool:
    return 15 <= len(iban) <= 34 and int("".join(str(int(c, 36)) for c in iban[4:] + iban[:4])) % 97 == 1


def _phones(text: str) -> list[tuple[int, int]]:
    return [one.span() for one in _PHONE.finditer(text) if " " in one[0] or "-" in one[0] or one[0][0] == "+"]
