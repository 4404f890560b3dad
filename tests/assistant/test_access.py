"""Who may read what: deny wins, nobody by default, the last day is in force; a policy survives being written down."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.access import NOBODY, Policy, in_force, may_read, read_one, readable
from assistant.errors import AccessError
from assistant.types import Access, Document, Principal
from tests.world import MLRO, STAFF, TODAY

GROUPS = st.frozensets(st.sampled_from(["staff", "mlro", "public"]))
ACCESS = st.builds(Access, allow=GROUPS, deny=GROUPS)
POLICIES = st.builds(
    Policy,
    collections=st.dictionaries(st.text(max_size=3), ACCESS, max_size=3),
    documents=st.dictionaries(st.text(max_size=3), ACCESS, max_size=3),
)
DOCUMENT = Document(
    id="d-1",
    key="rules/gifts",
    version="v",
    uri="rules/gifts.md",
    title="Gifts",
    text="Text.",
    text_sha256="t",
    landmarks=(),
    collection="rules",
    reader="markdown/1",
)


@given(groups=GROUPS, access=ACCESS)
def test_deny_wins_and_nobody_is_the_default(groups: frozenset[str], access: Access) -> None:
    principal = Principal(user="someone", groups=groups)
    assert may_read(principal, access) == (
        any(g in access.allow for g in groups) and all(g not in access.deny for g in groups)
    )
    assert not may_read(principal, NOBODY)
    assert not may_read(Principal(user="someone", groups=frozenset()), access)


@given(groups=GROUPS, more=GROUPS, access=ACCESS)
def test_taking_from_allow_or_adding_to_deny_never_widens(
    groups: frozenset[str], more: frozenset[str], access: Access
) -> None:
    principal = Principal(user="someone", groups=groups)
    for narrower in (replace(access, allow=access.allow - more), replace(access, deny=access.deny | more)):
        assert may_read(principal, access) or not may_read(principal, narrower)


@given(policy=POLICIES)
def test_a_policy_is_read_as_it_was_written(policy: Policy) -> None:
    again = Policy.from_json(policy.to_json())
    assert again == policy
    assert again.version == policy.version


@given(policy=POLICIES, other=POLICIES)
def test_policies_that_differ_have_other_versions(policy: Policy, other: Policy) -> None:
    assert (policy.version == other.version) == (policy == other)


def test_a_documents_own_entry_stands_before_its_collections() -> None:
    staff, mlro = Access(allow=frozenset({"staff"})), Access(allow=frozenset({"mlro"}))
    assert Policy().access_of(DOCUMENT) == NOBODY
    assert Policy(collections={"rules": staff}).access_of(DOCUMENT) == staff
    assert Policy(collections={"rules": staff}, documents={"rules/gifts.md": mlro}).access_of(DOCUMENT) == mlro
    assert Policy(collections={"rules": staff}, documents={"rules/gifts.md": NOBODY}).access_of(DOCUMENT) == NOBODY


@given(start=st.none() | st.dates(), days=st.none() | st.integers(0, 900), as_of=st.dates())
def test_a_document_is_in_force_from_its_first_day_to_its_last(
    start: date | None, days: int | None, as_of: date
) -> None:
    begin = start or date(2026, 1, 1)
    end = None if days is None else min(begin, date(9990, 1, 1)) + timedelta(days=days)
    document = replace(DOCUMENT, effective_from=start, effective_to=end)
    assert in_force(document, as_of) == ((start or date.min) <= as_of <= (end or date.max))


def test_one_sentence_for_hidden_and_for_absent() -> None:
    documents = {"d-1": DOCUMENT}
    policy = Policy(collections={"rules": Access(allow=frozenset({"mlro"}))})
    assert read_one(documents, "d-1", MLRO, policy) is DOCUMENT
    told = []
    for wanted in ("d-1", "d-2"):
        with pytest.raises(AccessError) as caught:
            read_one(documents, wanted, STAFF, policy)
        told.append(str(caught.value))
    assert told[0] == told[1]
    assert readable(documents, STAFF, policy, TODAY) == ()


def test_documents_are_listed_by_title_and_date() -> None:
    policy = Policy(collections={"rules": Access(allow=frozenset({"staff"}))})
    many = [
        replace(DOCUMENT, id="3", title="b"),
        replace(DOCUMENT, id="2", title="A", effective_from=date(2026, 1, 1)),
        replace(DOCUMENT, id="1", title="a"),
    ]
    listed = readable({d.id: d for d in many}, STAFF, policy, None)
    assert [d.id for d in listed] == ["1", "2", "3"]
