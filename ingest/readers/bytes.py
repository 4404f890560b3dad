"""What bytes are, before a reader trusts them: kinds by signature, and text from unknown encodings."""

from __future__ import annotations

import codecs

from assistant.errors import InputError

_NAMES = {
    b"%PDF-": "a PDF",
    b"PK\x03\x04": "a ZIP container (DOCX, XLSX …)",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Office file (DOC, XLS)",
    b"{\\rtf": "an RTF file",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"\x1f\x8b": "a compressed file",
    b"\x7fELF": "a program",
    b"MZ\x90": "a program",
}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_COMMON_WESTERN = "£€‘’“”–—…•§°·éèàçüöäßñ©®™½¼¾«»\u00a0"


def kind_of(data: bytes) -> str:
    """What the first bytes say ("a PDF", "a picture" …), or "" where they say nothing."""
    head = data.lstrip()[:16]
    for signature, name in _NAMES.items():
        if data.startswith(signature) or (signature[:1].isascii() and head.startswith(signature)):
            return name
    return ""


def require_text(data: bytes, wanted: str) -> None:
    """Refuses, as not being ``wanted`` ("a text file"), bytes that have another kind's signature or are binary."""
    if not data.strip():
        raise InputError("The file is empty.")
    kind = kind_of(data)
    if kind:
        raise InputError(f"The file's name says {wanted}, its bytes say {kind}; rename it or convert it.")
    if not any(data.startswith(bom) for bom, _ in _BOMS) and b"\x00" in data[:4096] and not _wide(data):
        raise InputError(f"The file's name says {wanted}, but its bytes are not text; convert it.")


def decode(data: bytes) -> str:
    """Text by its byte-order mark, else as UTF-16 where every second byte says so, else as UTF-8, else as
    charset-normalizer's best guess.

    Raises `InputError` where no encoding fits.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError as error:
                raise InputError(f"The file begins like {encoding} but is not; save it as UTF-8.") from error
    try:
        return data.decode(_wide(data) or "utf-8")
    except UnicodeDecodeError:
        return _guess(data)


def _wide(data: bytes) -> str:
    """The UTF-16 that Western text without a byte-order mark is in: nearly every second byte is zero and no other. "" for
    everything else."""
    head = data[:4096]
    even, odd = head[::2].count(0), head[1::2].count(0)
    if len(head) < 8 or min(even, odd) or max(even, odd) < 0.4 * len(head):
        return ""
    return "utf-16-be" if even else "utf-16-le"


def _guess(data: bytes) -> str:
    from charset_normalizer import from_bytes

    # Windows-1252 first: what Western office files that are not UTF-8 nearly always are, and short texts with a pound
    # sign or curly quotes are too little evidence for the guesser (it took "£50 – café" for cp1125).
    try:
        western = data.decode("cp1252")
    except UnicodeDecodeError:
        western = ""
    if western and sum(c in _COMMON_WESTERN for c in western) >= 0.9 * sum(byte > 127 for byte in data):
        return western
    best = from_bytes(data).best()
    if best is None:
        raise InputError("The file's text encoding can't be recognised; save it as UTF-8.")
    return str(best)
