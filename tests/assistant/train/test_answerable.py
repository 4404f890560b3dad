"""The gate's adapter on a tiny model: what is asked of which passage, many questions in one pass, and what is served then."""

from __future__ import annotations

import json
import random
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from assistant.config import Device, GeneratorSection
from assistant.errors import InputError
from assistant.evidence import prompt
from assistant.models.device import choose
from assistant.models.generate import TransformersGenerator
from assistant.models.tokens import ChatTokens
from assistant.retrieve import FusedOrder
from assistant.train import lora
from assistant.train.answerable import Asked, from_collection, from_rulebook, log_odds, train
from assistant.train.answerable import _row as row_of
from assistant.train.lora import FACTS, Recipe
from tests import tiny
from tests.world import World

BASE = "tiny@0"
GIFTS = Asked(
    block=("Gifts Policy › 1 Limits", "A gift above 75 pounds is refused."),
    questions=(("Up to what worth?", True), ("Who approves it?", False), ("Is a gift of 80 refused? 🌷", True)),
)
FILES = Asked(
    block=("", "Files are kept for six years."), questions=(("How long are files kept?", True), ("Where?", False))
)
RECIPE = Recipe(rank=4, alpha=8, rate=2e-2, batch=2, epochs=8)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.llama(tmp_path_factory.mktemp("answerable") / "llama")


def trained(base: Path, out: Path, asked: list[Asked], **more: Any) -> dict[str, Any]:
    train(asked, base, BASE, out, recipe=more.pop("recipe", RECIPE), card={}, tell=lambda line: None, **more)
    facts: dict[str, Any] = json.loads((out / FACTS).read_text(encoding="utf-8"))
    return facts


def test_questions_read_together_are_read_as_if_alone(base: Path) -> None:
    tokens, words = ChatTokens(base), (5, 9)
    model = lora.with_lora(base, RECIPE).eval()
    for asked in (GIFTS, FILES):
        whole = row_of(asked, tokens)
        assert whole.length < sum(row_of(replace(asked, questions=(one,)), tokens).length for one in asked.questions)
        for (question, answer), rest in zip(asked.questions, whole.rests, strict=True):
            assert whole.head + rest == tokens.chat(prompt.answerable(question, asked.block), True)
            assert (question, answer) in zip([q for q, _ in asked.questions], whole.answers, strict=True)
        with torch.no_grad():
            together = log_odds(model, whole, words)
            alone = [log_odds(model, row_of(replace(asked, questions=(q,)), tokens), words)[0] for q in asked.questions]
        assert together.tolist() == pytest.approx([float(one) for one in alone], abs=1e-4)


def test_it_learns_and_serves_what_it_learnt(base: Path, tmp_path: Path) -> None:
    facts = trained(base, tmp_path, [GIFTS, FILES])
    assert facts["losses"][-1] < facts["losses"][0] / 2
    assert (facts["base"], facts["examples"]) == (BASE, 2)
    device, section = choose(Device(choice="cpu", threads=1)), GeneratorSection(model="tiny")
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)  # who asks a question reads no advice to programmers
        served = TransformersGenerator(base, section, device, BASE, {"gate": tmp_path})

    def odds(generator: Any, asked: Asked, question: str) -> float:
        return float(generator.leaning(prompt.answerable(question, asked.block), (prompt.YES,), prompt.NO))

    told = {(q, a): odds(served.tuned("gate"), one, q) for one in (GIFTS, FILES) for q, a in one.questions}
    assert min(v for (_, a), v in told.items() if a) > max(v for (_, a), v in told.items() if not a)
    again = trained(base, tmp_path / "further", [GIFTS, FILES], start=tmp_path, recipe=replace(RECIPE, epochs=1))
    assert again["losses"][0] < facts["losses"][0] / 2, "it goes on from there"


def test_the_mean_of_two_trainings_lies_between_them(base: Path, tmp_path: Path) -> None:
    one, two, both = (tmp_path / name for name in ("one", "two", "both"))
    short = replace(RECIPE, epochs=1)
    trained(base, one, [GIFTS, FILES], recipe=short)
    trained(base, two, [GIFTS, FILES], recipe=short, start=one)
    lora.mean([one, two], both)
    a, b, c = (load_file(folder / lora.WEIGHTS) for folder in (one, two, both))
    assert all(torch.allclose(c[n].float(), (a[n].float() + b[n].float()) / 2, atol=1e-2) for n in a)
    facts = json.loads((both / FACTS).read_text(encoding="utf-8"))
    assert (facts["base"], [one["recipe"]["epochs"] for one in facts["mean_of"]]) == (BASE, [1, 1])
    trained(base, tmp_path / "wide", [GIFTS, FILES], recipe=replace(short, rank=2))
    with pytest.raises(InputError, match="one base and shape"):
        lora.mean([one, tmp_path / "wide"], both)


def test_what_teaches_nothing_is_refused(base: Path, tmp_path: Path) -> None:
    sure = replace(FILES, questions=FILES.questions[:1])
    for asked in ([GIFTS], [sure, sure]):
        with pytest.raises(InputError, match="too few questions"):
            trained(base, tmp_path, asked)


def test_what_can_not_be_gone_on_from_is_named(base: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no adapter of rank 4"):
        trained(base, tmp_path / "on", [GIFTS, FILES], start=tmp_path / "nowhere")
    trained(base, tmp_path / "wide", [GIFTS, FILES], recipe=replace(RECIPE, rank=2, epochs=1))
    with pytest.raises(InputError, match="no adapter of rank 4"):
        trained(base, tmp_path / "on", [GIFTS, FILES], start=tmp_path / "wide")


def test_a_question_is_asked_of_its_passage_and_of_the_nearest_other(served: World) -> None:
    kept = {"question": "How long are complaint files kept?", "document": "complaints.md", "section": "2"}
    kept["quote"] = "Complaint files are kept for six years."
    nobody = {"question": "Who burns the complaint files?", "document": "complaints.md", "section": "", "near": "2"}
    gone = {**kept, "question": "What of section nine?", "section": "9"}
    snapshot = served.library().current()
    asked = from_collection([kept, nobody, gone], snapshot, served.config, FusedOrder(), random.Random(0))
    told = {(question, one.block[0].split(" › ")[-1]): answer for one in asked for question, answer in one.questions}
    assert told[kept["question"], "2 Files"] is True
    assert told[nobody["question"], "2 Files"] is False
    others = [
        answer for (question, place), answer in told.items() if question == kept["question"] and place != "2 Files"
    ]
    assert others == [False]
    assert gone["question"] not in {question for question, _ in told}


def test_many_questions_about_one_passage_are_parted(served: World) -> None:
    items = [
        {"question": f"Who burns file {n}?", "document": "complaints.md", "section": "", "near": "2"} for n in range(40)
    ]
    asked = from_collection(items, served.library().current(), served.config, FusedOrder(), random.Random(0))
    parts = [one.questions for one in asked if one.block[0].endswith("2 Files")]
    assert len(parts) > 1
    assert max(map(len, parts)) <= 14
    assert len({question for part in parts for question in part}) == sum(map(len, parts))


def test_of_a_rulebook_each_question_is_asked_of_its_passage_and_of_what_others_are_about() -> None:
    kinds = "gifts fees loans cards funds trusts bonds claims".split()
    texts = [
        f"A firm must keep records of {kind} for {n + 2} years. It must tell the regulator."
        for n, kind in enumerate(kinds)
    ]
    questions = [
        (f"For how long must a firm keep records of {kind}?", [text]) for kind, text in zip(kinds, texts, strict=True)
    ]
    questions.append(("Which records of gifts and fees must a firm keep?", texts[:2]))
    asked = from_rulebook(
        questions, 9, lambda query, near: [float(len(text)) for text in near], random.Random(0), others=2
    )
    told = {(question, one.block[1]): answer for one in asked for question, answer in one.questions}
    for question, gold in questions:
        first = {text: text.split(". ")[0] + "." for text in texts}
        yes = {text for (q, text), answer in told.items() if q == question and answer}
        no = {text for (q, text), answer in told.items() if q == question and not answer}
        assert len(yes) == 1
        assert yes <= {first[text] for text in gold}
        assert len(no) == 2
        assert not no & {first[text] for text in gold}
