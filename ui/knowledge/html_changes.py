"""The knowledge manager's room as HTML, second part: what would change, the job at work, the verdict, the publication."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from assistant.knowledge.candidates import Candidate
from assistant.types import Progress
from ingest.pipeline import Report
from ui import words
from ui.knowledge.html import change_row, done_html, moment, panel, readers, reason_field, table
from ui.knowledge.sight import Sight
from ui.knowledge.work import Job
from ui.render import attributes
from ui.shell import message_html

STAGES = {
    "discover": "Looking for files",
    "read": "Reading",
    "split": "Splitting",
    "embed": "Embedding what is new",
    "index": "Writing the index",
    "judge": "Judging",
    "answer": "Answering golden questions",
}
STATES = ("added", "changed", "removed", "unchanged")
CHECKS = {
    "removals": "Nothing vanishes unawares",
    "deleted": "What is deleted is gone",
    "canaries": "Nobody finds what they may not read",
    "golden questions": "Golden questions are found",
    "golden answers": "Golden questions are answered",
}
RUNNING = '<div class="job"'
"""How the panel begins to show a job at work."""
SAME = "No document would change. Another owner, licence, review date or rule of access is taken over all the same."
SERVED = "There is nothing to publish: these documents and rules of access are served already."
UNSEEN = "Documents that you may not read took part too; they are not listed."
ASK = "What was said names documents that you may not read; somebody who may read all of them can look here."


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What the changes panel shows. ``candidate`` is what the last job prepared and is not served yet; ``jobs`` the
    catalogue's, newest first; ``whole``: the manager may read all there is;."""

    job: Job | None
    candidate: Candidate | None
    jobs: Sequence[Mapping[str, str | int]]
    who: str
    whole: bool
    four_eyes: bool


def changes_html(standing: Standing, sight: Sight, said: str) -> str:
    note = "What the folders hold against what is served: looked at first, then prepared and judged, then published."
    job = standing.job
    if job is None:
        body = (
            f'<p class="state">Nothing has been looked at since the server started.</p>{_look("See what would change")}'
        )
    elif job.running:
        body = running_html(job)
    elif job.report is None:
        sentence = job.error if standing.whole else ASK
        body = message_html("That did not work", sentence) + _look("Look again")
    elif job.kind == "look":
        body = _looked(job, job.report, standing, sight)
    else:
        body = _prepared(job.report, standing, sight)
    recent = "" if job and job.running else _jobs(standing)
    return panel("changes", "Changes", note, body + recent, said)


def running_html(job: Job) -> str:
    title = "Looking" if job.kind == "look" else "Preparing"
    rows = "".join(_stage(one, current=one is job.stages[-1]) for one in job.stages)
    return (
        f'{RUNNING} role="status"><p class="working"><span class="pulse"></span>{title}, started by '
        f'{escape(job.who)}. This page may be closed.</p><ul class="stages">{rows}</ul></div>'
    )


def _stage(progress: Progress, current: bool) -> str:
    name = STAGES.get(progress.stage) or words.stage(progress.stage)
    count = f"{progress.done:,} of {progress.total:,}" if progress.total else ""
    known = f' value="{progress.done}" max="{progress.total}"' if progress.total else ""
    return (
        f"<li{' class=' + chr(34) + 'is-current' + chr(34) if current else ''}><span>{escape(name)}</span>"
        f'<progress{known} aria-label="{escape(name)}"></progress><span class="elapsed">{count}</span></li>'
    )


def _look(label: str, kind: str = "primary") -> str:
    return f'<p class="actions"><button type="button" class="{kind}"{attributes(send="look")}>{label}</button></p>'


def _looked(job: Job, report: Report, standing: Standing, sight: Sight) -> str:
    changed = sum(len(getattr(report, state)) for state in ("added", "changed", "removed", "questions"))
    warning = ""
    if report.refusal:
        limit = report.refusal if standing.whole else "More documents would vanish at once than is allowed."
        warning = f'<p class="late">{escape(limit)} The gate will say no.</p>'
    nothing = "" if changed else f'<p class="state">{SAME}</p>'
    if job.who == standing.who:
        prepare = (
            f"<form{attributes(submit='prepare')}>{reason_field('What this change is for, kept in the record')}"
            '<p class="actions"><button class="primary">Prepare and judge</button>'
            f'<button type="button" class="secondary"{attributes(send="look")}>Look again</button></p></form>'
        )
    else:
        prepare = f'<p class="state">{escape(job.who)} looked at this.</p>{_look("Look yourself")}'
    return f"{_counts(report)}{warning}{nothing}{_changes(report, sight)}{_questions(report, sight)}{prepare}"


def _counts(report: Report) -> str:
    """Of everything that took part."""
    rows = [(name, len(getattr(report, name))) for name in (*STATES, "quarantined")]
    cells = "".join(f'<li class="is-{name}"><strong>{number:,}</strong> {name}</li>' for name, number in rows)
    return f'<ul class="counts">{cells}</ul>'


def _changes(report: Report, sight: Sight) -> str:
    """The table: what changes and what is kept out; of the unchanged only the number."""
    rows, hidden = [], False
    for change in sorted(report.changes, key=lambda c: (STATES.index(c.state), c.uri)):
        hidden = hidden or not sight.uri(change.uri)
        if change.state == "unchanged" or not sight.uri(change.uri):
            continue
        then = readers(sight.asked(change.uri)) if change.state != "removed" else "nobody"
        rows.append(change_row(change.state, change.uri, change.why and f"{change.why} changed", then))
    for refused in report.quarantined:
        hidden = hidden or not sight.uri(refused["uri"])
        if sight.uri(refused["uri"]):
            rows.append(change_row("quarantined", refused["uri"], refused["reason"], "nobody"))
    shown = table("What would change", ("", "Document", "Why", "Read by"), rows, "changes") if rows else ""
    return shown + (f'<p class="panel-note">{UNSEEN}</p>' if hidden else "")


def _questions(report: Report, sight: Sight) -> str:
    """Known questions that are others than the served ones, and those whose section is not there."""
    titles = [draft.title for draft in sight.collections() if draft.id in report.questions]
    said = f'<p class="panel-note">The known questions of {escape(" and ".join(titles))} change.</p>' if titles else ""
    rows = [
        f'<tr><th scope="row">{escape(known["uri"])}</th><td>{escape(known["section"])}</td>'
        f"<td>{escape(known['question'])}</td></tr>"
        for known in report.unplaced
        if sight.uri(known["uri"])
    ]
    if rows:
        lost = "Known questions whose section is not there"
        said += (
            f'<p class="panel-note">{lost}; they are left out. Correct the section, or take them out of their file.</p>'
        )
        said += table(lost, ("Document", "Section", "Known question"), rows)
    return said


def _prepared(report: Report, standing: Standing, sight: Sight) -> str:
    told = (
        f"{words.count(report.documents, 'document')}, {words.count(report.passages, 'passage')}, {report.embedded:,} embedded, "
        f"{report.seconds:.1f} s."
    )
    head = f'{_counts(report)}<p class="state">{told}</p>{_changes(report, sight)}{_questions(report, sight)}'
    if report.verdict is None:
        return f"{head}{done_html(SERVED)}{_look('Look again')}"
    if standing.candidate is None:
        return (
            f"{head}{verdict_html(report.verdict, standing.whole)}{done_html('It is published.')}{_look('Look again')}"
        )
    return head + candidate_html(standing.candidate, standing) + _look("Look again", "secondary")


# ------------------------------------------------------------------------------------------------ verdict and publication


def verdict_html(verdict: Mapping[str, Any], whole: bool) -> str:
    rows = "".join(
        f'<li class="{"is-passed" if check["passed"] else "is-failed"}"><span class="badge">'
        f"{'pass' if check['passed'] else 'fail'}</span><span><strong>"
        f"{escape(CHECKS.get(check['name'], str(check['name']).capitalize()))}.</strong> "
        f"{escape(check['said'] if whole else '')}</span></li>"
        for check in verdict["checks"]
    )
    note = "" if whole else f'<p class="panel-note">{ASK}</p>'
    return f'<ul class="verdict">{rows}</ul>{note}'


def candidate_html(candidate: Candidate, standing: Standing) -> str:
    """What waits for publication: who prepared it, the verdict, and the form that publishes it where this manager may."""
    passed = bool(candidate.verdict["passed"])
    title = "The gate lets it pass" if passed else "The gate says no"
    by = f"Prepared by {candidate.who} on {moment(candidate.at)}: {candidate.why}"
    if standing.four_eyes and candidate.who == standing.who:
        form = '<p class="state">You prepared it, so somebody else has to publish it.</p>'
    else:
        label = (
            "Reason, kept in the record" if passed else "Why it is published in spite of the gate, kept in the record"
        )
        force = "" if passed else '<input type="hidden" name="force" value="yes">'
        button = "Publish" if passed else "Publish in spite of the gate"
        form = (
            f"<form{attributes(submit='publish', snapshot=candidate.snapshot)}>{force}{reason_field(label)}"
            f'<p class="actions"><button class="{"primary" if passed else "danger"}">{button}</button></p></form>'
        )
    return (
        f'<article class="card candidate{"" if passed else " is-failure"}"><h3>{title}</h3>'
        f'<p class="panel-note"><code>{escape(candidate.snapshot)}</code> · {escape(by)}</p>'
        f"{verdict_html(candidate.verdict, standing.whole)}{form}</article>"
    )


def _jobs(standing: Standing) -> str:
    if not standing.jobs:
        return ""
    rows = []
    for job in standing.jobs:
        state, total = str(job["state"]), int(job["total"])
        count = f"{job['stage']} {job['done']:,} of {total:,}" if total and state == "running" else ""
        note = str(job["note"]) if standing.whole or state == "done" else ""
        rows.append(
            f'<tr><th scope="row">{escape(moment(str(job["started"])))}</th><td>{escape(str(job["kind"]))}</td>'
            f"<td>{escape(state)}</td><td>{escape(count or note)}</td></tr>"
        )
    recent = table("Recent ingestions", ("Started", "What", "State", ""), rows)
    return f"<details><summary>Recent ingestions</summary>{recent}</details>"
