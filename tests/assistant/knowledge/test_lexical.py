"""What BM25 indexes: rule numbers whole, figures without commas, stems without stop words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import Corrupt
from assistant.knowledge.blobs import Blobs
from assistant.knowledge.lexical import Bm25Searcher, features, terms, words
from assistant.knowledge.postings import top


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Rule 8.1.1(a) applies", ["rule", "8.1.1(a)", "applies"]),
        ("Rule 8.1.1.(2)(iv), 8.1.1.", ["rule", "8.1.1(2)(iv)", "8.1.1"]),
        ("£1,000.50 or 10%", ["1000.50", "or", "10"]),
        ("Section 4.2.", ["section", "4.2"]),
        ("The bank’s don't", ["the", "bank's", "don't"]),
        ("", []),
        ("漢字 🌷", []),
    ],
)
def test_words(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_terms_are_stems_without_stop_words() -> None:
    assert terms("The gifts of the bank's suppliers must be declared") == ["gift", "bank", "supplier", "declar"]
    assert terms("gift GIFTS gift's") == ["gift"] * 3


def test_features_are_terms_the_rules_above_and_pairs() -> None:
    assert features("a gift under Rule 8.1.1(2)(a)") == [
        *("gift", "rule", "8.1.1(2)(a)"),
        *("8.1.1", "8.1.1(2)"),
        *("gift rule", "rule 8.1.1(2)(a)"),
    ]
    assert features("the gift") == ["gift"]


def test_a_rule_is_found_by_its_number_where_a_part_of_it_is_cited() -> None:
    searcher = Bm25Searcher.build(["subject to Rule 8.1.1(2)(a)", "subject to Rule 8.1.2"])
    (found,) = searcher.search(["8.1.1"], 2, np.array([True, True]))
    assert [f.row for f in found] == [0]


@given(st.text(max_size=40))
def test_any_text_has_terms_that_are_its_own(text: str) -> None:
    assert all(term and not term.isspace() for term in terms(text))


@given(
    scores=st.lists(st.integers(0, 3).map(float), min_size=1, max_size=20),
    k=st.integers(1, 25),
    bits=st.lists(st.booleans(), min_size=20, max_size=20),
)
def test_top_is_a_sort_of_the_allowed_rows(scores: list[float], k: int, bits: list[bool]) -> None:
    allowed = np.array(bits[: len(scores)], dtype=np.bool_)
    expected = sorted((row for row in range(len(scores)) if allowed[row]), key=lambda row: (-scores[row], row))[:k]
    found = top(np.array(scores, dtype=np.float32), k, allowed)
    assert [f.row for f in found] == expected
    assert [f.score for f in found] == [scores[row] for row in expected]


def test_a_broken_index_is_said(tmp_path: Path) -> None:
    Bm25Searcher.build(["a gift"]).save(tmp_path)
    for file in tmp_path.iterdir():
        kept = file.read_bytes()
        file.write_bytes(b"")
        with pytest.raises(Corrupt, match="can't be read"):
            Bm25Searcher.load(tmp_path)
        file.write_bytes(kept)
    with pytest.raises(Corrupt, match="can't be read"):
        Bm25Searcher.load(tmp_path / "gone")


def test_blobs_are_named_by_what_they_are(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    digest = blobs.put(b"bytes")
    assert blobs.put(b"bytes") == digest
    assert blobs.get(digest) == b"bytes"
    assert [f.name for f in (tmp_path / "sources").iterdir()] == [digest]
    (tmp_path / "sources" / digest).write_bytes(b"bytez")
    with pytest.raises(Corrupt, match="was altered"):
        blobs.get(digest)
