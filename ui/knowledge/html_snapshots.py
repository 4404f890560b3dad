"""The knowledge manager's room as HTML, third part: the snapshots, how two differ, who published which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from assistant.knowledge.candidates import Candidate
from assistant.knowledge.generations import Generation
from ui import words
from ui.knowledge.html import change_row, moment, panel, reason_field, size_of, table
from ui.knowledge.html_changes import Standing, candidate_html
from ui.render import attributes

PARTS = {
    "version": "its bytes",
    "text_sha256": "its text",
    "key": "its key",
    "title": "its title",
    "effective_from": "its dates",
    "effective_to": "its dates",
    "supersedes": "what it supersedes",
    "reader": "its reader",
}
"""What `generations.difference` names, in the words of a dry run."""


def snapshots_html(
    rows: Sequence[Generation],
    waiting: Sequence[Candidate],
    publications: Sequence[Mapping[str, Any]],
    standing: Standing,
    said: str,
) -> str:
    """``waiting`` newest first, ``publications`` oldest first."""
    note = (
        "Every generation of the knowledge that is kept. Publishing and going back take effect with the next question."
    )
    cards = "".join(candidate_html(one, standing) for one in waiting)
    once = {str(row["snapshot"]) for row in publications}
    shown = table(
        "Snapshots", ("Snapshot", "Published", "Holds", ""), [_generation(row, row.id in once) for row in rows], "wide"
    )
    told = [_publication(row, standing.whole) for row in reversed(publications)]
    history = table("Publications", ("When", "What", "Who", "Why"), told[:20])
    return panel(
        "snapshots",
        "Snapshots",
        note,
        f"{cards}{shown}<details><summary>Publications</summary>{history}</details>",
        said,
    )


def _generation(row: Generation, published: bool) -> str:
    state = "damaged" if row.damage else "served" if row.served else "waits" if row.waits else ""
    badge = f' <span class="badge is-{state}">{state}</span>' if state else ""
    acts = ""
    if not row.served and not row.damage:
        acts = f'<button type="button" class="link"{attributes(send="compare", snapshot=row.id)}>Compare</button>'
        if published:
            acts += (
                f'<details class="inline"><summary>Go back to it</summary><form{attributes(submit="rollback", snapshot=row.id)}>'
                f'{reason_field("Reason, kept in the record")}<p class="actions"><button class="danger">Serve it again</button>'
                "</p></form></details>"
            )
    holds = f"{words.count(row.documents, 'document')}, {words.count(row.passages, 'passage')}, {size_of(row.bytes)}"
    return (
        f'<tr><th scope="row"><code>{escape(row.id[:14])}</code>{badge}</th>'
        f"<td>{escape(moment(row.published)) if row.published else '–'}</td><td>{holds}</td>"
        f'<td class="acts">{acts}</td></tr>'
    )


def _publication(row: Mapping[str, Any], whole: bool) -> str:
    forced = " (forced)" if row["forced"] else ""
    who = f"{row['who']}, prepared by {row['prepared_by']}" if row["prepared_by"] else str(row["who"])
    return (
        f'<tr><th scope="row">{escape(moment(str(row["at"])))}</th>'
        f"<td>{escape(str(row['kind']))}{forced} <code>{escape(str(row['snapshot'])[:14])}</code></td>"
        f"<td>{escape(who)}</td><td>{escape(str(row['why']))}</td></tr>"
    )


def difference_html(snapshot: str, found: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """What publishing ``snapshot`` in place of the served one would do, among the documents that the manager may read."""
    rows = [change_row("added", uri, "", titles[uri]) for uri in found["added"]]
    rows += [
        change_row(
            "changed",
            each["uri"],
            f"{', '.join(dict.fromkeys(PARTS.get(name, name) for name in each['what']))} changed",
            titles[each["uri"]],
        )
        for each in found["changed"]
    ]
    rows += [change_row("removed", uri, "", titles[uri]) for uri in found["removed"]]
    head = (
        f"<h2>From what is served to <code>{escape(snapshot[:14])}</code></h2>"
        f'<p class="panel-note">{found["unchanged"]:,} unchanged, of what you may read.</p>'
    )
    body = table("Differences", ("", "Document", "What", "Title"), rows, "changes") if rows else ""
    return f'<div class="difference">{head}{body or "<p>They hold the same documents.</p>"}</div>'
