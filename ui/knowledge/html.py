"""The knowledge manager's room as HTML, first part: its frame, the sources and what waits for a decision. Pure functions.

Forms name in ``data-submit`` the event that tells the page's handlers what was filled in (`ui/knowledge.js`). The server looks
everything up again: nothing that comes back from a browser is believed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape

from assistant.types import Access
from ingest.drafts import ASKED, Draft, FileEntry
from ui import words
from ui.render import attributes
from ui.stewardship import Waiting

ROOMS = {
    "sources": "Sources",
    "changes": "Changes",
    "waiting": "Decisions",
    "snapshots": "Snapshots",
    "documents": "Documents",
    "search": "Search test",
}
FIELDS = {"title": "Title", "owner": "Owner", "licence": "Licence", "review_date": "Next review"}


def nav_html(waiting: int) -> str:
    """The room's tabs. ``waiting``: how many decisions somebody has to make."""
    tabs = []
    for name, title in ROOMS.items():
        count = f' <span class="badge is-waiting">{waiting}</span>' if name == "waiting" and waiting else ""
        tabs.append(
            f'<button type="button" aria-pressed="false"{attributes(local="room", room=name, send="refresh")}>'
            f"{title}{count}</button>"
        )
    return f'<nav class="tabs rooms" aria-label="Knowledge">{"".join(tabs)}</nav>'


def panel(name: str, title: str, note: str, body: str, said: str = "") -> str:
    """``said``: what came of the last action, HTML, above everything else."""
    return (
        f'<section class="room-body" aria-label="{ROOMS[name]}"><h1>{escape(title)}</h1>'
        f'<p class="panel-note">{escape(note)}</p><div aria-live="polite">{said}</div>{body}</section>'
    )


def done_html(sentence: str) -> str:
    return f'<p class="said" role="status">{escape(sentence)}</p>'


def table(label: str, heads: Sequence[str], rows: Sequence[str], kind: str = "") -> str:
    """``rows`` are ``<tr>`` elements."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    return (
        f'<div class="table {kind}" tabindex="0" role="region" aria-label="{escape(label)}"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def field(name: str, label: str, value: str = "", kind: str = "text", **more: object) -> str:
    """One labelled input. ``more`` are attributes; one that is False is left out, one that is True has no value."""
    extra = "".join(
        f" {key}" if given is True else f' {key}="{escape(str(given))}"'
        for key, given in more.items()
        if given is not False
    )
    return (
        f'<label class="field"><span>{escape(label)}</span>'
        f'<input type="{kind}" name="{name}" value="{escape(value)}"{extra}></label>'
    )


def reason_field(label: str, required: bool = True) -> str:
    return field("reason", label, maxlength=500, required=required, autocomplete="off")


def readers(access: Access) -> str:
    """ "staff, public; not trainees"."""
    allowed = ", ".join(sorted(access.allow)) or "nobody"
    return f"{allowed}; not {', '.join(sorted(access.deny))}" if access.deny else allowed


def change_row(state: str, uri: str, why: str, then: str) -> str:
    said = f"{why[:1].upper()}{why[1:]}"
    return (
        f'<tr><td><span class="badge is-{state}">{state}</span></td><th scope="row">{escape(uri)}</th>'
        f"<td>{escape(said)}</td><td>{escape(then)}</td></tr>"
    )


def size_of(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{max(size / 1000, 0.1):.1f} kB"


def moment(iso: str) -> str:
    """ "2026-11-21 10:49" of an ISO time."""
    return iso[:16].replace("T", " ")


# ------------------------------------------------------------------------------------------------ sources


def sources_html(
    drafts: Sequence[Draft], files: Mapping[str, Sequence[tuple[str, int]]], today: date, largest_mb: int, said: str
) -> str:
    """``files``: path and bytes of what the manager may see, by collection."""
    cards = "".join(_draft_html(draft, files[draft.id], today, largest_mb) for draft in drafts)
    note = (
        "What lies in the collections’ folders. Nothing here is searched or quoted before it has been looked at, prepared, "
        "judged and published."
    )
    on = ""
    if drafts:
        on = (
            '<p class="actions"><button type="button" class="primary"'
            f"{attributes(local='room', room='changes', send='look')}>See what would change</button></p>"
        )
    return panel(
        "sources", "Sources", note, (cards or '<p class="state">There is no collection you may read.</p>') + on, said
    )


def _draft_html(draft: Draft, files: Sequence[tuple[str, int]], today: date, largest_mb: int) -> str:
    missing = ", ".join(FIELDS[name].lower() for name in draft.missing)
    problem = f"Not said yet: {missing}. It can’t be published before that." if missing else draft.problem
    warning = f'<p class="late">{escape(problem)}</p>' if problem else ""
    review = "–"
    if draft.review_date:
        late = draft.review_date < today
        review = f"{words.day(draft.review_date)}{' (overdue)' if late else ''}"
    facts = " · ".join(
        (
            f"Owner: {draft.owner or '–'}",
            draft.licence or "no licence",
            f"Next review: {review}",
            f"Read by {readers(draft.access)}",
        )
    )
    values = {"title": draft.title, "owner": draft.owner, "licence": draft.licence}
    inputs = "".join(
        field(name, FIELDS[name], values.get(name, ""), required=True, maxlength=200) for name in ASKED[:3]
    )
    day = draft.review_date.isoformat() if draft.review_date else ""
    return (
        f'<article class="source-collection"><h2 class="collection">{escape(draft.title or draft.id)}</h2>'
        f'<p class="panel-note">{escape(facts)}</p>{warning}'
        f'<div class="drop"{attributes(drop=draft.id)}><p>Drop files here, or <label class="link">choose them'
        '<input type="file" class="sr" multiple></label></p>'
        f'<p class="panel-note">PDF, Word, Excel, HTML, Markdown, text or ZIP, up to {largest_mb} MB each.</p>'
        '<ul class="drops" aria-live="polite"></ul></div>'
        f"<details{' open' if missing else ''}><summary>Title, owner, licence, review</summary>"
        f'<form{attributes(submit="fill_in", collection=draft.id)}><div class="fields">{inputs}'
        f"{field('review_date', FIELDS['review_date'], day, 'date', required=True)}</div>"
        '<p class="actions"><button class="secondary">Save</button></p></form></details>'
        f"<details><summary>{words.count(len(files), 'file')}</summary>{_files_html(draft, files)}</details></article>"
    )


def _files_html(draft: Draft, files: Sequence[tuple[str, int]]) -> str:
    names = [path for path, _ in files]
    rows = [
        f'<li class="file"><details><summary><span>{escape(path)}</span>'
        f'<span class="panel-note">{size_of(size)} · read by {escape(readers(draft.rule(path)))}</span></summary>'
        f"{_file_form(draft.id, path, draft.entry(path), names)}</details></li>"
        for path, size in files
    ]
    return f'<ul class="files">{"".join(rows)}</ul>'


def _file_form(collection: str, path: str, entry: FileEntry, names: Sequence[str]) -> str:
    options = "".join(
        f'<option value="{escape(name)}"{" selected" if name == entry.supersedes else ""}>{escape(name)}</option>'
        for name in names
        if name != path
    )
    since = entry.effective_from.isoformat() if entry.effective_from else ""
    until = entry.effective_to.isoformat() if entry.effective_to else ""
    return (
        f'<form{attributes(submit="describe", collection=collection, path=path)}><div class="fields">'
        f"{field('title', 'Title', entry.title, maxlength=200)}"
        f"{field('effective_from', 'In force from', since, 'date')}{field('effective_to', 'Last day in force', until, 'date')}"
        '<label class="field"><span>Takes the place of</span><select name="supersedes"><option value="">nothing</option>'
        f"{options}</select></label></div>"
        '<p class="actions"><button class="secondary">Save</button></p></form>'
    )


# ------------------------------------------------------------------------------------------------ decisions


def waiting_html(rows: Sequence[Waiting], said: str) -> str:
    note = "Documents that the quality rules keep out until a person decides. A decision is about this very version."
    undecided = [row for row in rows if row.decision is None]
    decided = [row for row in rows if row.decision is not None]
    body = "".join(_waiting_html(row) for row in undecided) or '<p class="state">Nothing waits for a decision.</p>'
    if decided:
        body += f"<details><summary>{words.count(len(decided), 'decided version')}</summary>"
        body += "".join(_waiting_html(row) for row in decided) + "</details>"
    return panel("waiting", "Decisions", note, body, said)


def _waiting_html(row: Waiting) -> str:
    found = "".join(
        f"<li><strong>{escape(str(f['kind']).capitalize())}.</strong> {escape(str(f['message']))}</li>"
        for f in row.findings
    )
    last = ""
    if row.decision:
        last = (
            f'<p class="panel-note">{row.decision.act.capitalize()} by {escape(row.decision.who)} on '
            f"{escape(row.decision.at[:10])}: {escape(row.decision.why)}</p>"
        )
    return (
        f'<article class="card decision"><h3>{escape(row.uri)}</h3><ul>{found}</ul>{last}'
        f"<form{attributes(submit='decide', document=row.document)}>{reason_field('Reason, kept in the record')}"
        '<p class="actions"><button class="secondary" name="act" value="released">Let it in</button>'
        '<button class="secondary" name="act" value="refused">Keep it out</button></p></form></article>'
    )
