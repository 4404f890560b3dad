"""Files that a person drops into a collection's folder: sound names only, whole or not at all, nothing overwritten unasked."""

from __future__ import annotations

import hashlib
import os
import secrets
import unicodedata
from dataclasses import dataclass
from dataclasses import replace as changed
from pathlib import Path, PurePosixPath
from typing import Literal

from assistant.config import Ingest
from assistant.errors import InputError, Unavailable
from assistant.files import sync
from ingest.drafts import Draft
from ingest.readers import why_not
from ingest.readers.archive import SUFFIX as ARCHIVE

LONGEST = 150
"""Bytes of a name: file systems allow 255, and an archive's entries add to it."""
_UNSOUND = frozenset('/\\<>:"|?*')
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{n}{i}" for n in ("com", "lpt") for i in range(1, 10))})


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """``same``: these very bytes were there already. ``taken``: another file has the name, and nothing was written.
    ``sha256`` is of the given bytes, ``before`` are the bytes that were replaced, None where none were."""

    state: Literal["added", "replaced", "same", "taken"]
    name: str
    sha256: str
    size: int
    before: bytes | None = None


def sound_name(name: str) -> str:
    """``name`` in NFC; `InputError` says what is wrong with it. A name without a folder, which every file system takes and
    which looks like what it is."""
    given = unicodedata.normalize("NFC", name)
    if not given or given != given.strip() or given.endswith("."):
        raise InputError("A file's name can't be empty, nor begin or end with a space, nor end with a dot; rename it.")
    if any(letter in _UNSOUND for letter in given):
        raise InputError("A file's name can't hold any of / \\ < > : \" | ? *; rename it.")
    if any(unicodedata.category(letter)[0] == "C" or unicodedata.category(letter) in ("Zl", "Zp") for letter in given):
        raise InputError("The file's name holds a character that nobody sees; rename it.")
    if given.startswith((".", "~$")):
        raise InputError("Files whose names begin with . or ~$ are not documents; rename it.")
    if len(given.encode()) > LONGEST:
        raise InputError(f"The file's name has more than {LONGEST} bytes; shorten it.")
    if given.split(".")[0].casefold() in _DEVICES:
        raise InputError("The file's name is a device's on some systems; rename it.")
    suffix = PurePosixPath(given).suffix.lower()
    if suffix != ARCHIVE and (reason := why_not(suffix)):
        raise InputError(reason)
    return given


def drop(draft: Draft, name: str, content: bytes, limits: Ingest, *, replace: bool) -> Dropped:
    """Puts ``content`` into the collection's folder. Without ``replace`` a file of that name stays as it is. `InputError` for
    what would be refused at the ingestion anyway: an unsound name, nothing, too much."""
    sound = sound_name(name)
    if not content:
        raise InputError("The file is empty.")
    if len(content) > limits.max_file_mb * 1_000_000:
        raise InputError(
            f"It has {len(content) / 1e6:.1f} MB, the limit is {limits.max_file_mb} MB (ingest.max_file_mb)."
        )
    target = draft.folder / sound
    told = Dropped(state="added", name=sound, sha256=hashlib.sha256(content).hexdigest(), size=len(content))
    try:
        before = _before(draft.folder, target)
        if before == content:
            return changed(told, state="same")
        if before is not None and not replace:
            return changed(told, state="taken")
        if not _put(target, content, replace=before is not None):
            return changed(told, state="taken")
    except OSError as error:
        raise Unavailable(
            f"{sound} can't be written ({error.strerror}); check space and permissions of the collection's folder."
        ) from error
    return told if before is None else changed(told, state="replaced", before=before)


def _before(folder: Path, target: Path) -> bytes | None:
    """What has the name now. `InputError` where that is no plain file, and where another name differs from it only in capitals
    or in how its letters are composed: on some file systems they are the same."""
    wanted = _folded(target.name)
    for other in folder.iterdir():
        if _folded(other.name) == wanted and other.name != target.name:
            raise InputError(f"There is a file {other.name} already; give this one the very same name, or another.")
    if target.is_symlink() or (target.exists() and not target.is_file()):
        raise InputError(f"{target.name} is a folder or a link there; choose another name.")
    return target.read_bytes() if target.exists() else None


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _put(target: Path, content: bytes, *, replace: bool) -> bool:
    """False where somebody else took the name meanwhile."""
    temporary = target.with_name(f".{secrets.token_hex(8)}.dropped")  # hidden: no ingestion takes it
    try:
        with temporary.open("xb") as stream:
            stream.write(content)
        sync(temporary)
        if replace:
            os.replace(temporary, target)
        else:
            try:
                os.link(temporary, target)
            except FileExistsError:
                return False
        sync(target.parent)
    finally:
        temporary.unlink(missing_ok=True)
    return True
