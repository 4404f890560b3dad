"""Sentences addressed to a language model instead of a reader: what an attacker plants in a document.

The patterns are narrow on purpose: rulebooks are full of orders, and "may disregard any previous direction" is law. An
order counts at the beginning of a sentence, or where it names what only a model has. Not covered: other languages, orders
in a picture, paraphrases that no list foresees. The text is compared with look-alike letters put right and, once more,
with spaced-out letters joined.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from assistant.protocols import Hidden
from ingest.quality.findings import Finding
from ingest.quality.lookalikes import plain

_START = r"(?:^|(?<=[.!?:;\"'”’)>\]|*#-])|(?<=[.!?:;] ))\s*(?:(?:please|now|important|attention|note|stop)\b[\s:,!.]*)*"
_ALL = r"(?:(?:all|any|every|each|the|your|these|those|of|my|our)\s+){0,3}"
_EARLIER = r"(?:previous(?:ly)?|prior|above|earlier|preceding|foregoing|original|initial|existing|other)"
_WORDS = r"(?:instructions?|prompts?|commands?|guidelines?|directions?|directives?|rules?|messages?|training|context)"
_MODEL = r"(?:AI|A\.I\.|LLM|GPT|chat ?bot|(?:large )?language model|(?:AI|virtual|digital) assistant|AI (?:system|model|agent))"

_DROPPED = ("ignore", "disregard", "forget", "override", "bypass", "discard")
_DROP = rf"(?:{'|'.join(_DROPPED)})"
_PROMPT = r"(?:system prompt|hidden prompt|your (?:initial |original |system )?instructions|your (?:system )?prompt)"
_ABOUT = r"(?:about|to|for|whether|if|who|what|how)"
_TELL = r"(?:tell|inform|alert|(?:mention|reveal) (?:this |it )?to)"
_SAY = r"(?:always )?(?:say|answer|reply|respond|state|claim)"

_PATTERNS = tuple(
    (needs, re.compile(pattern, re.IGNORECASE | re.MULTILINE))
    for needs, pattern in (
        (
            _DROPPED,
            rf"{_START}(?:you (?:must|should|will|are to) |do )?{_DROP}\s+{_ALL}{_EARLIER}\s+(?:\w+\s+){{0,2}}{_WORDS}\b",
        ),
        (
            ("ignore", "disregard", "forget"),
            rf"{_START}(?:ignore|disregard|forget) (?:everything|all|anything) (?:above|before|prior|previously|you)\b",
        ),
        (
            ("prompt", "your instructions", "your initial instructions", "your original instructions", "your system"),
            rf"\b(?:{_DROP}|reveal|print|repeat|output|show|leak|disclose)\b[^.\n]{{0,30}}\b{_PROMPT}\b",
        ),
        (
            ("you are now", "you are no longer"),
            rf"{_START}(?:from now on,? )?you are (?:now|no longer) (?:an? |the )?\w+",
        ),
        (("you are a", "you are the"), rf"\byou are (?:an? |the )(?:\w+ ){{0,3}}{_MODEL}\b"),
        (
            ("if you", "when you", "as you"),
            rf"\b(?:if|when|as) you(?:'re| are) (?:an? |the )?(?:\w+ ){{0,2}}{_MODEL}\b",
        ),
        (
            ("note ", "message ", "instruction", "memo ", "dear ", "hello "),
            rf"{_START}(?:(?:note|message|instructions?|memo) (?:to|for)|dear|hello) (?:the |any |all )?(?:\w+ )?{_MODEL}s?\b",
        ),
        (("as a",), rf"{_START}as an? (?:\w+ )?{_MODEL},"),
        (
            ("<", "[inst]", "[/inst]"),
            r"<\|?(?:im_start|im_end|system|endoftext|start_header_id|assistant|user)\|?>|\[/?INST\]|<</?SYS>>",
        ),
        (("#",), r"^#{1,4} ?(?:system|instruction|assistant)s?:?\s*$"),
        (
            ("instruction", "prompt", "task"),
            rf"{_START}(?:new|updated|real|actual|secret) (?:system )?(?:instructions?|prompt|task) ?:",
        ),
        (
            ("the user", "the end user", "the end-user"),
            rf"\b(?:do not|don't|never) {_TELL} the (?:end[- ])?user\b",
        ),
        (
            ("respond ", "reply ", "answer "),
            r"\b(?:respond|reply|answer) (?:only |always )?with (?:the (?:word|words|text|following|exact)|only|exactly)\b",
        ),
        (
            ("asked",),
            rf"{_START}(?:when|if|whenever) (?:you(?:'re| are) )?asked {_ABOUT}\b[^.\n]{{0,80}},? (?:you (?:must )?)?{_SAY}\b",
        ),
        (
            (" mode", "do anything now"),
            r"\b(?:enter|enable|activate) (?:developer|DAN|jailbreak|god) mode\b|\bdo anything now\b",
        ),
    )
)
"""With words of which one must be there (in small letters) before the pattern is tried: most texts have none."""
_SPACED = re.compile(r"(?:\b\w[ ._-]){5,}\w\b")


def orders(text: str) -> Iterator[tuple[int, int]]:
    """Stretches of ``text`` that address a model, in the order of the patterns."""
    straight = plain(text)
    small = straight.lower()
    for needs, pattern in _PATTERNS:
        if any(word in small for word in needs):
            yield from (found.span() for found in pattern.finditer(straight))
    for run in _SPACED.finditer(straight):
        joined = re.sub(r"[ ._-]", "", run[0]).lower()
        if re.search(r"(?:ignore|disregard|forget).{0,12}(?:previous|prior|above|earlier)|systemprompt", joined):
            yield run.span()


def instructions(text: str, hidden: Sequence[Hidden] = ()) -> Sequence[Finding]:
    """At most one finding for the text and one for what is hidden; either blocks."""
    findings: list[Finding] = []
    spans = sorted(set(orders(text)))
    if spans:
        start, end = spans[0]
        start += len(text[start:end]) - len(text[start:end].lstrip())
        message = (
            f"It holds words that are addressed to a language model, as {_quoted(text[start:end])}; "
            "look at them before it is served."
        )
        findings.append(
            Finding(kind="instructions", severity="blocks", message=message, start=start, end=end, count=len(spans))
        )
    secret = [each for each in hidden if any(True for _ in orders(each.text))]
    if secret:
        start, end = next(orders(secret[0].text))
        message = (
            f"It holds words to a language model that a reader does not see ({secret[0].how}), as "
            f"{_quoted(secret[0].text[start:end])}; it is hostile."
        )
        findings.append(Finding(kind="instructions", severity="blocks", message=message, count=len(secret)))
    return findings


def _quoted(text: str) -> str:
    line = " ".join(text.split())
    return f"“{line[:80]}{'…' if len(line) > 80 else ''}”"
