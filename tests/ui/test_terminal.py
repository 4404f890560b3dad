"""Progress in a log: a line where a stage begins and ends, and now and then between."""

from __future__ import annotations

import io

from assistant.types import Progress
from ui.terminal import SECONDS, ProgressLine


def test_a_long_stage_is_heard_of_now_and_then() -> None:
    out, now = io.StringIO(), [100.0]
    line = ProgressLine(out, lambda: now[0])
    for done in range(1, 11):
        line(Progress(stage="embed", done=done, total=10))
        now[0] += SECONDS / 4
    line(Progress(stage="index", done=0, total=10))
    assert out.getvalue().split("\n")[:-1] == ["embed 1/10", "embed 5/10", "embed 9/10", "embed 10/10", "index 0/10"]
