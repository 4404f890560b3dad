"""Where the models run, and that a choice by hand never falls back."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import torch

from assistant.config import Device
from assistant.errors import Unavailable
from assistant.models.device import choose, cores, cpu_flags


@pytest.fixture(autouse=True)
def _threads_as_before() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_cpu_by_hand() -> None:
    chosen = choose(Device(choice="cpu", threads=1))
    assert (chosen.kind, chosen.threads, torch.get_num_threads()) == ("cpu", 1, 1)
    assert chosen.reason == "the config says cpu"
    assert chosen.bfloat16 == ("avx512_bf16" in cpu_flags())


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_cuda() -> None:
    assert choose(Device()).kind == "cpu"
    assert "no CUDA device" in choose(Device()).reason
    with pytest.raises(Unavailable, match=r"device\.choice"):
        choose(Device(choice="cuda"))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_with_cuda() -> None:
    assert choose(Device()).kind == choose(Device(choice="cuda")).kind == "cuda"
    assert choose(Device(choice="cpu")).kind == "cpu"


def test_cores_where_a_process_can_not_be_bound_to_some(monkeypatch: pytest.MonkeyPatch) -> None:
    """macOS has no such call: the system is patched, not a module of ours."""
    if hasattr(os, "sched_getaffinity"):
        assert cores() == len(os.sched_getaffinity(0))
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert cores() == os.cpu_count()
    assert choose(Device(choice="cpu")).threads == os.cpu_count()
