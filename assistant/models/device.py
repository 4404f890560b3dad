"""Where the models run, and why; the facts that ``muniment doctor`` shows; how the libraries are set before a model loads."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path

from assistant.config import Device
from assistant.errors import Unavailable


def prepare() -> None:
    """To be called before a model is loaded. Nothing is fetched from a hub from here on; loading bars and notes about
    optional kernels stay out of the terminal; errors still speak.

    oneDNN is kept from AMX instructions unless ``ONEDNN_MAX_CPU_ISA`` is set; it reads the variable at the first product. Some
    virtual machines advertise AMX and forbid it: there any bfloat16 product ends the process with an illegal instruction
    (seen with torch 2.13; `docs/decisions/003-no-amx.md`).
    """
    os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_BF16")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """``kind`` is "cpu" or "cuda"; ``bfloat16`` whether the encoder gains from it there."""

    kind: str
    reason: str
    threads: int
    bfloat16: bool


def choose(section: Device) -> Chosen:
    """Sets torch's threads. `Unavailable` where cuda is demanded and not there."""
    import torch

    present = torch.cuda.is_available()
    if section.choice == "cuda" and not present:
        raise Unavailable("The config demands cuda, but PyTorch sees no CUDA device; set device.choice to auto or cpu.")
    threads = section.threads or cores()
    torch.set_num_threads(threads)
    if present and section.choice != "cpu":
        return Chosen(kind="cuda", reason=f"{torch.cuda.get_device_name()} is present", threads=threads, bfloat16=True)
    reason = "the config says cpu" if section.choice == "cpu" else "PyTorch sees no CUDA device"
    return Chosen(kind="cpu", reason=reason, threads=threads, bfloat16="avx512_bf16" in cpu_flags())


def cores() -> int:
    """Processors this process may use; all of the machine's where the system (macOS) can't bind a process to some."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def cpu_flags() -> frozenset[str]:
    """What the processor says it can do; empty where the system does not tell."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return frozenset()
    return next((frozenset(line.split(":", 1)[1].split()) for line in lines if line.startswith("flags")), frozenset())
