"""Every file in configs/ loads; what is unknown or impossible is refused by the name of its key."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from assistant.build import build, principal_of
from assistant.config import Config, load
from assistant.errors import AccessError, InputError
from tests.world import CONFIG, World

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = sorted(file for file in (ROOT / "configs").glob("*.toml") if file.name != "models.toml")  # the models' lock


def written(folder: Path, text: str) -> Path:
    file = folder / "configs" / "own.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("file", CONFIGS, ids=lambda file: file.name)
def test_every_config_loads_and_names_its_users(file: Path) -> None:
    config = load(file)
    assert config.root == ROOT
    assert config.data == ROOT / "data"
    if config.access.cli_user:
        assert principal_of(config, None).groups
    for user in config.access.users:
        assert principal_of(config, user.id).groups == user.groups


def sections(model: type[BaseModel] = Config) -> dict[str, type[BaseModel]]:
    found = {name: field.annotation for name, field in model.model_fields.items()}
    return {name: kind for name, kind in found.items() if isinstance(kind, type) and issubclass(kind, BaseModel)}


@pytest.mark.parametrize("section", sections())
def test_an_unknown_key_is_named(tmp_path: Path, section: str) -> None:
    with pytest.raises(InputError, match=rf"own\.toml: {section}\.unkown: Extra inputs"):
        load(written(tmp_path, f"[{section}]\nunkown = 1\n"))


def test_an_unknown_section_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="retreive: Extra inputs"):
        load(written(tmp_path, "[retreive]\nhits = 3\n"))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[gate]\nthreshold = 1.5", "gate.threshold"),
        ("[gate]\nthreshold = nan", "gate.threshold"),
        ("[gate]\nintercept = nan", "gate.intercept"),
        ("[gate]\nweights = { coverage = inf }", "gate.weights.coverage"),
        ("[gate]\nweights = { coverage = 'much' }", "gate.weights.coverage"),
        ("[gate]\nweights = { answerable = 1.0 }", "weights.answerable needs an adapter"),
        ("[generator]\nadapters = { gate = 'w' }", "the gate's own adapter"),
        ("[split]\nmax_tokens = 0", "split.max_tokens"),
        ("[retrieve]\nhits = 0", "retrieve.hits"),
        ("[retrieve]\ndense_weight = -1", "retrieve.dense_weight"),
        ("[retrieve]\nhits = 2.5", "retrieve.hits"),
        ("[server]\nport = 70000", "server.port"),
        ("[generator]\ncomposition = 'poem'", "generator.composition"),
        ("[generator]\nquantization = 'int3'", "generator.quantization"),
        ("[device]\nchoice = 'tpu'", "device.choice"),
        ("[access]\nmode = 'open'", "access.mode"),
        ("[access]\ncli_user = 'ghost'", "access.cli_user"),
        ("[access]\nmanagers = ['public']", "access.managers"),
        ("[[access.users]]\nid = 'a'\nname = 'A'\ngroups = []\n" * 2, "access.users"),
        ("[[access.users]]\nid = 'a'", "access.users.0.name"),
        ("root = '/elsewhere'", "root"),
    ],
)
def test_what_is_impossible_is_named(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(InputError) as caught:
        load(written(tmp_path, text))
    assert key in str(caught.value)
    assert "own.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"[gate", b"\xff\xfe", b"a = 1\na = 2"])
def test_what_is_no_toml_is_said(tmp_path: Path, content: bytes) -> None:
    file = written(tmp_path, "")
    file.write_bytes(content)
    with pytest.raises(InputError, match="is not valid TOML"):
        load(file)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.toml can't be read"):
        load(tmp_path / "gone.toml")
    with pytest.raises(InputError, match="can't be read"):
        load(tmp_path)


def test_without_a_file_the_projects_own_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    World.make(tmp_path)
    (tmp_path / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "er")
    assert load().root == tmp_path


def test_paths_are_the_projects_and_values_stand_still(tmp_path: Path) -> None:
    config = load(written(tmp_path, f"[paths]\ndata = 'd'\ncorpora = '{tmp_path}/c'\n"))
    assert (config.root, config.data, config.corpora) == (tmp_path, tmp_path / "d", tmp_path / "c")
    with pytest.raises(ValueError, match="frozen"):
        config.gate.threshold = 0.1  # type: ignore[misc]  # that it can't be set is the point
    loose = tmp_path / "loose.toml"
    loose.write_text("", encoding="utf-8")
    assert load(loose).root == tmp_path


def test_a_signal_that_is_none_is_named_before_a_model_is_loaded(tmp_path: Path) -> None:
    world = World.make(tmp_path, CONFIG.replace("[gate]", "[gate]\nweights = { agreement = 1.0 }"))
    with pytest.raises(InputError, match=r"gate\.weights: there is no signal 'agreement'; known are leaning"):
        build(world.config)


def test_a_principal_is_a_configured_user(served: World) -> None:
    config = served.config
    assert principal_of(config, None).user == "ann"
    assert principal_of(config, "mia").groups == {"staff", "mlro"}
    assert principal_of(config, "mia", "hr, staff,").groups == {"hr", "staff"}
    assert principal_of(config, "mia", "").groups == frozenset()
    with pytest.raises(AccessError, match="no user 'ghost'; give one of: ann, guest, mia, nil"):
        principal_of(config, "ghost")
