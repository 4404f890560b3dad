"""The ingested files themselves, content-addressed: ``data/sources/<sha-256>``. A name that is a hash can't go stale."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from assistant.errors import Corrupt, Unavailable
from assistant.files import sync


class Blobs:
    def __init__(self, data: Path) -> None:
        self._folder = data / "sources"

    def put(self, content: bytes) -> str:
        """Idempotent and atomic; returns the SHA-256."""
        digest = hashlib.sha256(content).hexdigest()
        file = self._folder / digest
        if not file.is_file():
            self._folder.mkdir(parents=True, exist_ok=True)
            temporary = self._folder / f".{digest}.{os.getpid()}"
            temporary.write_bytes(content)
            sync(temporary)
            temporary.replace(file)
            sync(self._folder)
        return digest

    def get(self, digest: str) -> bytes:
        try:
            content = (self._folder / digest).read_bytes()
        except OSError as error:
            raise Unavailable("The original file is no longer kept; its canonical text still is.") from error
        if hashlib.sha256(content).hexdigest() != digest:
            raise Corrupt(f"The stored file {digest[:12]}… was altered; run `muniment ingest` on its folder.")
        return content
