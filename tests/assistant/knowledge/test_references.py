"""Which passage refers to which: numbers read as written, resolved to the passages that carry them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import Corrupt
from assistant.knowledge.aliases import names_of
from assistant.knowledge.references import MOST, Numbers, References, canonical, link, own_number, references
from assistant.types import Document, Landmark, Passage
from tests.world import World


def document(name: str, title: str = "", landmarks: tuple[Landmark, ...] = (), key: str = "") -> Document:
    return Document(
        id=name,
        key=key or name,
        version="",
        uri=f"rules/{name}.md",
        title=title,
        text="",
        text_sha256="",
        landmarks=landmarks,
        collection="rules",
        reader="test",
    )


def passage(document_id: str, where: str, text: str, start: int = 0) -> Passage:
    return Passage(
        id=f"{document_id}/{where}/{start}",
        document_id=document_id,
        start=start,
        end=start + 10,
        text=text,
        where=where,
    )


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Subject to Rule 8.1.1, a firm", [("8.1.1",)]),
        ("in section 4.2 of the Gifts Policy.", [("4.2",)]),
        ("Rules 4.12.7 to 4.12.9 and 4.13", [("4.12.7", "4.12.8", "4.12.9", "4.13")]),
        ("see Rule \u200e8.3.1(1)(b) or Rule 9.2", [("8.3.1(1)(b)", "9.2")]),
        ("sections 94(a) to (d)", [("94(a)",)]),
        ("under section 92 (4)(b), the", [("92(4)(b)",)]),
        ("as 7.2.1 requires", [("7.2.1",)]),
        ("Article 26(3), clause 4 and paragraph A4.3.28", [("26(3)", "4", "A4.3.28")]),
        ("paid £1.000.000 on 4.2 occasions", []),
        ("Rules 1 to 400", [("1", "400")]),
        ("the rule of law, section by section", []),
    ],
)
def test_references_are_read_as_written(text: str, numbers: list[tuple[str, ...]]) -> None:
    assert [reference.numbers for reference in references(text)] == numbers


@pytest.mark.parametrize(
    ("label", "number"),
    [
        ("4.2 Limits", "4.2"),
        ("8.3.3.(3)", "8.3.3(3)"),
        ("12.2.2.Guidance", "12.2.2"),
        ("Part 6.Chapter 1.58.(2)", "58(2)"),
        ("APP4.A4.3.27", "A4.3.27"),
        ("31)", "31"),
        ("1. Scope", "1"),
        ("2026 review", "2026"),
        ("Introduction", ""),
        ("", ""),
    ],
)
def test_the_number_that_a_heading_carries(label: str, number: str) -> None:
    assert own_number(label) == number


@given(st.text(alphabet="Rule section of 0123456789.()abXIV,–to\u200e", max_size=60))
def test_any_text_is_read_and_numbers_are_canonical(text: str) -> None:
    for reference in references(text):
        assert reference.numbers
        assert all(number == canonical(number) for number in reference.numbers)


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 3), st.integers(0, 3)), unique=True, min_size=1, max_size=30),
    st.tuples(st.integers(1, 4), st.integers(0, 3), st.integers(0, 3)),
)
def test_a_number_is_itself_with_its_parts_or_the_rule_above(
    carried: list[tuple[int, int, int]], wanted: tuple[int, int, int]
) -> None:
    def number(parts: Sequence[int]) -> str:
        rule, section, paragraph = parts
        return f"{rule}" + (f".{section}" if section else "") + (f"({paragraph})" if paragraph else "")

    rows = Numbers([(number(parts), row) for row, parts in enumerate(carried)])
    asked = number(wanted)

    def under(above: str) -> set[int]:
        own = [number(parts) for parts in carried]
        return {n for n, one in enumerate(own) if one == above or one.startswith((f"{above}.", f"{above}("))}

    expected = under(asked)
    if not expected and "(" in asked:
        expected = under(asked[: asked.rfind("(")])
    found = set(rows.rows(asked))
    assert found <= expected
    assert found == expected or len(expected) > MOST


DOCUMENTS = [
    document("gifts", "Gifts and Hospitality Policy 2026"),
    document("records", "Records Schedule"),
    document("law", "A long law"),
]
PASSAGES = [
    passage(
        "gifts",
        "3 Limits › 3.1 Amounts",
        "Above it, section 3.2 applies; kept as section 2 of the Records Schedule says.",
    ),
    passage("gifts", "3 Limits › 3.2 Refusal", "Refuse it. See section 9.9 and section 58 of FSMR."),
    passage("records", "2 Periods", "Gifts Policy section 3.1 gives the amounts. Section 2 is this one."),
    passage("law", "Part 6.58.(1)", "The Regulator may."),
    passage("law", "Part 6.59", "And so may others."),
]


def test_references_lead_within_and_across_documents() -> None:
    targets = link(DOCUMENTS, PASSAGES).targets
    assert targets[0] == (1, 2)
    assert targets[1] == ()  # no section 9.9; nobody knows which law FSMR is
    assert targets[2] == (0,)  # a passage does not refer to itself


def test_an_acronym_is_learnt_from_the_numbers_cited_under_it() -> None:
    laws = [passage("law", f"Part 1.{n}", "The Regulator may.", n) for n in range(50, 60)]
    cites = passage(
        "gifts", "1 Law", " ".join(f"See section {n} of FSMR." for n in range(50, 56)) + " And section 58 FSMR."
    )
    targets = link(DOCUMENTS, [*laws, cites]).targets
    assert targets[-1] == (0, 1, 2, 3, 4, 5, 8)


def test_a_document_on_one_law_means_that_law_by_its_numbers() -> None:
    laws = [passage("law", str(n), "The Regulator may.", n) for n in range(50, 60)]
    guidance = [
        passage("gifts", "1 Aim", "It explains section 50 of A long law."),
        passage("gifts", "2 Reading", "Under section 52(3) the person must know."),
    ]
    assert link(DOCUMENTS, [*laws, *guidance]).targets[-1] == (2,)


def test_headings_inside_a_passage_count() -> None:
    """Small sections are joined to one passage; each of their numbers leads to it."""
    marks = tuple(Landmark(kind="heading", start=n * 4, end=n * 4 + 3, label=f"{n + 1}.1 X", level=2) for n in range(2))
    joined = document("joined", "Joined", marks)
    rows = [passage("joined", "1 A", "Text"), passage("joined", "9 Z", "As section 2.1 says.", 50)]
    assert link([joined], rows).targets == ((), (0,))


def test_names_are_titles_acronyms_and_files() -> None:
    names = names_of(document("gifts-and-hospitality-2026", "Gifts and Hospitality Policy"))
    assert names == {"gifts and hospitality policy", "ghp", "gifts policy", "gifts and hospitality"}


@given(st.lists(st.sets(st.integers(0, 6)), min_size=7, max_size=7))
def test_neighbours_are_mutual_and_survive_saving(targets: list[set[int]]) -> None:
    graph = References([sorted(rows - {row}) for row, rows in enumerate(targets)])
    for row in range(7):
        for other in graph.neighbours(row):
            assert row in graph.neighbours(other)
            assert other in graph.targets[row] or row in graph.targets[other]


def test_a_graph_reads_back(tmp_path: Path) -> None:
    graph = References([(1, 2), (), (0,)])
    graph.save(tmp_path / "g.json")
    assert References.load(tmp_path / "g.json", 3).targets == graph.targets
    assert References.load(tmp_path / "none.json", 3).targets == ((), (), ())
    (tmp_path / "g.json").write_text("[")
    with pytest.raises(Corrupt, match="can't be read"):
        References.load(tmp_path / "g.json", 3)


def test_a_served_snapshot_has_its_references(world: World) -> None:
    world.write(
        "corpora/rules/complaints.md",
        "# Complaints Policy\n\n## 1 Gifts\n\nGifts follow section 1 of the Gifts Policy.\n",
    )
    world.ingest()
    snapshot = world.library().current()
    linked = {
        (snapshot.document_of(row).uri, snapshot.document_of(target).uri)
        for row in range(len(snapshot.passages))
        for target in snapshot.references.targets[row]
    }
    assert linked == {("rules/complaints.md", f"rules/gifts-{year}.md") for year in (2024, 2026)}
