"""What front pages declare, under what `collection.toml` declares."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from assistant.types import Document
from ingest.declared import Read, disagreements, documents_of
from ingest.described import described
from ingest.discover import SourceFile
from ingest.readers import reader_for
from tests.world import COMPLAINTS, STAFF, World

MAY, JUNE, JULY = date(2026, 5, 1), date(2026, 6, 30), date(2026, 7, 1)
DATES = st.one_of(st.none(), st.dates(date(2020, 1, 1), date(2030, 12, 31)))


def read(
    name: str, front: str = "", *, key: str = "", title: str = "", since: date | None = None, until: date | None = None
) -> Read:
    reading = reader_for(".md").read(f"# {title or name}\n\n{front}\n\n## 1 Aim\n\nText of {name}.".encode())
    uri = f"rules/{name}.md"
    file = SourceFile(
        uri=uri,
        path=Path(uri),
        sha256=name,
        collection="rules",
        key=key or uri,
        effective_from=since,
        effective_to=until,
    )
    return Read(identity=f"d-{name}", file=file, reading=reading)


def only(*each: Read) -> dict[str, Document]:
    documents, refused = documents_of(each)
    assert refused == []
    return {document.uri.removeprefix("rules/").removesuffix(".md"): document for document in documents}


def test_the_front_page_counts_where_nothing_else_is_said() -> None:
    found = only(read("gifts", "Effective: 1 May 2026 to 30 June 2026"))["gifts"]
    assert (found.effective_from, found.effective_to) == (MAY, JUNE)
    assert disagreements(found) == ()


@given(since=DATES, until=DATES, said_since=DATES, said_until=DATES)
def test_the_collection_file_holds_and_a_contradiction_is_said(
    since: date | None, until: date | None, said_since: date | None, said_until: date | None
) -> None:
    if since and until and until < since:
        since, until = until, since
    lines = [f"Effective from: {said_since}"] * bool(said_since) + [f"Effective to: {said_until}"] * bool(said_until)
    found = only(read("gifts", "\n\n".join(lines), since=since, until=until))["gifts"]
    first, last = found.effective_from, found.effective_to
    assert first in ((since,) if since else (None, said_since))
    assert last in ((until,) if until else (None, said_until))
    assert first is None or last is None or first <= last
    for said, holds in ((said_since, first), (said_until, last)):
        if said and said != holds:
            assert disagreements(found)


def test_superseding_ends_the_older_version() -> None:
    for words in ("old.md", "old", "Gifts Policy, version 1.0", "version 1.0", "the “Gifts Policy” (v1.0)"):
        found = only(
            read("old", "Version: 1.0\n\nEffective from: 1 May 2026", title="Gifts Policy"),
            read("new", f"Version: 2.0\n\nEffective from: 1 July 2026\n\nSupersedes: {words}", title="Gifts Policy"),
            read("other", "Version: 1.0\n\nEffective from: 1 May 2026", title="Outsourcing Policy"),
        )
        assert found["new"].supersedes == "rules/old.md", words
        assert found["old"].effective_to == JUNE
        assert found["other"].effective_to is None


def test_who_is_superseded_is_not_guessed() -> None:
    found = only(
        read("a", "Effective from: 1 May 2026", title="Gifts Policy"),
        read("b", "Effective from: 1 May 2026", title="Gifts Policy"),
        read("new", "Effective from: 1 July 2026\n\nSupersedes: Gifts Policy", title="Gifts and Hospitality"),
    )
    assert found["new"].supersedes is None
    assert found["a"].effective_to is None
    (finding,) = disagreements(found["new"])
    assert "Gifts Policy" in finding.message


def test_two_versions_in_force_at_once_are_both_refused() -> None:
    a, b = (read(name, "Effective from: 1 May 2026", key="rules/gifts") for name in ("a", "b"))
    documents, refused = documents_of([a, b, read("c")])
    assert [document.uri for document in documents] == ["rules/c.md"]
    assert sorted(each.uri for each in refused) == ["rules/a.md", "rules/b.md"]
    ended = replace(b, file=replace(b.file, effective_from=JULY))
    documents, refused = documents_of([replace(a, file=replace(a.file, effective_to=JUNE)), ended])
    assert (len(documents), refused) == (2, [])


def test_an_ingestion_takes_dates_from_front_pages_and_once_only(world: World) -> None:
    folder = world.root / "corpora" / "rules"
    old, new = COMPLAINTS, COMPLAINTS.replace("six years", "nine years")
    (folder / "complaints.md").write_text(front(old, "1.0", "1 May 2020"), encoding="utf-8")
    (folder / "complaints-2027.md").write_text(
        front(new, "2.0", "1 January 2027\n\nSupersedes: version 1.0"), encoding="utf-8"
    )
    first = world.ingest()
    documents = {d.uri: d for d in world.library().documents(STAFF, date(2026, 12, 1))}
    assert "rules/complaints-2027.md" not in documents
    kept = documents["rules/complaints.md"]
    assert (kept.effective_from, kept.effective_to) == (date(2020, 5, 1), date(2026, 12, 31))
    later = {d.uri: d for d in world.library().documents(STAFF, date(2027, 1, 1))}
    assert later["rules/complaints-2027.md"].supersedes == "rules/complaints.md"
    assert "rules/complaints.md" not in later
    again = world.ingest()
    assert (again.snapshot, again.published, again.embedded) == (first.snapshot, False, 0)
    reread = world.copy(world.root.parent / "other").ingest()
    assert reread.snapshot == first.snapshot
    found = described(world.catalogue, world.root, list(documents.values()))[1]
    assert [each for each in found[kept.id] if each.kind == "front page"] == []


def front(text: str, version: str, since: str) -> str:
    return text.replace("\n\n", f"\n\nVersion {version}\n\nEffective from {since}\n\n", 1)


def test_what_is_not_clear_is_said() -> None:
    found = only(read("gifts", "Effective from: 03/04/2026"))["gifts"]
    assert found.effective_from is None
    (finding,) = disagreements(found)
    assert "03/04/2026" in finding.message
