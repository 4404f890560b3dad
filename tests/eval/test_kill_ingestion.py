"""Law 3 against true kills and power cuts, in a process of their own because it forks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("how", [(), ("--power",)], ids=["killed", "unsynced writes lost"])
def test_twenty_ends_leave_nothing_damaged_lost_or_doubled(how: tuple[str, ...]) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "eval.kill_ingestion", "20", "--seed", "7", *how],
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert told.returncode == 0, told.stdout.decode() + told.stderr.decode()
    found = json.loads(told.stdout)
    assert (found["damaged_lost_or_doubled"], found["faults"]) == (0, [])
    assert len(found["died_in"]) >= 3, "the kills fell on several stages"
