"""What every `Embedder` must do. Each implementation is one parameter of the fixture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.config import Device, Encoder
from assistant.errors import Corrupt, Unavailable
from assistant.models.device import choose
from assistant.models.encode import LazyEncoder, SentenceEncoder, identity_of
from assistant.models.twins import HashingEmbedder
from assistant.protocols import Embedder
from tests import tiny

Make = Callable[[int], Embedder]
texts = st.lists(st.text(max_size=80), max_size=8)


@pytest.fixture(scope="module", params=["hashing", "sentence-transformers", "lazy"])
def make(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """An embedder by its ``max_tokens``."""
    if request.param == "hashing":
        return lambda most: HashingEmbedder(64, most)
    folder = tiny.encoder(tmp_path_factory.mktemp("encoder") / "bert")
    chosen = choose(Device(choice="cpu", threads=1))

    def made(most: int) -> Embedder:
        # float32 and small batches: rows must not depend on the company they are in, beyond rounding
        section = Encoder(model="tiny", dtype="float32", batch_tokens=64, max_tokens=most)

        def loaded() -> SentenceEncoder:
            return SentenceEncoder(folder, section, chosen, "tiny@0")

        if request.param == "lazy":
            return LazyEncoder(folder, section, identity_of("tiny@0", section, None), loaded)
        return loaded()

    return made


@pytest.fixture(scope="module")
def embedder(make: Make) -> Embedder:
    return make(64)


@settings(max_examples=12)
@given(texts=texts)
def test_rows_are_float32_of_unit_length_and_in_order(embedder: Embedder, texts: list[str]) -> None:
    rows = embedder.embed(texts)
    assert rows.shape == (len(texts), embedder.dim)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    for row, text in zip(rows, texts, strict=True):
        np.testing.assert_allclose(row, embedder.embed([text])[0], atol=1e-5)


def test_the_same_texts_give_the_same_rows(embedder: Embedder) -> None:
    rows = embedder.embed([tiny.WORDS, "a gift", ""])
    assert np.array_equal(rows, embedder.embed([tiny.WORDS, "a gift", ""]))
    assert np.isfinite(rows).all()


def test_what_lies_beyond_max_tokens_does_not_count(embedder: Embedder) -> None:
    long = "gift " * (2 * embedder.max_tokens)
    assert embedder.count_tokens(long) > embedder.max_tokens, "lengths are counted before cutting"
    np.testing.assert_allclose(embedder.embed([long]), embedder.embed([long + "records approval"]), atol=1e-6)


@settings(max_examples=12)
@given(words=st.lists(st.sampled_from(tiny.WORDS.split()), max_size=20))
def test_tokens_add_up_over_words(embedder: Embedder, words: list[str]) -> None:
    assert embedder.count_tokens(" ".join(words)) == sum(embedder.count_tokens(word) for word in words)


def test_the_identity_says_what_changes_a_row(make: Make, embedder: Embedder) -> None:
    assert make(64).identity == embedder.identity
    assert make(32).identity != embedder.identity
    assert make(32).max_tokens == 32


def test_what_is_loaded_late_must_be_what_was_named(tmp_path: Path) -> None:
    folder, section = tiny.encoder(tmp_path / "bert"), Encoder(max_tokens=64)
    lazy = LazyEncoder(folder, section, "another@1/mean/64", lambda: HashingEmbedder(32, 64))
    assert (lazy.identity, lazy.dim, lazy.max_tokens) == ("another@1/mean/64", 32, 64)
    with pytest.raises(Corrupt, match="its files say another@1"):
        lazy.embed(["a gift"])


def test_tuned_weights_are_named_by_their_hash(tmp_path: Path) -> None:
    (tmp_path / "layers.json").write_text('{"sha256": "0123456789abcdef"}', encoding="utf-8")
    assert identity_of("tiny@0", Encoder(max_tokens=64), tmp_path) == "tiny@0+0123456789ab/mean/64"
    with pytest.raises(Unavailable, match="Tuned weights are missing"):
        identity_of("tiny@0", Encoder(), tmp_path / "gone")
