"""From a written sentence to a shown one: markers mapped to passages, the judge asked, quotes cut from canonical text.

Where the model forgot to cite, or cited the wrong passage, the passage that the judge finds to support the sentence is
attached; where none does, the sentence is withheld. Nothing is ever attached that was not judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from assistant.evidence.sentences import split_markers
from assistant.protocols import Judge
from assistant.types import Citation, Hit, Judgement, Sentence


def judged(written: str, evidence: Sequence[Hit], judge: Judge) -> Sentence:
    """The sentence with the verdict of its best passages; only citations that the judge calls supported."""
    text, markers = split_markers(written)
    named = [m for m in markers if 1 <= m <= len(evidence)]
    verdicts = judge.judge(text, [hit.passage.text for hit in evidence]) if text and evidence else []
    supporting = [m for m, v in enumerate(verdicts, start=1) if v.verdict == "supported"]
    cited = [m for m in named if m in supporting] or sorted(supporting, key=lambda m: -verdicts[m - 1].score)[:1]
    if not cited:
        best = max(verdicts, key=lambda v: v.score, default=Judgement(verdict="unsupported", score=0.0))
        return Sentence(text=text, citations=(), verdict=best.verdict, score=best.score)
    citations = tuple(_cite(m, evidence[m - 1], verdicts[m - 1]) for m in cited)
    return Sentence(
        text=text, citations=citations, verdict="supported", score=max(verdicts[m - 1].score for m in cited)
    )


def _cite(marker: int, hit: Hit, judgement: Judgement) -> Citation:
    document, passage = hit.document, hit.passage
    start, end = passage.start + judgement.start, passage.start + judgement.end
    return Citation(
        marker=marker,
        document_id=document.id,
        start=start,
        end=end,
        quote=document.text[start:end],
        where=passage.where,
        title=document.title,
        uri=document.uri,
        version=document.version,
        text_sha256=document.text_sha256,
        reader=document.reader,
        page=_page(hit, start),
        effective_from=document.effective_from,
        effective_to=document.effective_to,
    )


def _page(hit: Hit, offset: int) -> int | None:
    for mark in hit.document.landmarks:
        if mark.kind == "page" and mark.start <= offset < mark.end:
            return int(mark.label)
    return hit.passage.page


def one_a_marker(sentences: Iterable[Sentence], evidence: Sequence[Hit]) -> tuple[Citation, ...]:
    """The answer's citations: one a marker, its quote covering the spans of every sentence that cites it."""
    groups: dict[int, list[Citation]] = {}
    for sentence in sentences:
        for citation in sentence.citations:
            groups.setdefault(citation.marker, []).append(citation)
    merged = []
    for marker, group in sorted(groups.items()):
        start, end = min(c.start for c in group), max(c.end for c in group)
        hit = evidence[marker - 1]
        merged.append(
            replace(group[0], start=start, end=end, quote=hit.document.text[start:end], page=_page(hit, start))
        )
    return tuple(merged)


def text_of(sentences: Sequence[Sentence]) -> str:
    """The answer as read: each sentence followed by its markers."""
    return " ".join(
        sentence.text + "".join(f" [{m}]" for m in dict.fromkeys(c.marker for c in sentence.citations))
        for sentence in sentences
    )
