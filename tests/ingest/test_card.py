"""The card says what the snapshot holds, in a form that the Hub's own library reads, and breaks on no title."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from huggingface_hub import DatasetCard
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import InputError
from assistant.types import Access, Document, Passage
from ingest.canonical import sha256_text
from ingest.card import dataset_card
from ingest.discover import Collection
from ingest.quality import Finding

TODAY = date(2026, 11, 21)
COLLECTION = Collection(
    id="manual", folder=Path(), manifest=Path("collection.toml"), title="Manual", owner="Compliance", licence="Apache-2.0",
    review_date=date(2027, 1, 31), access=Access(allow=frozenset({"staff"})),
)  # fmt: skip


def document(name: str, **more: object) -> Document:
    text = f"Text of {name}."
    made = Document(
        id=name, key=name, version="0" * 64, uri=f"manual/{name}.md", title=name, text=text, text_sha256=sha256_text(text),
        landmarks=(), collection="manual", reader="markdown/1",
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def passages(*documents: Document) -> list[Passage]:
    return [Passage(id=f"p{d.id}", document_id=d.id, start=0, end=4, text="Text", where="") for d in documents]


def card(*documents: Document, findings: dict[str, list[Finding]] | None = None, today: date = TODAY) -> str:
    return dataset_card(
        snapshot="s-1", documents=documents, passages=passages(*documents), collections=[COLLECTION],
        findings=findings or {}, today=today,
    )  # fmt: skip


def test_it_says_what_there_is() -> None:
    old = document("old", effective_to=date(2026, 6, 30))
    new = document("new", effective_from=date(2026, 7, 1))
    personal = Finding(kind="personal data", severity="note", message="It holds an e-mail address.")
    read = DatasetCard(card(old, new, findings={"new": [personal, personal], "old": []}))
    assert read.data.language == ["en"]
    assert read.data.license == "apache-2.0"
    assert read.data.size_categories == "n<1K"
    assert "| Manual | Compliance | Apache-2.0 | 2027-01-31 | staff | 2 | 2 |" in read.text
    assert "| old | manual/old.md | … – 2026-06-30 (not on 2026-11-21) |" in read.text
    assert "| new | manual/new.md | 2026-07-01 – … |" in read.text
    assert "| personal data | 0 | 0 | 1 |" in read.text
    assert "2 of 2 documents have a quality report" in read.text
    assert "1 of 2 documents don't say since when" in read.text
    assert "1 of 2 documents are no longer in force" in read.text


def test_gaps_are_named() -> None:
    told = card(document("a"), document("b", collection="vault"), today=date(2028, 1, 1))
    assert "The review is overdue for: Manual." in told
    assert "Owner and licence are not known here for: vault." in told
    assert "2 of 2 documents have no quality report." in told
    assert "no headings" in told
    with pytest.raises(InputError):
        card()


@given(st.text(min_size=1, max_size=60))
def test_no_title_breaks_the_card(title: str) -> None:
    told = card(document("a", title=title))
    (row,) = [line for line in told.splitlines() if "manual/a.md" in line]
    assert row.replace("\\\\", "").replace("\\|", "").count("|") == 6
    assert DatasetCard(told).data.pretty_name == "Manual"
