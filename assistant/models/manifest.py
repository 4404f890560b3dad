"""``manifest.json``, written last into a model's folder: what every file is and where it came from.

A folder without one is not a model; a file that the manifest doesn't list makes the folder corrupt (transformers would
load a stray ``adapter_config.json`` without a word).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from assistant.errors import Corrupt, Unavailable
from assistant.files import inner_files, sha256_of, write_json
from assistant.models.lock import InnerPath, Sha256, Task

MANIFEST = "manifest.json"
WEIGHTS = "model.safetensors"


class _Value(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileEntry(_Value):
    sha256: Sha256
    bytes: int


class Source(_Value):
    """``sha256`` of the source file is what adapters are bound to."""

    kind: Literal["wheels", "hub", "made"]
    detail: str
    sha256: Sha256


class Manifest(_Value):
    schema_version: Literal[1] = 1
    name: str
    task: Task
    source: Source
    converter: str | None
    """Identity of the rules that made the files out of the source; None where they are the source."""
    files: dict[InnerPath, FileEntry]


def describe(folder: Path) -> dict[str, FileEntry]:
    """Hash and size of every file below ``folder`` but the manifest."""
    return {
        name: FileEntry(sha256=sha256_of(folder / name), bytes=(folder / name).stat().st_size)
        for name in inner_files(folder)
        if name != MANIFEST
    }


def write_manifest(folder: Path, manifest: Manifest) -> None:
    write_json(folder / MANIFEST, manifest.model_dump())


def read_manifest(folder: Path) -> Manifest:
    """Raises `Corrupt` where it is missing or can't be read."""
    path = folder / MANIFEST
    try:
        return Manifest.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise Corrupt(f"{path} can't be read ({error.strerror}); pull the model again.") from error
    except (ValueError, ValidationError) as error:
        raise Corrupt(f"{path} is not a manifest of this version; pull the model again.") from error


def verify_folder(folder: Path, manifest: Manifest) -> None:
    """Hashes every file. Raises `Corrupt` naming the first that is missing, added or different."""
    present = set(inner_files(folder)) - {MANIFEST}
    for name in sorted(set(manifest.files) - present):
        raise Corrupt(f"{folder / name} is missing; pull the model again.")
    for name in sorted(present - set(manifest.files)):
        raise Corrupt(f"{folder / name} is not in the manifest; remove it or pull the model again.")
    for name, entry in sorted(manifest.files.items()):
        path = folder / name
        if path.is_symlink():
            raise Corrupt(f"{path} is a link, not a file; pull the model again.")
        if path.stat().st_size != entry.bytes or sha256_of(path) != entry.sha256:
            raise Corrupt(f"{path} differs from what was pulled; pull the model again.")


def folder_identity(folder: Path) -> str:
    """SHA-256 over the files' names and hashes: of the manifest where there is one, else of the files themselves."""
    files = read_manifest(folder).files if (folder / MANIFEST).is_file() else describe(folder)
    lines = "".join(f"{name}\0{entry.sha256}\n" for name, entry in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def source_sha256(folder: Path) -> str:
    """What an adapter must be bound to: the manifest's source, else the hash of ``model.safetensors``; of a model in several
    files, the hash of their names and hashes. `Unavailable` where the folder holds no weights."""
    if (folder / MANIFEST).is_file():
        return read_manifest(folder).source.sha256
    if (folder / WEIGHTS).is_file():
        return sha256_of(folder / WEIGHTS)
    shards = sorted(folder.glob("*.safetensors"))
    if not shards:
        raise Unavailable(
            f"{folder} holds no safetensors weights; put the model's folder there, as its publisher gives it."
        )
    lines = "".join(f"{shard.name}\0{sha256_of(shard)}\n" for shard in shards)
    return hashlib.sha256(lines.encode()).hexdigest()
