"""Every `Reranker`: one finite score a text, larger is better, whatever it is scored together with."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from assistant.errors import Corrupt, InputError, Unavailable
from assistant.protocols import Reranker
from assistant.retrieve import FusedOrder
from tests import tiny

QUERY = "Which gifts need approval?"
TEXTS = [
    "A gift worth more than 150 pounds needs the approval of Compliance.",
    "Records are kept for five years. " * 60,
    "",
    *[f"Report number {n} to the officer at once." for n in range(9)],
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def trained(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a cross-encoder on ``base``, as training leaves them."""
    import torch

    from assistant.models.rerank import CrossEncoder

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("reranker")
    CrossEncoder.fresh(base, layers=1).save(folder)
    return folder


@pytest.fixture(params=["fused order", "cross-encoder"])
def reranker(request: pytest.FixtureRequest) -> Reranker:
    if request.param == "fused order":
        return FusedOrder()
    from assistant.models.rerank import CrossEncoder

    return CrossEncoder.load(request.getfixturevalue("base"), request.getfixturevalue("trained"))


def test_one_finite_score_a_text(reranker: Reranker) -> None:
    for count in (0, 1, len(TEXTS)):
        scores = reranker.scores(QUERY, TEXTS[:count])
        assert scores.shape == (count,)
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()


def test_the_same_again(reranker: Reranker) -> None:
    assert reranker.identity
    assert reranker.scores(QUERY, TEXTS).tolist() == reranker.scores(QUERY, TEXTS).tolist()


def test_the_fused_order_is_kept() -> None:
    assert np.argsort(-FusedOrder().scores(QUERY, TEXTS), kind="stable").tolist() == list(range(len(TEXTS)))


def test_a_cross_encoders_score_is_the_texts_own(base: Path, trained: Path) -> None:
    from assistant.models.rerank import CrossEncoder

    reranker = CrossEncoder.load(base, trained)
    alone = [float(reranker.scores(QUERY, [text])[0]) for text in TEXTS]
    assert reranker.scores(QUERY, TEXTS).tolist() == pytest.approx(alone, abs=1e-4)


def test_a_cross_encoder_is_bound_to_its_base_and_its_bytes(base: Path, trained: Path, tmp_path: Path) -> None:
    from assistant.models.layers import FACTS, WEIGHTS
    from assistant.models.rerank import CrossEncoder

    with pytest.raises(Unavailable, match=r"missing .* restore"):
        CrossEncoder.load(base, tmp_path)
    facts = json.loads((trained / FACTS).read_text(encoding="utf-8"))
    (tmp_path / WEIGHTS).write_bytes((trained / WEIGHTS).read_bytes())
    (tmp_path / FACTS).write_text(json.dumps({**facts, "base_sha256": "0" * 64}), encoding="utf-8")
    with pytest.raises(InputError, match="another base"):
        CrossEncoder.load(base, tmp_path)
    flipped = bytearray((trained / WEIGHTS).read_bytes())
    flipped[-1] ^= 1
    (tmp_path / WEIGHTS).write_bytes(flipped)
    with pytest.raises(Corrupt, match=WEIGHTS):
        CrossEncoder.load(base, tmp_path)
