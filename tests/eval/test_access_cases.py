"""The kept brute-force comparison runs, finds nothing on the true code, and finds a broken filter."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.knowledge.library import OpenSnapshot
from eval.access_cases import run


def test_two_hundred_cases_find_nothing() -> None:
    told = run(200, seed=3)
    assert told["faults"] == {}
    assert told["cases"] == 200
    assert 0 < told["cases_that_see_nothing"] < 200


def test_a_broken_filter_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our mask is patched: only a broken one shows that the comparison sees it."""
    monkeypatch.setattr(OpenSnapshot, "mask", lambda self, *arguments: np.ones(len(self.passages), dtype=np.bool_))
    told = run(20, seed=3)
    assert told["canary_leaks"] > 0
    assert {"count", "search dense", "search lexical", "answer search"} <= set(told["faults"])
