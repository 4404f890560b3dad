"""ZIP archives of documents, unpacked in memory and within limits; nothing of an archive ever names a place on disk.

An archive as a whole is refused where it is damaged, has too many entries or inflates beyond all measure. Of the rest,
single entries are refused, each with its reason: paths that lead out, links, encrypted or damaged entries, archives in the
archive (one level is unpacked), files without a reader. What operating systems add to archives is passed over.
"""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from assistant.config import Ingest
from assistant.errors import InputError
from ingest.readers import why_not
from ingest.readers.bytes import kind_of
from ingest.readers.package import DAMAGED

SUFFIX = ".zip"
_RATIO = 200
_SMALL = 5_000_000  # bytes: below it no proportion is a bomb
_CHUNK = 1 << 20
_ENCRYPTED = 0x1
_ARCHIVES = frozenset({".zip", ".7z", ".rar", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".zst", ".cab", ".iso", ".jar"})


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A file of an archive: its path in it with "/", and either its bytes or why it is refused."""

    name: str
    content: bytes = b""
    refused: str = ""


def entries(data: bytes, limits: Ingest) -> Iterator[Entry]:
    """The archive's files in its own order, one at a time. Raises `InputError`, at any step, where the whole is refused."""
    if not data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        found = kind_of(data) or "something else"
        raise InputError(f"The file's name says a ZIP archive, its bytes say {found}; rename it or pack it anew.")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except DAMAGED as error:
        raise InputError("The archive is damaged; pack it anew.") from error
    infos = [info for info in archive.infolist() if info.filename[-1:] != "/" and not _is_clutter(_path(info))]
    if len(infos) > limits.archive_entries:
        raise InputError(
            f"The archive has {len(infos)} files, the limit is {limits.archive_entries} (ingest.archive_entries)."
        )
    left = limits.archive_mb * 1_000_000
    seen: set[str] = set()
    for info in infos:
        name = _path(info)
        reason = _reason_against(info, name, limits) or ("It stands twice in the archive." if name in seen else "")
        seen.add(name)
        if reason:
            yield Entry(name=_printable(name), refused=reason)
            continue
        entry = _read(archive, info, name, left)
        left -= len(entry.content)
        yield entry


def _path(info: zipfile.ZipInfo) -> str:
    return info.filename.replace("\\", "/")


def _printable(name: str) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in name)


def _is_clutter(name: str) -> bool:
    """What macOS and Windows put beside the documents, and hidden files."""
    parts = [part for part in PurePosixPath(name).parts if part not in ("..", ".")]
    return any(part.startswith((".", "~$")) or part in ("__MACOSX", "Thumbs.db", "desktop.ini") for part in parts)


def _reason_against(info: zipfile.ZipInfo, name: str, limits: Ingest) -> str:
    path = PurePosixPath(name)
    suffix = path.suffix.lower()
    if not path.parts or path.is_absolute() or ".." in path.parts or ":" in path.parts[0] or not name.isprintable():
        return "Its path leads out of the archive or can't be written; rename it."
    if stat.S_ISLNK(info.external_attr >> 16):
        return "It is a link; pack the file itself."
    if info.flag_bits & _ENCRYPTED:
        return "It is encrypted; pack it without a password."
    if suffix in _ARCHIVES:
        return "It is an archive in the archive; unpack it first."
    if info.file_size > limits.max_file_mb * 1_000_000:
        return f"It has {info.file_size / 1e6:.1f} MB, the limit is {limits.max_file_mb} MB (ingest.max_file_mb)."
    return why_not(suffix) or ("The file is empty." if info.file_size == 0 else "")


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, left: int) -> Entry:
    """Counted while inflating, up to the size that the archive states (zipfile gives no more)."""
    content = bytearray()
    try:
        with archive.open(info) as stream:
            while chunk := stream.read(_CHUNK):
                content += chunk
                if len(content) > left:
                    raise InputError("The archive inflates to more than ingest.archive_mb allows; split it.")
                if len(content) > _SMALL and len(content) > _RATIO * max(info.compress_size, 1):
                    return Entry(name=name, refused=f"It inflates more than {_RATIO} times: a decompression bomb.")
    except DAMAGED:
        return Entry(name=name, refused="It is damaged in the archive; pack it anew.")
    return Entry(name=name, content=bytes(content)) if content else Entry(name=name, refused="The file is empty.")
