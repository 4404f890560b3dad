"""Office files before a library opens them: a ZIP container of XML parts (ECMA-376 part 2), checked as a whole.

Refused, each with its reason: what is damaged, encrypted or too large once inflated (counted while inflating: the sizes
that a ZIP states of itself may lie); parts with a document type (entities: XXE, "billion laughs"; no office program
writes one); macros; another kind of document than the suffix says.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import IO

from assistant.errors import InputError
from ingest.readers.bytes import kind_of

MOST_PARTS = 5_000
MOST_BYTES = 200_000_000
"""Of all parts together, inflated. The largest office files met in practice have some tens of MB of XML."""
MOST_RATIO = 250
"""Inflated to packed, for parts over `_SMALL`. XML packs 10 to 40 times, empty table rows up to 200."""
_SMALL = 5_000_000
_CHUNK = 1 << 20
_OVERLAP = 64  # bytes kept of one chunk for the next, more than twice what is looked for (in UTF-16)

DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, RuntimeError, NotImplementedError, ValueError, OSError)
"""What zipfile raises on damaged bytes: RuntimeError is its "encrypted", NotImplementedError an unknown compression."""

_DOCTYPE = re.compile(rb"<!DOCTYPE|<!ENTITY", re.IGNORECASE)
_XML = re.compile(
    rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*<"
    rb"(?!\?xml[^>]{0,80}encoding\s*=\s*[\"'](?!utf-?8|utf-?16|(?:us-)?ascii|iso-8859-|windows-125))",
    re.IGNORECASE,
)
"""Encodings that do not write ASCII as ASCII could hide a document type from the search for one."""
_MACROS = re.compile(r"(?:^|/)(?:vbaProject\.bin|vbaData\.xml|macrosheets/.*)$", re.IGNORECASE)
_KINDS = {
    "a Word document": b"wordprocessingml.document.main+xml",
    "an Excel workbook": b"spreadsheetml.sheet.main+xml",
    "a PowerPoint file": b"presentationml.presentation.main+xml",
    "a Word template": b"wordprocessingml.template.main+xml",
    "an Excel template": b"spreadsheetml.template.main+xml",
}


def check(data: bytes, wanted: str) -> None:
    """Raises `InputError` unless ``data`` is harmlessly ``wanted`` ("a Word document", "an Excel workbook")."""
    if not data:
        raise InputError("The file is empty.")
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputError(f"The file is an old or password-protected Office file, not {wanted}; save it anew and open.")
    if not data.startswith(b"PK"):
        found = kind_of(data) or "something else"
        raise InputError(f"The file's name says {wanted}, its bytes say {found}; rename it or convert it.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as container:
            types = _checked(container)
    except DAMAGED as error:
        raise InputError(
            f"The file is not {wanted} or is damaged; open it in its program and save it again."
        ) from error
    if b"macroenabled" in types.lower():
        raise InputError("The file holds macros; save it without them.")
    found = next((name for name, part in _KINDS.items() if part in types), "another ZIP container")
    if found != wanted:
        raise InputError(f"The file's name says {wanted}, its content says {found}; rename it or convert it.")


def _checked(container: zipfile.ZipFile) -> bytes:
    """The part that lists the types of the others, all of them looked through."""
    parts = container.infolist()
    if len(parts) > MOST_PARTS:
        raise InputError(f"The file has {len(parts)} parts, the limit is {MOST_PARTS}; save it again in its program.")
    if len({part.filename for part in parts}) < len(parts):
        raise InputError("Two parts of the file have the same name: programs would show different texts; save it anew.")
    types = b""
    left = MOST_BYTES
    for part in parts:
        if _MACROS.search(part.filename):
            raise InputError("The file holds macros; save it without them.")
        is_types = part.filename == "[Content_Types].xml"
        with container.open(part) as stream:
            size, head = _looked_through(stream, part, left, keep=is_types)
        left -= size
        if is_types:
            types = head
    return types


def _looked_through(stream: IO[bytes], part: zipfile.ZipInfo, left: int, *, keep: bool) -> tuple[int, bytes]:
    """The part's inflated size, and its content where it is to be kept."""
    size = 0
    tail = b""
    kept = b""
    is_xml = part.filename.lower().endswith((".xml", ".rels", ".vml"))
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        require_size(size, part.compress_size, left)
        plain = (tail + chunk).replace(b"\x00", b"") if is_xml else b""
        if is_xml and _DOCTYPE.search(plain):
            raise InputError("The file's XML declares entities, which office programs never do; it is hostile.")
        if is_xml and size == len(chunk) and not _XML.match(plain):
            raise InputError("A part of the file is no XML or has an encoding that office programs never use.")
        tail = chunk[-_OVERLAP:]
        if keep:
            kept += chunk
    return size, kept


def require_size(size: int, packed: int, left: int) -> None:
    """Raises `InputError` where ``size`` inflated bytes are more than ``left`` or out of proportion to ``packed``."""
    if size > left:
        raise InputError(f"It inflates to more than {MOST_BYTES // 1_000_000} MB; split it.")
    if size > _SMALL and size > MOST_RATIO * max(packed, 1):
        raise InputError(f"It inflates more than {MOST_RATIO} times: a decompression bomb, or empty; save it anew.")
