"""What loading a model took and gave back, returned to the system.

glibc learns from each large block that is freed to serve the next from its heap, where one survivor keeps all below it: after
the models of the default were loaded and warmed, up to two gigabytes of nothing stayed with the process, from run to run more or
less. Elsewhere (musl, macOS) nothing is done.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # malloc.h
_LOADING = 1 << 20
_SERVING = 1 << 25
"""Bytes from which a block is one of its own: while loading, and after it the highest that glibc would have learnt, since mapping
each of a forward pass's blocks costs time."""
_KEPT = 1 << 28
"""Bytes of free heap that a serving process keeps for its next question."""


@contextmanager
def loading() -> Iterator[None]:
    """Around loading and a first pass. May be nested; other threads may go on."""
    libc = ctypes.CDLL(None)
    if not (hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim")):
        yield
        return
    libc.mallopt(_MMAP_THRESHOLD, _LOADING)
    try:
        yield
    finally:
        libc.mallopt(_MMAP_THRESHOLD, _SERVING)
        libc.mallopt(_TRIM_THRESHOLD, _KEPT)
        libc.malloc_trim(0)
