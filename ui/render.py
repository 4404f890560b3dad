"""Answers, sources and failures as HTML: pure functions from values, all escaped, no external address anywhere.

Elements with ``data-send`` tell the page's handlers (`ui/app.py`) what was chosen; those with ``data-local`` are for
the browser alone (`ui/app.js`). Where a place in a document is chosen, the server looks up id and offsets again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from itertools import groupby

from assistant.types import Answer, Citation, Hit, Passage, Sentence
from ui import words
from ui.conversation import Conversation, Exchange
from ui.marks import Span, marked

_MARKER = re.compile(r"\[(\d{1,3})\]")
EXCERPT = 260
"""Code points of a passage shown on its card."""
NEAREST = 3


def attributes(**values: object) -> str:
    """``data-…`` attributes, escaped; None leaves one out."""
    return "".join(f' data-{name}="{escape(str(value))}"' for name, value in values.items() if value is not None)


def opening(document_id: str, start: int, end: int, marker: int | None = None) -> str:
    return attributes(send="open", document=document_id, start=start, end=end, marker=marker)


def marker_html(citation: Citation) -> str:
    where = words.place(citation.title, citation.where)
    return (
        f'<button type="button" class="cite" aria-label="Source {citation.marker}: {escape(where)}"'
        f' title="{escape(where)}"'
        f"{opening(citation.document_id, citation.start, citation.end, citation.marker)}>{citation.marker}</button>"
    )


def sentence_html(sentence: Sentence) -> str:
    """The sentence with its markers as buttons: where the text has them, else after it."""
    by_marker = {citation.marker: citation for citation in sentence.citations}
    parts: list[str] = []
    at = 0
    for found in _MARKER.finditer(sentence.text):
        citation = by_marker.pop(int(found[1]), None)
        if citation is not None:
            parts += [escape(sentence.text[at : found.start()].rstrip()), marker_html(citation)]
            at = found.end()
    parts.append(escape(sentence.text[at:]))
    parts += [marker_html(citation) for citation in by_marker.values()]
    return f'<span class="sentence">{"".join(parts)}</span> '


def answer_html(sentences: Sequence[Sentence]) -> str:
    """What was said, a paragraph for each passage it rests on, led by where that stands: a rule quoted by itself can be taken
    for one about something else."""
    parts = []
    for place, group in groupby(sentences, _place):
        body = "".join(sentence_html(sentence) for sentence in group)
        parts.append(f'<div class="answer"><p class="place">{escape(place)}</p><p>{body}</p></div>')
    return "".join(parts)


def _place(sentence: Sentence) -> str:
    return next((words.place(citation.title, citation.where) for citation in sentence.citations), "")


# ------------------------------------------------------------------------------------------------ sources


def source_html(hit: Hit, number: int, cited: Sequence[Citation]) -> str:
    """One card; cited passages show what supports the sentence, highlighted, and open there."""
    passage, document = hit.passage, hit.document
    quote = (cited[0].start, cited[0].end) if cited else None
    opens = quote or (passage.start, passage.end)
    excerpt = _excerpt(passage, (quote[0] - passage.start, quote[1] - passage.start) if quote else None)
    facts = [words.in_force(document.effective_from, document.effective_to)]
    if passage.page is not None:
        facts.insert(0, f"Page {passage.page}")
    return (
        f'<li class="source{" is-cited" if cited else ""}"><button type="button" class="source-open"'
        f"{opening(document.id, *opens, number)}>"
        f'<span class="source-number">{number}</span><span class="source-body">'
        f'<span class="source-title">{escape(document.title)}</span>'
        f'<span class="source-where">{escape(words.section(document.title, passage.where))}</span>'
        f'<span class="source-excerpt">{excerpt}</span>'
        f'<span class="source-facts">{escape(" · ".join(facts))}</span></span></button></li>'
    )


def _excerpt(passage: Passage, quote: Span | None) -> str:
    """A window of the passage around ``quote`` (relative to it). A first line that is the heading is left out: the card
    names it already."""
    heading, _, body = passage.text.partition("\n")
    skipped = len(heading) + 1 if body and passage.where.endswith(heading) else 0
    text = passage.text
    start, end = quote or (skipped, skipped)
    first, last = words.excerpt_span(len(text), start, end, EXCERPT)
    first, last = words.whole_words(text, max(first, min(skipped, start)), last, (start, end))
    window = marked(text, first, last, quote)
    window = window.strip(" \n|").replace("\n\n", "\n").replace(" | ", ' <span class="cell">|</span> ')
    return ("… " if first > skipped else "") + window + (" …" if last < len(text) else "")


def sources_html(exchange: Exchange | None, given: int) -> str:
    """The sources of one exchange: the first ``given`` were read for the answer, the others are only near."""
    if exchange is None or not exchange.hits:
        return _no_sources(exchange)
    cited = [citation for sentence in exchange.sentences for citation in sentence.citations]
    cards = [
        source_html(hit, number, [one for one in cited if one.marker == number])
        for number, hit in enumerate(exchange.hits, 1)
    ]
    abstained = exchange.answer is not None and exchange.answer.status != "answered"
    title = "Nearest passages" if abstained else "Sources"
    near = ""
    if cards[given:]:
        near = f'<h3 class="label">Also near</h3><ol class="sources">{"".join(cards[given:])}</ol>'
    return (
        f'<section class="sources-panel" aria-label="{title}"><h2 class="panel-title">{title}</h2>'
        f'<p class="panel-note">For “{escape(exchange.question)}”</p>'
        f'<ol class="sources">{"".join(cards[:given])}</ol>{near}</section>'
    )


def _no_sources(exchange: Exchange | None) -> str:
    if exchange is not None and exchange.running:
        note = "Searching the documents…"
    elif exchange is not None:
        note = "No passage that you may read comes near this question."
    else:
        note = "The passages an answer rests on appear here, before its first sentence."
    return (
        '<section class="sources-panel is-empty" aria-label="Sources"><h2 class="panel-title">Sources</h2>'
        f'<p class="panel-note">{note}</p></section>'
    )


# ------------------------------------------------------------------------------------------------ the exchange


def conversation_html(conversation: Conversation) -> str:
    shown = "".join(exchange_html(one, number) for number, one in enumerate(conversation.exchanges))
    again = ""
    if conversation.exchanges and not conversation.exchanges[-1].running:
        again = f'<button type="button" class="quiet again"{attributes(send="clear")}>Start again</button>'
    return f'<div class="talk">{shown}{again}</div>'


def exchange_html(exchange: Exchange, number: int) -> str:
    answer = answer_html(exchange.sentences)
    busy = "true" if exchange.running else "false"
    sources = ""
    if exchange.hits:
        label = words.count(len(exchange.hits), "passage")
        sources = f'<button type="button" class="quiet"{attributes(send="sources", number=number)}>{label}</button>'
    return (
        f'<article class="exchange" id="exchange-{number}"><h2 class="question">{escape(exchange.question)}</h2>'
        f'<div class="said" aria-live="polite" aria-busy="{busy}">{answer}{_outcome(exchange)}</div>'
        f"{_footer(exchange, sources)}</article>"
    )


def _outcome(exchange: Exchange) -> str:
    if exchange.failure is not None:
        return (
            '<div class="card is-failure" role="alert"><h3>That did not work</h3>'
            f"<p>{escape(exchange.failure.message)}</p></div>"
        )
    if exchange.answer is not None and exchange.answer.status != "answered":
        return abstention_html(exchange.answer)
    if exchange.stopped:
        said = "What stands above is checked; more may have followed." if exchange.sentences else "Nothing was said."
        return f'<p class="notice">Stopped. {said}</p>'
    if exchange.answer is not None:
        return _withheld(exchange.answer.withheld) + _notices(exchange.answer.notices)
    elapsed = f'<span class="elapsed" aria-hidden="true">{exchange.seconds} s</span>' if exchange.seconds else ""
    return f'<p class="working" role="status"><span class="pulse"></span>{escape(words.stage(exchange.stage))}… {elapsed}</p>'


def _notices(notices: Sequence[str]) -> str:
    return "".join(f'<p class="notice">{escape(notice)}</p>' for notice in notices)


def _withheld(number: int) -> str:
    if not number:
        return ""
    verb = "was" if number == 1 else "were"
    return (
        f'<p class="notice">{words.count(number, "sentence")} {verb} withheld, because the documents did not support '
        f"{'it' if number == 1 else 'them'}.</p>"
    )


def abstention_html(answer: Answer) -> str:
    """Why nothing was said, what was missing, the nearest passages and what to do next."""
    reason = answer.abstention.reason if answer.abstention else answer.triage.reason
    missing = answer.abstention.missing if answer.abstention else ""
    looked = f'<p class="missing"><span class="label">Looked for</span> {escape(missing)}</p>' if missing else ""
    nearest = "".join(
        f'<li><button type="button" class="link"'
        f"{opening(hit.document.id, hit.passage.start, hit.passage.end, number)}>"
        f"{escape(words.place(hit.document.title, hit.passage.where))}</button></li>"
        for number, hit in enumerate(answer.hits[:NEAREST], 1)
    )
    near = f'<h4 class="label">Nearest passages</h4><ul>{nearest}</ul>' if nearest else ""
    return (
        f'<div class="card is-abstention"><h3>{words.HEADLINES[answer.status] or "Not in the documents"}</h3>'
        f"<p>{escape(reason)}</p>{looked}{near}"
        f'<p class="next">{_next_step(answer)}</p></div>'
    )


def _next_step(answer: Answer) -> str:
    match answer.status:
        case "clarify":
            return "Add the detail and ask again."
        case "escalated":
            return "Take it to the team that owns the subject, and quote the receipt below."
        case "refused":
            return "Ask about something that the documents deal with."
        case _:
            return "Put it in other words, or take it to the owner of the document, and quote the receipt below."


def _footer(exchange: Exchange, sources: str) -> str:
    """Discreet: sources, time, receipt; how it was made folds out."""
    answer = exchange.answer
    if answer is None:
        receipt = exchange.failure.receipt if exchange.failure else None
        shown = sources + (receipt_html(receipt.id, receipt.hash) if receipt else "")
        return f'<footer class="made">{shown}</footer>' if shown else ""
    rows = {
        "Rules as of": words.day(answer.as_of),
        "Passages found": words.seconds(answer.timings.retrieve),
        "First sentence": words.seconds(answer.timings.first_sentence),
        "Finished": words.seconds(answer.timings.total),
        "Sentences": f"{len(answer.sentences)} shown, {answer.withheld} withheld",
        "Release": answer.release.id,
        "Knowledge": f"snapshot {answer.release.snapshot[:12]}",
        "Access policy": answer.release.policy,
        "Receipt": answer.receipt.hash,
    }
    details = "".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in rows.items())
    return (
        f'<footer class="made">{sources}<span>{words.seconds(answer.timings.total)}</span>'
        f"{receipt_html(answer.receipt.id, answer.receipt.hash)}"
        f'<details><summary>How this was made</summary><dl class="facts">{details}</dl></details></footer>'
    )


def receipt_html(receipt_id: str, receipt_hash: str) -> str:
    return (
        f'<button type="button" class="quiet receipt" title="Copy the receipt"'
        f"{attributes(local='copy', copy=f'{receipt_id} {receipt_hash}')}>"
        f"Receipt <code>{escape(receipt_id[:12])}</code></button>"
    )
