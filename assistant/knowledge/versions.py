"""Versions in time: what takes the place of a document soon, and what has taken it already.

A successor is a version of the same key with a later beginning, or a document that names this one in ``supersedes``. Only what
the principal may read is announced: that a change is coming may itself be restricted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from assistant import access
from assistant.access import Policy
from assistant.types import Document, Principal


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """``on`` is the first day of the change. ``by`` is what then holds, None where the document ends without a successor
    that the principal may read."""

    document: Document
    on: date
    by: Document | None

    @property
    def said(self) -> str:
        """One sentence."""
        if self.by is None:
            return f"{self.document.title} ceases to be in force on {_day(self.on)}."
        return f"{self.document.title} changes on {_day(self.on)}."


@dataclass(frozen=True, kw_only=True)
class Superseded:
    """``since`` is the first day on which the document was in force no more."""

    document: Document
    since: date
    by: Document | None

    @property
    def said(self) -> str:
        """One sentence."""
        if self.by is None:
            return f"{self.document.title} has not been in force since {_day(self.since)}."
        what = "another version" if self.by.key == self.document.key else self.by.title
        return f"This text of {self.document.title} was superseded by {what} on {_day(self.since)}."


def upcoming(
    documents: Mapping[str, Document], document: Document, principal: Principal, policy: Policy, as_of: date, days: int
) -> Announcement | None:
    """The change of ``document`` that takes effect after ``as_of`` and within ``days`` days of it, where there is one."""
    successor, on = _end(documents, document, principal, policy)
    if on is None or not as_of < on <= as_of + timedelta(days=days):
        return None
    return Announcement(document=document, on=on, by=successor)


def superseded(
    documents: Mapping[str, Document], document: Document, principal: Principal, policy: Policy, today: date
) -> Superseded | None:
    """Says so where ``document`` is in force no more on ``today``, as where an answer is asked for an earlier day."""
    successor, on = _end(documents, document, principal, policy)
    if on is None or today < on:
        return None
    return Superseded(document=document, since=on, by=successor)


def notices(
    documents: Mapping[str, Document],
    cited: Iterable[str],
    principal: Principal,
    policy: Policy,
    *,
    as_of: date,
    today: date,
    days: int,
) -> tuple[str, ...]:
    """What is to be said beside an answer, a sentence each, once each: of every cited document (by id, in order) that it is
    superseded ``today``, else that it changes within ``days`` days of ``as_of``."""
    said: dict[str, None] = {}
    for identity in cited:
        document = documents[identity]
        past = superseded(documents, document, principal, policy, today)
        soon = upcoming(documents, document, principal, policy, as_of, days)
        change = past or soon
        if change is not None:
            said[change.said] = None
    return tuple(said)


def _end(
    documents: Mapping[str, Document], document: Document, principal: Principal, policy: Policy
) -> tuple[Document | None, date | None]:
    """What follows, and the first day on which ``document`` is not in force any more; None where no end is known."""
    followers = [
        d
        for d in documents.values()
        if d.id != document.id
        and d.effective_from is not None
        and (d.key == document.key or d.supersedes == document.uri)
        and d.effective_from > (document.effective_from or date.min)
        and access.visible(principal, policy, d, None)
    ]
    first = min(followers, key=lambda d: (d.effective_from or date.max, d.id), default=None)
    begins = first.effective_from if first else None
    ends = document.effective_to + timedelta(days=1) if document.effective_to else None
    if ends is not None and (begins is None or ends < begins):
        return None, ends
    return first, begins


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
