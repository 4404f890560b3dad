"""A change that is near is announced, a text that is past is named as such, and nothing of it is told to who may not read it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import access
from assistant.access import Policy
from assistant.knowledge.versions import notices, superseded, upcoming
from assistant.types import Access, Document, Principal
from tests.world import STAFF

OPEN = Policy(collections={"rules": Access(allow=frozenset({"staff"}))})
DAY = date(2026, 3, 1)


def document(name: str, key: str = "rules/gifts", **dates: Any) -> Document:
    return Document(
        id=f"d-{name}",
        key=key,
        version=name,
        uri=f"rules/{name}.md",
        title="Gifts Policy",
        text="",
        text_sha256="",
        landmarks=(),
        collection="rules",
        reader="md/1",
        **dates,
    )


def held(*documents: Document) -> dict[str, Document]:
    return {d.id: d for d in documents}


def test_a_change_within_the_days_is_announced() -> None:
    old, new = document("old", effective_to=date(2026, 2, 28)), document("new", effective_from=DAY)
    both = held(old, new)
    told = upcoming(both, old, STAFF, OPEN, date(2026, 1, 1), 90)
    assert told is not None
    assert (told.on, told.by, told.said) == (DAY, new, "Gifts Policy changes on 1 March 2026.")
    assert upcoming(both, old, STAFF, OPEN, date(2026, 1, 1), 58) is None
    assert upcoming(both, old, STAFF, OPEN, DAY, 90) is None
    assert upcoming(both, new, STAFF, OPEN, DAY, 9999) is None


def test_an_end_without_a_successor_is_announced_as_such() -> None:
    old = document("old", effective_to=date(2026, 2, 28))
    told = upcoming(held(old), old, STAFF, OPEN, date(2026, 2, 1), 90)
    assert told is not None
    assert told.said == "Gifts Policy ceases to be in force on 1 March 2026."


def test_another_document_may_take_its_place() -> None:
    old = document("old", effective_from=date(2024, 1, 1))
    new = document("conduct", key="rules/conduct", effective_from=DAY, supersedes="rules/old.md")
    told = superseded(held(old, new), old, STAFF, OPEN, DAY)
    assert told is not None
    assert told.by == new
    assert superseded(held(old, new), old, STAFF, OPEN, DAY - timedelta(days=1)) is None


def test_what_is_past_is_named() -> None:
    old, new = document("old", effective_to=date(2026, 2, 28)), document("new", effective_from=DAY)
    told = superseded(held(old, new), old, STAFF, OPEN, date(2026, 11, 21))
    assert told is not None
    assert told.said == "This text of Gifts Policy was superseded by another version on 1 March 2026."
    assert superseded(held(old), old, STAFF, OPEN, date(2026, 2, 28)) is None


@pytest.mark.parametrize(
    "hidden", [Access(allow=frozenset({"mlro"})), Access(allow=frozenset({"staff"}), deny=STAFF.groups)]
)
def test_a_change_that_one_may_not_read_is_not_announced(hidden: Access) -> None:
    old, new = document("old"), document("new", effective_from=DAY)
    policy = Policy(collections=OPEN.collections, documents={new.uri: hidden})
    assert upcoming(held(old, new), old, STAFF, policy, date(2026, 1, 1), 90) is None
    assert superseded(held(old, new), old, STAFF, policy, date(2027, 1, 1)) is None


def test_beside_an_answer_each_notice_is_said_once() -> None:
    old, new = document("old", effective_to=date(2026, 2, 28)), document("new", effective_from=DAY)
    end = document("end", key="rules/end", effective_to=date(2026, 12, 31))
    everything = held(old, new, end)

    def told(as_of: date, today: date) -> tuple[str, ...]:
        cited = ("d-old", "d-old", "d-new", "d-end")
        return notices(everything, cited, STAFF, OPEN, as_of=as_of, today=today, days=90)

    assert told(date(2026, 1, 5), date(2026, 1, 5)) == ("Gifts Policy changes on 1 March 2026.",)
    assert told(date(2026, 1, 5), date(2026, 11, 21)) == (
        "This text of Gifts Policy was superseded by another version on 1 March 2026.",
    )
    assert told(date(2026, 11, 21), date(2026, 11, 21))[-1] == "Gifts Policy ceases to be in force on 1 January 2027."
    assert told(date(2026, 4, 1), date(2026, 2, 1)) == ()


DATES = st.none() | st.dates(min_value=date(2026, 1, 1), max_value=date(2026, 1, 20))


@given(
    ends=DATES,
    begins=st.lists(DATES, max_size=3),
    as_of=st.dates(min_value=date(2026, 1, 1), max_value=date(2026, 1, 20)),
    days=st.integers(0, 25),
)
def test_announced_is_what_changes_from_a_day_on(
    ends: date | None, begins: list[date | None], as_of: date, days: int
) -> None:
    """Whatever the dates: a change is announced before it comes and named after it came, never both, and it is the first."""
    old = document("old", effective_to=ends)
    everything = held(old, *(document(f"new-{n}", effective_from=day) for n, day in enumerate(begins)))
    principal = Principal(user="x", groups=frozenset({"staff"}))
    told = upcoming(everything, old, principal, OPEN, as_of, days)
    past = superseded(everything, old, principal, OPEN, as_of)
    assert told is None or past is None
    for change, on in ((told, told.on if told else None), (past, past.since if past else None)):
        if change is not None and on is not None:
            assert change.by is None or change.by.effective_from == on
            assert not any(b is not None and b < on for b in begins)
            assert change.by is not None or not access.in_force(old, on)
    if told is not None:
        assert as_of < told.on <= as_of + timedelta(days=days)
