"""What loading gave back leaves the process: measured where /proc tells, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from assistant.models import heap

SCRIPT = """
import contextlib, sys
from assistant.models import heap

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

def load():
    bytearray(8 << 20)  # a large block that is freed: glibc serves the next of its size from the heap
    blocks = [bytearray(b"x") * (4 << 20) for _ in range(60)]
    kept = blocks[::20] + [bytearray(100_000)]
    return kept

before = resident()
with heap.loading() if sys.argv[1] == "given back" else contextlib.nullcontext():
    kept = load()
print((resident() - before) >> 20)
"""


def test_only_what_is_kept_stays() -> None:
    if not Path("/proc/self/statm").exists():
        pytest.skip("reads what a process holds from /proc")
    done = subprocess.run([sys.executable, "-c", SCRIPT, "given back"], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 40  # three blocks of 4 MB, of 240


def test_it_may_be_nested_and_an_error_goes_through() -> None:
    with pytest.raises(ZeroDivisionError), heap.loading(), heap.loading():
        raise ZeroDivisionError
