"""One document's report."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.protocols import Reading
from ingest.quality.findings import Finding, Severity
from ingest.quality.instructions import instructions
from ingest.quality.language import garbling, language
from ingest.quality.lookalikes import lookalikes
from ingest.quality.personal import personal

IDENTITY = "quality/1"
"""A change of what `examine` would find changes it: kept reports of another identity are made anew."""

_FEW_WORDS = 20
_THIN_PAGE = 120  # characters: a page of a manual has 1,500 to 4,000, a title page about this
_SECRET = frozenset({"tag characters", "variation selectors"})
_DOUBTFUL = frozenset(
    {
        "white text",
        "tiny text",
        "invisible text",
        "text off the page",
        "a direction override",
        "zero-width characters",
    }
)
_SHORT = 15  # characters: below it white or tiny text is a spacer or a form's mark


def examine(reading: Reading) -> tuple[Finding, ...]:
    """Everything that the document says of itself, the gravest first. Pure: the same reading, the same findings."""
    text = reading.text
    found = [
        *(Finding(kind="recognised", severity="warning", message=remark) for remark in reading.remarks),
        *_density(reading),
        *garbling(text),
        *language(text),
        *personal(text),
        *_hidden(reading),
        *lookalikes(text),
        *instructions(text, reading.hidden),
    ]
    order = {"blocks": 0, "warning": 1, "note": 2}
    return tuple(sorted(found, key=lambda each: (order[each.severity], each.start, each.kind)))


def _density(reading: Reading) -> Iterator[Finding]:
    words = len(reading.text.split())
    if words < _FEW_WORDS:
        yield Finding(kind="density", severity="warning", message=f"It has only {words} words; is it complete?")
    pages = [mark for mark in reading.landmarks if mark.kind == "page"]
    numbers = [int(mark.label) for mark in pages if mark.label.isdigit()]
    missing = sorted(set(range(1, max(numbers, default=0))) - set(numbers))
    if missing:
        some = ", ".join(map(str, missing[:5])) + (" …" if len(missing) > 5 else "")
        yield Finding(
            kind="density",
            severity="warning",
            message=f"{len(missing)} of its pages have no text (page {some}): pictures, or scanned.",
            count=len(missing),
        )
    thin = [mark for mark in pages if mark.end - mark.start < _THIN_PAGE]
    if len(pages) >= 3 and len(thin) > len(pages) / 2:
        yield Finding(
            kind="density",
            severity="warning",
            message=f"{len(thin)} of its {len(pages)} pages have next to no text; it may be scanned or mostly pictures.",
            count=len(thin),
        )


def _hidden(reading: Reading) -> Iterator[Finding]:
    """By the way of hiding: messages in invisible characters block, white or tiny text is doubtful, and what a web page or
    workbook keeps out of sight is everyday."""
    ways: dict[str, list[str]] = {}
    for each in reading.hidden:
        ways.setdefault(each.how, []).append(each.text)
    for how, texts in ways.items():
        length = sum(map(len, texts))
        if how in _DOUBTFUL and how != "zero-width characters" and length < _SHORT:
            continue
        severity: Severity = "blocks" if how in _SECRET else "warning" if how in _DOUBTFUL else "note"
        sample = texts[0][:60] + ("…" if len(texts[0]) > 60 else "")
        yield Finding(
            kind="hidden text",
            severity=severity,
            message=f"{length} characters that a reader does not see ({how}) were left out, beginning “{sample}”.",
            count=len(texts),
        )
