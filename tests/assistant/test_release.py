"""What answers may be changed while a server runs: from the next question on, recorded, and named in the release."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.answer import Assistant
from assistant.build import Engines, build
from assistant.config import Config, GeneratorSection, load
from assistant.errors import InputError
from assistant.models.twins import HashingEmbedder, ScriptedGenerator
from assistant.record.ledger import MemoryLedger, SqliteLedger
from assistant.release import POINTER, serving_adapter, switch_adapter
from tests.command_line import Cli, refused
from tests.world import World, ask, clock

ADAPTERS = """
[generator]
adapter = "terse"
[generator.adapters]
terse = "weights/terse"
broad = "weights/broad"
"""


@pytest.fixture
def config(world: World) -> Config:
    file = world.root / "configs" / "default.toml"
    file.write_text(file.read_text(encoding="utf-8") + ADAPTERS, encoding="utf-8")
    return world.config


def assistant_of(config: Config) -> Assistant:
    """Each adapter chooses otherwise: one sentence of a passage, or two."""
    adapters = {"terse": ScriptedGenerator(["a"], choose=1), "broad": ScriptedGenerator(["b"], choose=2)}
    generator = ScriptedGenerator(["c"], choose=3)
    engines = Engines(embedder=HashingEmbedder(), generator=generator, device="cpu", adapters=adapters)
    return build(config, engines, clock=clock)


def test_the_next_question_is_answered_through_the_other_adapter(config: Config, world: World) -> None:
    assistant, ledger = assistant_of(config), SqliteLedger(world.catalogue)
    releases = [ask(assistant).release]
    for name in ("broad", "none", "terse"):
        switch_adapter(config, name, ledger, "ann")
        releases.append(ask(assistant).release)
    assert [release.adapter for release in releases] == ["terse", "broad", None, "terse"]
    assert len({release.id for release in releases}) == 3
    assert releases[0] == releases[-1], "back is back: the same release"
    assert len({release.models["generator"] for release in releases}) == 3
    assert ledger.verify()


def test_a_switch_is_recorded_and_an_unknown_name_changes_nothing(config: Config) -> None:
    ledger = MemoryLedger(clock)
    with pytest.raises(InputError, match="give broad or terse or none"):
        switch_adapter(config, "loud", ledger, "ann")
    assert (ledger.records, serving_adapter(config)) == ([], "terse")
    switch_adapter(config, "none", ledger, "ann")
    (record,) = ledger.records
    assert (record.kind, json.loads(ledger.contents[record.id][1])) == (
        "switched",
        {"from": "terse", "to": "none", "who": "ann"},
    )
    assert serving_adapter(config) is None


def test_an_adapter_that_the_config_lost_gives_way_to_its_own(config: Config) -> None:
    (config.data / POINTER).write_text("gone", encoding="utf-8")
    assert serving_adapter(config) == "terse"


def test_the_command(config: Config, cli: Cli) -> None:
    assert cli("models", "switch", "broad", "--json").body == {
        "schema_version": 1,
        "adapter": "broad",
        "before": "terse",
    }
    refused(cli("models", "switch", "loud"), "There is no adapter 'loud'")
    assert serving_adapter(config) == "broad"


def test_the_config_names_one_of_its_adapters(tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    file.write_text('[generator]\nadapter = "gone"\n', encoding="utf-8")
    with pytest.raises(InputError, match="none of adapters"):
        load(file)


def test_another_generator_has_no_adapter_of_this_one(config: Config) -> None:
    assert config.with_generator(None).generator == config.generator
    assert config.with_generator(None, untuned=True).generator.adapter is None
    other = config.with_generator("another").generator
    assert (other.model, other.adapter, other.adapters) == ("another", None, {})
    assert GeneratorSection(adapters={"a": Path("a")}, adapter="a").adapter == "a"
