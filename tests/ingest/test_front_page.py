"""Declarations on a document's front page: found in every form, and never in running text."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.protocols import Reading
from ingest.canonical import Canonical
from ingest.days import day_of, span_of
from ingest.front_page import FrontPage, front_page
from ingest.readers import SUFFIXES, reader_for

MANUAL = Path(__file__).resolve().parents[2] / "corpora" / "manual"
NOTHING = FrontPage()
DAYS = st.dates(date(1950, 1, 1), date(2150, 12, 31))


def ordinal(day: int) -> str:
    return f"{day}{'th' if 10 < day < 14 else {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th')}"


FORMS = (
    lambda d: d.isoformat(),
    lambda d: f"{d.day} {d:%B} {d.year}",
    lambda d: f"{d.day:02} {d:%b} {d.year}",
    lambda d: f"{ordinal(d.day)} {d:%B}, {d.year}",
    lambda d: f"{d:%A}, {d.day} {d:%B} {d.year}",
    lambda d: f"{d:%B} {d.day}, {d.year}",
    lambda d: f"{d:%b} {ordinal(d.day)} {d.year}",
    lambda d: f"{d.day}-{d:%b}-{d.year}",
    lambda d: f"{d.day:02}.{d.month:02}.{d.year}",
    lambda d: f"{d.year}/{d.month:02}/{d.day:02}",
)


def markdown(text: str) -> FrontPage:
    return of(reader_for(".md").read(text.encode()))


def of(reading: Reading) -> FrontPage:
    return front_page(reading.text, reading.landmarks)


@given(day=DAYS, form=st.sampled_from(FORMS))
def test_a_day_is_read_in_every_form(day: date, form) -> None:  # type: ignore[no-untyped-def]
    assert day_of(form(day)) == day


@given(day=DAYS, between=st.sampled_from("/-"))
def test_a_day_that_could_be_two_is_none(day: date, between: str) -> None:
    said = f"{day.day:02}{between}{day.month:02}{between}{day.year}"
    assert day_of(said) == (day if day.day > 12 or day.day == day.month else None)


@given(first=DAYS, last=DAYS, form=st.sampled_from(FORMS[1:4]), between=st.sampled_from([" to ", " until ", " – "]))
def test_a_span_has_two_ends(first: date, last: date, form, between: str) -> None:  # type: ignore[no-untyped-def]
    assert span_of(form(first) + between + form(last)) == (first, last)


@pytest.mark.parametrize(
    "said",
    ["", "March 2026", "2026", "31 February 2026", "1 Mars 2026", "12.13.2026", "Monday, 1 March 2026", "1 March 26", "soon",
     "the 1st day of the month after 1 March 2026", "1 March 0026", "1 March 2026 or later"],
)  # fmt: skip
def test_what_is_no_single_day_is_none(said: str) -> None:
    assert day_of(said) is None


@given(
    day=DAYS,
    form=st.sampled_from(FORMS),
    label=st.sampled_from(["Effective from", "Effective date", "In force from", "EFFECTIVE AS OF", "Valid from"]),
    way=st.sampled_from(["{}: {}", "{} | {}", "| {} | {} |\n|---|---|", "{} {}", "{} {}."]),
)
def test_a_declared_day_is_found(day: date, form, label: str, way: str) -> None:  # type: ignore[no-untyped-def]
    text = f"# Gifts Policy\n\n{way.format(label, form(day))}\n\n## 1 Purpose\n\nThis policy sets limits.\n\n## 2 Scope\n\nAll."
    assert markdown(text).effective_from == day


@given(day=DAYS, form=st.sampled_from(FORMS), at=st.integers(0, 5))
def test_a_day_in_running_text_is_never_taken(day: date, form, at: int) -> None:  # type: ignore[no-untyped-def]
    said = form(day)
    sentence = (
        f"Effective from {said}, gifts over £50 must be declared.",
        f"This policy is effective from {said}",
        f"Effective from {said} the limit in the Gifts Policy rises to £60",
        f"It replaces the policy in force until {said}.",
        f"Staff who joined on {said} are exempt",
        f"The Outsourcing Policy (effective from: {said}) applies.",
    )[at]
    assert markdown(f"# Gifts Policy\n\n{sentence}\n\n## 1 Purpose\n\nText.\n\n## 2 Scope\n\nAll.") == NOTHING


def test_one_line_may_declare_several() -> None:
    found = markdown(
        "# Gifts\n\nVersion 3.1, effective from 1 March 2026 · Owner: Head of Compliance; Next review: 31 March 2027\n\n"
        "## 1 Aim\n\nA."
    )
    assert found == FrontPage(
        version="3.1",
        effective_from=date(2026, 3, 1),
        owner="Head of Compliance",
        review_date=date(2027, 3, 31),
    )


def test_a_table_over_one_row_and_a_section_of_document_control() -> None:
    table = "| Version | Effective from | Owner |\n|---|---|---|\n| 2.0 | 1 May 2026 | Legal |\n"
    wanted = FrontPage(version="2.0", effective_from=date(2026, 5, 1), owner="Legal")
    assert markdown(f"# Gifts\n\n{table}\n## 1 Aim\n\nA.\n\n## 2 B\n\nB.") == wanted
    assert markdown(f"# Gifts\n\n## 1 Aim\n\nA.\n\n## 2 Document control\n\n{table}\n## 3 B\n\nB.") == wanted


def test_a_span_and_what_it_supersedes() -> None:
    found = markdown(
        "# Gifts\n\nEffective: 1 March 2026 to 30 June 2026\n\n"
        "Supersedes: Gifts Policy, version 2.0, effective from 1 May 2020\n\n## 1 A\n\nA."
    )
    assert (found.effective_from, found.effective_to) == (date(2026, 3, 1), date(2026, 6, 30))
    assert found.supersedes == "Gifts Policy, version 2.0, effective from 1 May 2020"
    assert found.version == ""


ADVERSARIAL = {
    "a history of versions": (
        "# Gifts\n\n| Version | Effective from | Author |\n|---|---|---|\n| 1.0 | 1 May 2020 | A |\n"
        "| 2.0 | 1 May 2024 | B |\n\n## 1 A\n\nA."
    ),
    "a row per version": "# Gifts\n\n| 1.0 | 1 May 2020 |\n|---|---|\n| 2.0 | 1 May 2024 |\n\n## 1 A\n\nA.",
    "another document's declarations, later": (
        "# Gifts\n\nOf gifts.\n\n## 1 A\n\nEffective from: 1 May 2020\n\n## 2 Form\n\nOwner: the asker"
    ),
    "a label that is only part of another": (
        "# Gifts\n\nEffective date of the Regulation: 3 January 2018\n\nContract in force until: 1 May 2026\n\n## 1 A\n\nA."
    ),
    "a reference to a version": "# Gifts\n\nVersion 3 of the form must be used.\n\n## 1 A\n\nA.",
    "another document's dates": (
        "# Gifts\n\nSee also: Outsourcing Policy, effective from 1 May 2026\n\n"
        "The Outsourcing Policy | 1 May 2026\n\n## 1 A\n\nA."
    ),
    "the first section, numbered": "# Gifts\n\n## 1 Scope\n\nEffective from: 1 May 2026\n\n## 2 B\n\nB.",
    "a list of what changed": "# Gifts\n\n- Effective from 1 May 2026 gifts in kind count\n- Owner informed\n\n## 1 A\n\nA.",
    "nothing superseded": "# Gifts\n\nSupersedes: none\n\n## 1 A\n\nA.",
}


@pytest.mark.parametrize("case", ADVERSARIAL)
def test_what_is_no_declaration_of_this_document_is_left(case: str) -> None:
    found = markdown(ADVERSARIAL[case])
    assert (found.effective_from, found.effective_to, found.supersedes, found.version) == (None, None, "", "")


@pytest.mark.parametrize(
    ("lines", "unclear"),
    [
        ("Effective from: 03/04/2026", "effective from: 03/04/2026"),
        ("Effective from: the day after approval", "effective from: the day after approval"),
        ("Effective from: 1 May 2026\n\nEffective date: 2 May 2026", "effective from: 2026-05-01 and 2026-05-02"),
        ("Effective from: 1 May 2026\n\nEffective until: 1 May 2025", "effective from 2026-05-01 to 2025-05-01"),
    ],
)
def test_what_is_not_clear_is_said_and_not_taken(lines: str, unclear: str) -> None:
    found = markdown(f"# Gifts\n\n{lines}\n\n## 1 A\n\nA.")
    assert (found.effective_from, found.effective_to) == (None, None)
    assert found.unclear == (unclear,)


def test_only_the_first_page_counts() -> None:
    made = Canonical()
    made.page("1")
    made.paragraph("Gifts Policy")
    made.page("2")
    made.item("Effective from: 1 May 2026", marker="")
    assert of(made.build()) == NOTHING


def test_the_manuals_front_pages_say_what_its_collection_file_says() -> None:
    declared = tomllib.loads((MANUAL / "collection.toml").read_text(encoding="utf-8"))["documents"]
    for entry in declared:
        file = MANUAL / entry["path"]
        assert file.suffix in SUFFIXES
        found = of(reader_for(file.suffix).read(file.read_bytes()))
        assert found.effective_from == entry["effective_from"], file.name
        assert found.effective_to in (None, entry.get("effective_to")), file.name
        assert found.owner, file.name
        assert found.version, file.name
        assert found.review_date, file.name
        assert found.unclear == (), file.name
