"""Training the adapter on a tiny model: it learns, goes on where it was stopped, and fits the base it is served on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.config import Device, GeneratorSection
from assistant.errors import InputError
from assistant.evidence import prompt
from assistant.evidence.quote import written
from assistant.models.device import choose
from assistant.models.generate import TransformersGenerator
from assistant.models.tokens import ChatTokens
from assistant.train.cited import Example
from assistant.train.generator import _row as row_of
from assistant.train.generator import train
from assistant.train.lora import FACTS, WEIGHTS, Recipe
from tests import tiny

BASE = "tiny@0"
GIFTS, FILES = "A gift is refused.", "Files are kept."
EXAMPLES = [
    Example(question="Gift?", blocks={1: ("", GIFTS), 2: ("", FILES)}, said=((1, GIFTS),), source="a"),
    Example(question="Files?", blocks={1: ("", GIFTS), 2: ("", FILES)}, said=((2, FILES),), source="a"),
    Example(question="Wine?", blocks={1: ("", GIFTS)}, said=(), source="b"),
    Example(
        question="Gift and files?", blocks={1: ("", GIFTS), 2: ("", FILES)}, said=((1, GIFTS), (2, FILES)), source="b"
    ),
]
RECIPE = Recipe(rank=4, alpha=8, rate=2e-2, batch=2, epochs=6)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.llama(tmp_path_factory.mktemp("train") / "llama")


def trained(base: Path, out: Path, recipe: Recipe = RECIPE, **more: Any) -> dict[str, Any]:
    train(EXAMPLES, base, BASE, out, recipe=recipe, card={"sources": ["a"]}, tell=lambda line: None, **more)
    facts: dict[str, Any] = json.loads((out / FACTS).read_text(encoding="utf-8"))
    return facts


def test_it_learns_and_says_how_it_was_made(base: Path, tmp_path: Path) -> None:
    facts = trained(base, tmp_path)
    assert facts["losses"][-1] < facts["losses"][0]
    assert (facts["base"], facts["examples"], facts["recipe"]["rank"], facts["sources"]) == (BASE, 4, 4, ["a"])
    assert len(facts["losses"]) == 12
    assert (tmp_path / WEIGHTS).stat().st_size < 200_000


def test_stopped_and_begun_again_is_the_same_as_once(base: Path, tmp_path: Path) -> None:
    whole = trained(base, tmp_path / "whole")
    lines: list[str] = []

    def stop(line: str) -> None:
        lines.append(line)
        if line.startswith("step 8/"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(EXAMPLES, base, BASE, tmp_path / "cut", recipe=RECIPE, card={}, every=4, tell=stop)
    again = trained(base, tmp_path / "cut", every=4)
    assert again["losses"] == pytest.approx(whole["losses"], rel=1e-4)
    with pytest.raises(InputError, match="another recipe"):
        trained(base, tmp_path / "cut", Recipe(rank=4, batch=2, epochs=1))


@pytest.mark.parametrize("quantization", ["nf4", "none"])
def test_it_serves_on_its_base_and_on_no_other(base: Path, tmp_path: Path, quantization: str) -> None:
    trained(base, tmp_path)
    section = GeneratorSection(model="tiny", quantization=quantization)
    device = choose(Device(choice="cpu", threads=1))
    plain = TransformersGenerator(base, section, device, BASE)
    tuned = TransformersGenerator(base, section, device, BASE, {"it": tmp_path}).tuned("it")
    assert tuned.identity.startswith(plain.identity)
    assert tuned.identity != plain.identity
    asked = prompt.messages("Gift?", EXAMPLES[0].blocks, "quote", tuned=True)
    right, wrong = written(GIFTS, 1), prompt.NOT_FOUND
    assert tuned.leaning(asked, [right], wrong) != plain.leaning(asked, [right], wrong)
    with pytest.raises(InputError, match="trained on"):
        TransformersGenerator(base, section, device, "other@0", {"it": tmp_path})


def test_only_the_answer_is_learnt_and_the_deciding_tokens_most(base: Path) -> None:
    tokens = ChatTokens(base)
    for example in EXAMPLES:
        row = row_of(example, tokens)
        lines = [written(text, marker) for marker, text in example.said] or [prompt.NOT_FOUND]
        assert tokens.text(row.tokens[row.answer : -1]) == "".join(f"{line}\n" for line in lines)
        assert row.tokens[-1] == tokens.end
        assert len(row.weights) == len(row.tokens) - row.answer
        assert row.weights[0] == row.weights[-1] == max(row.weights)


def test_what_is_too_long_is_left_out(base: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    short = Recipe(rank=4, batch=1, longest=40)
    with pytest.raises(InputError, match="short enough"):
        train(EXAMPLES, base, BASE, tmp_path, recipe=short, card={}, tell=lines.append)
