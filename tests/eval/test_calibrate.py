"""The gate's fit: it separates what can be separated, keeps to the risk that was asked for, and says what it rests on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import InputError
from assistant.evidence import abstain
from eval.calibrate import Row, fit, read_rows, write_rows
from eval.significance import upper_bound


def row(n: int, right: bool, leaning: float) -> Row:
    values = dict.fromkeys(abstain.SIGNALS, 0.0) | {"leaning": leaning, "sentence": leaning / 2}
    return Row(id=str(n), answerable=right, right=right, values=values)


ROWS = [row(n, n % 2 == 0, (3.0 if n % 2 == 0 else -3.0) + n % 5 / 10) for n in range(30)]


def test_what_can_be_told_apart_is() -> None:
    found = fit(ROWS, wrong_at_most=0.05)
    assert max(found["auroc_leave_one_out"].values()) == 1.0
    assert found["operating_point"]["wrong"] == 0.0
    assert found["operating_point"]["right_kept"] == 1.0
    assert found["operating_point"]["wrong_at_most_95"] > 0.1, "fifteen questions prove no five per cent"
    assert set(found["gate"]["weights"]) <= set(abstain.SIGNALS)
    assert found["n"] == 30


def test_what_the_gates_adapter_says_counts_where_there_is_one() -> None:
    assert "needed+answerable" not in fit(ROWS, wrong_at_most=0.05)["auroc_leave_one_out"]
    read = [
        replace(one, values=one.values | {"answerable": 5.0 if one.right else -5.0, "leaning": 0.0}) for one in ROWS
    ]
    found = fit(read, wrong_at_most=0.05)
    assert found["auroc_leave_one_out"]["needed+answerable"] == 1.0


def test_the_risk_that_was_asked_for_is_kept() -> None:
    noisy = [row(n, n % 3 == 0, (n * 7 % 11) / 3 - (n % 3)) for n in range(60)]
    strict, loose = fit(noisy, wrong_at_most=0.05), fit(noisy, wrong_at_most=0.6)
    assert strict["gate"]["threshold"] >= loose["gate"]["threshold"]
    assert loose["operating_point"]["wrong"] <= 0.6


def test_too_few_questions_are_refused() -> None:
    with pytest.raises(InputError, match="calibrate"):
        fit(ROWS[:2], wrong_at_most=0.05)


def test_rows_are_kept(tmp_path: Path) -> None:
    write_rows(ROWS, tmp_path / "rows.jsonl")
    assert read_rows(tmp_path / "rows.jsonl") == ROWS


@given(st.integers(0, 200), st.integers(1, 200))
def test_the_bound_is_above_what_was_seen(wrong: int, n: int) -> None:
    wrong = min(wrong, n)
    assert wrong / n <= upper_bound(wrong, n) <= 1
