"""Known questions: they come with the passages that answer them and go with them, and a mistake in their file is named."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import InputError
from assistant.knowledge import snapshot as snapshots
from assistant.types import Document, Passage
from ingest.discover import Discovered, discover
from ingest.fingerprint import fingerprint
from ingest.known import MOST, KnownQuestion, digests, read_known, with_questions
from tests.world import NOBODY, RULES, STAFF, CountingEmbedder, World

KEPT = {
    "question": "For how long are the papers of a complaint kept?",
    "document": "complaints.md",
    "section": "2",
    "quote": "Complaint files are kept for six years.",
}
GONE = {"question": "Who may have a parrot?", "document": "complaints.md", "section": "9"}


def discovered(world: World) -> Discovered:
    return discover(world.config.corpora, (), None, world.config.ingest)


def questions(world: World) -> dict[str, tuple[str, ...]]:
    """By the passages' headings, of those that have any."""
    current = snapshots.current_id(world.data)
    assert current is not None
    _, passages = snapshots.read_contents(snapshots.folder_of(world.data, current) / snapshots.CONTENTS)
    return {passage.where: passage.questions for passage in passages if passage.questions}


def test_a_question_goes_with_the_passage_that_answers_it(world: World) -> None:
    world.know(KEPT, KEPT, {**KEPT, "question": "Which rule binds the moon?", "section": ""}, GONE)
    embedder = CountingEmbedder()
    report = world.ingest(embedder)
    assert report.published
    assert {where.split(" › ")[-1]: asked for where, asked in questions(world).items()} == {
        "2 Files": (KEPT["question"],)
    }
    assert report.unplaced == ({"uri": "rules/complaints.md", "section": "9", "question": GONE["question"]},)
    assert "asked.jsonl" not in {Path(uri["uri"]).name for uri in report.quarantined}
    assert not any(KEPT["question"] in text for text in embedder.embedded), "what is searched stays as it was"


def test_known_questions_are_for_those_who_may_read_what_they_are_about(world: World) -> None:
    """They say what stands there: a caller must not be led to them."""
    world.know(KEPT)
    world.ingest()
    library = world.library()
    assert library.questions(STAFF) == (KEPT["question"],)
    assert library.questions(NOBODY) == ()


def test_the_same_questions_are_the_same_snapshot_and_others_are_another(world: World) -> None:
    world.know(KEPT)
    first = world.ingest().snapshot
    assert world.ingest().snapshot == first
    world.know({**KEPT, "question": "When may complaint files be burnt?"})
    assert world.ingest().snapshot != first
    assert list(questions(world).values()) == [("When may complaint files be burnt?",)]


def test_a_dry_run_tells_that_they_change(world: World) -> None:
    world.know(KEPT)
    assert world.ingest(dry_run=True).questions == ("rules",)
    before = discovered(world)
    assert world.ingest().questions == ("rules",)
    assert world.ingest(dry_run=True).questions == ()
    world.know(KEPT, {**KEPT, "question": "When may complaint files be burnt?"})
    assert fingerprint(discovered(world)) != fingerprint(before), "what was looked at is not what would be prepared"
    world.know()
    assert world.ingest(dry_run=True).questions == ("rules",)


def test_another_collections_ingestion_leaves_them(world: World) -> None:
    world.know(KEPT)
    world.ingest()
    before = questions(world)
    world.write("corpora/vault/more.md", "# Keys\n\n## 1 Keys\n\nThe key lies in the safe of the first floor.\n")
    assert world.ingest(paths=(world.root / "corpora" / "vault",)).published
    assert questions(world) == before


def test_nobody_is_shown_them(world: World) -> None:
    world.know({**KEPT, "question": "zanzibar cinnamon?"})
    world.ingest()
    library = world.library()
    assert all("zanzibar" not in repr(document) for document in library.documents(STAFF))
    assert any("zanzibar" in repr(passage) for passage in library.current().passages)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("not json", "asked.jsonl:2"),
        ("[]", "no object"),
        ('{"question": "Why?", "document": "complaints.md"}', "section"),
        ('{"question": " ", "document": "complaints.md", "section": "2"}', "question"),
        ('{"question": "Why?", "document": 4, "section": "2"}', "document"),
    ],
)
def test_a_line_that_is_none_is_named(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "asked.jsonl").write_text(f"{json.dumps(KEPT)}\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match="known question") as raised:
        read_known(tmp_path, ["asked.jsonl"])
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"asked\.jsonl can't be read"):
        read_known(tmp_path, ["asked.jsonl"])
    (tmp_path / "asked.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="UTF-8"):
        read_known(tmp_path, ["asked.jsonl"])


def test_a_path_outside_the_folder_is_refused(world: World) -> None:
    world.write("corpora/rules/collection.toml", f'known_questions = ["../other.jsonl"]\n{RULES}')
    with pytest.raises(InputError, match=r"known_questions.*below the folder"):
        world.ingest()


# ------------------------------------------------------------------------------------------------ placing

DOCUMENT = Document(
    id="d-1",
    key="rules/gifts",
    version="v",
    uri="rules/gifts.md",
    title="Gifts",
    text="",
    text_sha256="",
    landmarks=(),
    collection="rules",
    reader="text",
    effective_from=date(2026, 1, 1),
)


def passage(n: int, where: str, text: str, *questions: str) -> Passage:
    return Passage(id=f"p{n}", document_id="d-1", start=0, end=len(text), text=text, where=where, questions=questions)


CUT = [
    passage(0, "4 Gifts › 4.2 Limits", "4.2 Limits\n\nA gift over £50\nis refused."),
    passage(1, "4 Gifts › 4.2 Limits", "Wine | Line manager\nWatches | Nobody"),
    passage(2, "4 Gifts › 4.21 Forms", "4.21 Forms\n\nA gift over £50 is written down."),
]


@pytest.mark.parametrize(
    ("section", "quote", "rows"),
    [
        ("4.2", "A gift over £50 is refused.", [0]),
        ("4.2", "Wine | Line manager", [1]),
        ("4.2", "", [0, 1]),
        ("4.2", "It was reworded since.", [0, 1]),
        ("4", "A gift over £50", [0, 2]),
        ("4.3", "A gift over £50", []),
    ],
)
def test_the_section_decides_and_the_quote_chooses_within(section: str, quote: str, rows: list[int]) -> None:
    known = KnownQuestion(question="Which?", document="gifts.md", section=section, quote=quote)
    placed, unplaced = with_questions(CUT, [DOCUMENT], {"rules": [known]})
    assert [row for row, one in enumerate(placed) if one.questions == ("Which?",)] == rows
    assert len(unplaced) == (not rows)


@given(st.lists(st.text(min_size=1, max_size=4), max_size=60))
def test_a_passage_keeps_so_many_at_most_and_each_once(asked: list[str]) -> None:
    known = [KnownQuestion(question=text, document="gifts.md", section="4.21") for text in asked]
    placed, unplaced = with_questions(CUT, [DOCUMENT], {"rules": known})
    assert placed[2].questions == tuple(dict.fromkeys(asked))[:MOST]
    assert placed[0].questions == placed[1].questions == ()
    assert unplaced == []


def test_what_is_said_anew_replaces_what_was_said_before() -> None:
    old = [passage(0, "1 Gifts", "Wine.", "Old?")]
    assert with_questions(old, [DOCUMENT], {"rules": []})[0][0].questions == ()
    assert with_questions(old, [DOCUMENT], {"other": []})[0] == old


def test_only_collections_with_questions_have_a_digest() -> None:
    known = KnownQuestion(question="Which?", document="gifts.md", section="1")
    assert list(digests({"rules": [known], "vault": []})) == ["rules"]
    assert digests({"rules": [known]}) != digests({"rules": [known, known]})
