"""Training the judge on a tiny encoder: it learns, is calibrated, and serves; half-trained weights do not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from assistant.config import JudgeSection
from assistant.errors import Corrupt
from assistant.evidence.support import TrainedJudge
from assistant.models.judge import SupportEncoder
from assistant.models.layers import FACTS
from assistant.train.judge import calibrate, train
from assistant.train.pairs import Pair
from tests import tiny

SAID = "A gift worth more than {} pounds needs approval before it is accepted."


def pair(n: int, *, supported: bool) -> Pair:
    other = "of Compliance " if supported else "or not "
    return Pair(
        sentence=SAID.format(n).replace("before", f"{other}before"),
        passage=SAID.format(n),
        supported=supported,
        kind="",
        document="d",
        held=False,
    )


PAIRS = [pair(n, supported=bool(n % 2)) for n in range(100, 228)]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.encoder(tmp_path_factory.mktemp("judge") / "encoder")


@pytest.fixture(scope="module")
def weights(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("weights")
    train(PAIRS, PAIRS[:40], base, out, layers=1, batch=8, rate=2e-2, card={"sources": ["a"]}, tell=lambda line: None)
    return out


def test_it_learns_and_serves(base: Path, weights: Path) -> None:
    facts = json.loads((weights / FACTS).read_text(encoding="utf-8"))
    assert (facts["pairs"], facts["sources"], facts["calibration"]["pairs"]) == (128, ["a"], 40)
    judge = TrainedJudge(SupportEncoder.load(base, weights), JudgeSection())
    (yes,) = judge.judge(PAIRS[1].sentence, [PAIRS[1].passage])
    (no,) = judge.judge(PAIRS[0].sentence, [PAIRS[0].passage])
    assert yes.verdict == "supported"
    assert no.verdict != "supported"
    assert yes.score > no.score


def test_a_rule_that_is_broken_outweighs_the_model(base: Path, weights: Path) -> None:
    judge = TrainedJudge(SupportEncoder.load(base, weights), JudgeSection())
    (found,) = judge.judge(PAIRS[1].sentence, [PAIRS[1].passage.replace("101", "110")])
    assert found.verdict == "unsupported"
    assert "the figure 101" in found.reason
    assert found.score <= 0.1


def test_too_long_to_be_read_whole_is_not_supported(base: Path, weights: Path) -> None:
    judge = TrainedJudge(SupportEncoder.load(base, weights), JudgeSection())
    said = "Records are kept and " + "kept and " * 200 + "kept."
    (found,) = judge.judge(said, [said.replace("Records are", "All records are")])
    assert found.verdict == "unsupported"


def test_weights_without_calibration_are_refused(base: Path, weights: Path, tmp_path: Path) -> None:
    for file in weights.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    facts = json.loads((tmp_path / FACTS).read_text(encoding="utf-8"))
    del facts["calibration"]
    (tmp_path / FACTS).write_text(json.dumps(facts), encoding="utf-8")
    with pytest.raises(Corrupt, match="no calibration"):
        SupportEncoder.load(base, tmp_path)


def test_weights_of_a_stopped_training_can_be_calibrated(base: Path, weights: Path, tmp_path: Path) -> None:
    train([], PAIRS[:40], base, tmp_path, start=weights, card={}, tell=lambda line: None)
    facts = json.loads((tmp_path / FACTS).read_text(encoding="utf-8"))
    assert facts["begun"]["pairs"] == 128
    assert SupportEncoder.load(base, tmp_path).supported == SupportEncoder.load(base, weights).supported


def test_calibration_against_planted_odds() -> None:
    draw = np.random.default_rng(0)
    found = draw.normal(0, 3, 20_000).astype(np.float32)
    truth = draw.random(20_000) < 1 / (1 + np.exp(-(found / 2 + 0.5)))
    fitted = calibrate(found, truth, of=int((~truth).sum()), wrong_at_most=0.02)
    assert fitted["temperature"] == pytest.approx(2, rel=0.1)
    assert fitted["shift"] == pytest.approx(0.5, abs=0.1)
    probability = 1 / (1 + np.exp(-(found.astype(np.float64) / fitted["temperature"] + fitted["shift"])))
    assert (probability[~truth] >= fitted["supported"]).mean() <= 0.02
