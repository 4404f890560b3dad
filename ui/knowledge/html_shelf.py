"""The knowledge manager's room as HTML, last part: the served documents with what is known of them, and the search test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

from assistant.knowledge.candidates import KnownCollection
from assistant.types import Access, Document, Hit
from ingest.quality import Finding
from ui import words
from ui.knowledge.html import field, panel, readers, table
from ui.render import attributes, opening

SCORES = {"dense": "cosine", "lexical": "BM25", "rerank": "reranker", "reference": "by reference"}
SEVERITIES = ("blocks", "warning", "note")


# ------------------------------------------------------------------------------------------------ documents


def documents_html(
    documents: Sequence[Document],
    collections: Mapping[str, KnownCollection],
    findings: Mapping[str, Sequence[Finding]],
    access: Mapping[str, Access],
    today: date,
) -> str:
    """The served documents that the manager may read. ``findings`` and ``access`` by document id."""
    rows = [
        _document(
            document, collections.get(document.collection), findings.get(document.id, ()), access[document.id], today
        )
        for document in documents
    ]
    note = f"{words.count(len(documents), 'served document')} that you may read: whose it is, when it holds, what was noticed."
    heads = ("Document", "Owner, licence, review", "In force", "Read by", "Noticed")
    return panel("documents", "Documents", note, table("Documents", heads, rows, "documents wide"))


def _document(
    document: Document, known: KnownCollection | None, findings: Sequence[Finding], access: Access, today: date
) -> str:
    standing = words.standing(document, today)
    badge = "" if standing == "current" else f' <span class="badge is-{standing}">{standing}</span>'
    owned = "–"
    if known:
        late = known.review_date < today
        review = f"review {'was due' if late else 'due'} {words.day(known.review_date)}"
        owned = f"{escape(known.owner)} · {escape(known.licence)}<br>"
        owned += f'<span class="late">{review}</span>' if late else review
    dates = words.in_force(document.effective_from, document.effective_to).removeprefix("In force ")
    return (
        f'<tr class="is-{standing}"><th scope="row"><button type="button" class="link"{opening(document.id, 0, 0)}>'
        f'{escape(document.title)}</button>{badge}<span class="panel-note">{escape(document.uri)} · '
        f"<code>{escape(document.version[:8])}</code></span></th><td>{owned}</td>"
        f"<td>{escape(dates[:1].upper() + dates[1:])}</td><td>{escape(readers(access))}</td>"
        f"<td>{_findings(document, findings)}</td></tr>"
    )


def _findings(document: Document, findings: Sequence[Finding]) -> str:
    if not findings:
        return "–"
    worst = min(findings, key=lambda f: SEVERITIES.index(f.severity)).severity
    rows = "".join(
        f"<li><strong>{escape(one.kind.capitalize())}</strong> {escape(one.message)}{_there(document, one)}</li>"
        for one in sorted(findings, key=lambda f: SEVERITIES.index(f.severity))
    )
    return (
        f'<details class="inline"><summary><span class="badge is-{worst}">{words.count(len(findings), "finding")}</span>'
        f"</summary><ul>{rows}</ul></details>"
    )


def _there(document: Document, finding: Finding) -> str:
    if finding.start >= finding.end:
        return ""
    return f' <button type="button" class="link"{opening(document.id, finding.start, finding.end)}>Show</button>'


# ------------------------------------------------------------------------------------------------ search test


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One search without a language model. ``hits`` None before the first."""

    query: str
    dense: float
    lexical: float
    top: int
    rerank: bool
    as_of: date
    hits: Sequence[Hit] | None = None


def search_html(trial: Trial, reranker: bool, said: str) -> str:
    """``reranker``: is there one?"""
    note = (
        "What a question finds among the passages that you may read, with its scores. No language model is at work, and "
        "nothing is recorded."
    )
    box = ""
    if reranker:
        checked = " checked" if trial.rerank else ""
        tick = f'<input type="checkbox" name="rerank" value="yes"{checked}>'
        box = f'<label class="field check">{tick}<span>Reranker</span></label>'
    numbers = (
        field("dense", "Weight of meaning", f"{trial.dense:g}", "number", min=0, max=100, step="any", required=True)
        + field("lexical", "Weight of words", f"{trial.lexical:g}", "number", min=0, max=100, step="any", required=True)
        + field("top", "Passages", str(trial.top), "number", min=1, max=50, required=True)
        + field("as_of", "Rules as of", trial.as_of.isoformat(), "date", required=True)
    )
    form = (
        f'<form class="trial"{attributes(submit="search")}>'
        f"{field('query', 'Question', trial.query, required=True, maxlength=2000)}"
        f'<div class="fields">{numbers}{box}</div><p class="actions"><button class="primary">Search</button></p></form>'
    )
    return panel("search", "Search test", note, form + said + (_hits(trial) if trial.hits is not None else ""))


def _hits(trial: Trial) -> str:
    if not trial.hits:
        return '<p class="state">Nothing that you may read was found.</p>'
    shown = {key: name for key, name in SCORES.items() if key != "rerank" or trial.rerank}
    cards = "".join(_hit(hit, shown) for hit in trial.hits)
    return f'<ol class="sources hits">{cards}</ol>'


def _hit(hit: Hit, shown: Mapping[str, str]) -> str:
    passage, document = hit.passage, hit.document
    scores = [f"<strong>{hit.score:.3f}</strong>"]
    scores += [f"{name} {hit.found_by[key]:.3f}" for key, name in shown.items() if key in hit.found_by]
    page = f"Page {passage.page} · " if passage.page is not None else ""
    return (
        f'<li class="hit"><button type="button" class="source-open"'
        f"{opening(document.id, passage.start, passage.end, hit.rank)}>"
        f'<span class="source-number">{hit.rank}</span><span class="source-body">'
        f'<span class="source-title">{escape(document.title)}</span>'
        f'<span class="source-where">{escape(words.section(document.title, passage.where))}</span>'
        f'<span class="source-facts scores">{" · ".join(scores)}</span>'
        f'<span class="source-excerpt">{escape(passage.text)}</span>'
        f'<span class="source-facts">{escape(page + words.in_force(document.effective_from, document.effective_to))}</span>'
        "</span></button></li>"
    )
