"""Cutting prose to size without losing an offset."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from assistant.errors import Corrupt

# Ends of sentences, but not behind a number ("see section 4."), an initial or a common abbreviation: a cut less costs
# nothing, one in the middle of a sentence costs its meaning.
_ABBREVIATIONS = ("e.g", "i.e", "etc", "cf", "No", "Nos", "para", "paras", "Art", "Mr", "Mrs", "Ms", "Dr", "St", "vs")
_SENTENCE = (
    r"(?:(?<=[.!?])|(?<=[.!?][\"'”’)]))(?<!\d\.)(?<!\b[A-Za-z]\.)"
    + "".join(rf"(?<!\b{word.replace('.', chr(92) + '.')}\.)" for word in _ABBREVIATIONS)
    + r"[ \n]+(?=[\"'“‘(]?[A-Z0-9£€$])"
)
# No cut behind a colon while another will do: what it announces belongs with it.
_SEPARATORS = [r"(?<!:)\n\n", r"(?<![:\n])\n", _SENTENCE, r"(?<=[;:])[ \n]+", r"(?<=,)[ \n]+", r"[ \n]+"]


def cut_prose(text: str, start: int, end: int, count: Callable[[str], int], limit: int) -> Iterator[tuple[int, int]]:
    """Spans that together are ``[start, end)``, each of at most ``limit`` tokens unless it is one word; blank: none.

    The parts come out about equally long: 210 tokens into 200 give two halves, not 195 and a scrap.
    """
    body = text[start:end]
    if not body.strip():
        return
    total = count(body)
    if total <= limit:
        yield start, end
        return
    share = math.ceil(total / math.ceil(total / limit))
    for piece in _pieces(body, count, min(limit, share + share // 5 + 1)):
        yield from _within(text, start, start + len(piece), count, limit)
        start += len(piece)


def _pieces(body: str, count: Callable[[str], int], size: int) -> list[str]:
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    # Blank pieces must not count 0: the splitter's merging loop (1.1) would repeat them in two chunks.
    splitter = RecursiveCharacterTextSplitter(
        separators=_SEPARATORS,
        is_separator_regex=True,
        keep_separator="end",
        chunk_size=max(size, 1),
        chunk_overlap=0,
        strip_whitespace=False,
        length_function=lambda piece: max(1, count(piece)) if piece else 0,
    )
    pieces: list[str] = splitter.split_text(body)
    if "".join(pieces) != body:
        raise Corrupt("The text splitter changed the text it was given; pin the version of langchain-text-splitters.")
    return pieces


def _within(text: str, start: int, end: int, count: Callable[[str], int], limit: int) -> Iterator[tuple[int, int]]:
    """The span, halved at spaces while it is over the limit (joined pieces can count more than their sum)."""
    inner = text[start:end]
    middle = len(inner) // 2
    spaces = [at for at, c in enumerate(inner) if c in " \n" and inner[:at].strip() and inner[at:].strip()]
    if not spaces or count(inner) <= limit:
        yield start, end
        return
    cut = start + min(spaces, key=lambda at: abs(at - middle)) + 1
    yield from _within(text, start, cut, count, limit)
    yield from _within(text, cut, end, count, limit)
