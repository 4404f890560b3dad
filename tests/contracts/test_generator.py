"""What every `Generator` must do. Each implementation is one parameter of the fixture; the real ones have random weights."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.config import Device, GeneratorSection
from assistant.models.device import choose
from assistant.models.generate import TransformersGenerator
from assistant.models.twins import ScriptedGenerator
from assistant.protocols import Generator, Message
from tests import tiny

MESSAGES = (
    Message("system", "Answer from the passages."),
    Message("user", "Who approves a gift?"),
)
lines = st.lists(
    st.text(
        st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1
    )
    .map(str.strip)
    .filter(bool),
    min_size=1,
    max_size=4,
    unique=True,
)


@pytest.fixture(scope="module", params=["scripted", "unquantised", "nf4"])
def generator(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator:
    if request.param == "scripted":
        return ScriptedGenerator(("A gift needs approval [1]. Records are kept for five years [2].",), choose=2)
    folder = tiny.llama(tmp_path_factory.mktemp("generator") / "llama")
    section = GeneratorSection(model="tiny", quantization="nf4" if request.param == "nf4" else "none")
    return TransformersGenerator(folder, section, choose(Device(choice="cpu", threads=1)), "tiny@0")


def _say(generator: Generator, *messages: Message, most: int = 16, seed: int = 0) -> str:
    return "".join(generator.generate(messages or MESSAGES, max_new_tokens=most, seed=seed))


def test_same_arguments_same_text(generator: Generator) -> None:
    assert _say(generator) == _say(generator) != ""


def test_pieces_come_one_by_one_and_are_never_empty(generator: Generator) -> None:
    pieces = list(generator.generate(MESSAGES, max_new_tokens=16, seed=0))
    assert len(pieces) > 1
    assert all(pieces)


def test_it_stops_when_the_iterator_is_closed(generator: Generator) -> None:
    whole = _say(generator)
    pieces = generator.generate(MESSAGES, max_new_tokens=16, seed=0)
    first = next(pieces)
    pieces.close()
    assert whole.startswith(first)
    assert _say(generator) == whole, "and is free for the next question"


def test_a_shorter_limit_gives_the_beginning(generator: Generator) -> None:
    assert _say(generator, most=16).startswith(_say(generator, most=4))


def test_a_second_question_waits_for_the_first(generator: Generator) -> None:
    questions = [(MESSAGES[0], Message("user", text)) for text in ("Who?", "When?", "What is kept for five years?")]
    alone = [_say(generator, *question) for question in questions]
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(lambda question: _say(generator, *question), questions)) == alone


@settings(max_examples=8)
@given(options=lines, cut=st.integers(0, 5), most=st.sampled_from([1, 4, 4000]))
def test_among_says_one_of_each_group_each_at_most_once(
    generator: Generator, options: list[str], cut: int, most: int
) -> None:
    groups = [group for group in (options[:cut], options[cut:]) if group]
    said = "".join(generator.generate(MESSAGES, max_new_tokens=most, seed=0, among=groups))
    chosen = said.rstrip("\n").split("\n")
    assert set(chosen) <= set(options)
    assert len(chosen) == len(set(chosen))
    assert all(set(chosen) & set(group) for group in groups)


def test_leaning_is_two_sided_and_changes_nothing(generator: Generator) -> None:
    before = _say(generator)
    towards, away = (
        generator.leaning(MESSAGES, [one], other) for one, other in (("A gift [1]", "NOT"), ("NOT", "A gift [1]"))
    )
    assert towards == pytest.approx(-away)
    assert towards != 0
    assert generator.leaning(MESSAGES, ["A gift [1]", "Records [2]"], "NOT") >= towards
    assert generator.leaning(MESSAGES, ["NOT"], "NOT") == generator.leaning(MESSAGES, [], "NOT") == 0
    assert _say(generator) == _say(generator) == before


def test_tokens_are_counted(generator: Generator) -> None:
    assert generator.count_tokens("") == 0
    assert 0 < generator.count_tokens("a gift") <= generator.count_tokens("a gift of a gift")
