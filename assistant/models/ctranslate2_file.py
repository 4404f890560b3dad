"""Reading the model file of CTranslate2 (``model.bin``, binary version 6): named arrays, memory-mapped.

Layout, little-endian, by https://github.com/OpenNMT/CTranslate2/blob/master/python/ctranslate2/specs/model_spec.py:
version u32, specification's name, revision u32, count u32, then for each array its name, rank u8, dimensions u32, type u8,
bytes u32, data; at the end the count of aliases and their name pairs. A name is its length u16, its bytes and a NUL, counted.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.errors import Corrupt, Unavailable

VERSION = 6
_TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}


@dataclass(frozen=True, kw_only=True)
class CTranslate2File:
    """``arrays`` are copies in memory, by name without the NUL; ``specification`` is the file's own word for what it is."""

    specification: str
    revision: int
    arrays: Mapping[str, NDArray[Any]]


def read(path: Path) -> CTranslate2File:
    """Raises `Corrupt` where the file ends too early or says what can't be, `Unavailable` for another version or type."""
    try:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _Reader(data, path.name).file()
    except (struct.error, ValueError) as error:
        raise Corrupt(f"{path.name} is no whole CTranslate2 model; pull the model again.") from error


class _Reader:
    def __init__(self, data: mmap.mmap, name: str) -> None:
        self._data = data
        self._name = name
        self._at = 0

    def file(self) -> CTranslate2File:
        version = self._number("I")
        if version != VERSION:
            raise Unavailable(f"{self._name} is of CTranslate2's binary version {version}; {VERSION} can be read.")
        specification, revision = self._text(), self._number("I")
        arrays = dict(self._array() for _ in range(self._number("I")))
        for _ in range(self._number("I")):
            alias, target = self._text(), self._text()
            if target not in arrays:
                raise ValueError(target)
            arrays[alias] = arrays[target]
        if self._at != len(self._data):
            raise ValueError("more bytes than arrays")
        return CTranslate2File(specification=specification, revision=revision, arrays=arrays)

    def _array(self) -> tuple[str, NDArray[Any]]:
        name = self._text()
        shape = [self._number("I") for _ in range(self._number("B"))]
        kind, size = self._number("B"), self._number("I")
        if kind not in _TYPES:
            raise Unavailable(f"{self._name} holds an array of type {kind}; floats and integers can be read.")
        count = int(np.prod(shape, dtype=np.int64))
        if count * np.dtype(_TYPES[kind]).itemsize != size or self._at + size > len(self._data):
            raise ValueError(name)
        values = np.frombuffer(self._data[self._at : self._at + size], dtype=_TYPES[kind]).reshape(shape)
        self._at += size
        return name, values

    def _number(self, form: str) -> int:
        (value,) = struct.unpack_from(f"<{form}", self._data, self._at)
        self._at += struct.calcsize(f"<{form}")
        return int(value)

    def _text(self) -> str:
        size = self._number("H")
        raw = self._data[self._at : self._at + size]
        if len(raw) != size or not raw.endswith(b"\0"):
            raise ValueError("a name without its end")
        self._at += size
        return raw[:-1].decode("ascii")
