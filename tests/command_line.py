"""The command line on a test's own world: the fixture `cli`, and what it told."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from assistant.build import Engines
from assistant.models.twins import HashingEmbedder, ScriptedGenerator
from tests.world import World
from ui.cli import main


@dataclass(frozen=True)
class Told:
    code: int
    out: bytes
    err: str

    @property
    def body(self) -> dict[str, Any]:
        """The one JSON object on stdout."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        assert found["schema_version"] == 1
        return found

    @property
    def lines(self) -> list[str]:
        return self.err.splitlines()


Cli = Callable[..., Told]


@pytest.fixture
def cli(world: World, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Cli:
    """`main` on the test's own world. Our functions that load models are patched: the command line is given no engines
    on purpose, and tests pull no models."""

    def engines(config: object) -> Engines:
        return Engines(embedder=HashingEmbedder(), generator=ScriptedGenerator(), device="cpu")

    monkeypatch.setattr("assistant.build.build_engines", engines)
    for name in ("build_embedder", "ingest_embedder"):
        monkeypatch.setattr(f"assistant.build.{name}", lambda config: HashingEmbedder())

    def run(*arguments: str, stdin: bytes = b"") -> Told:
        config = ["--config", str(world.root / "configs" / "default.toml")]
        monkeypatch.setattr(sys, "argv", ["muniment", *arguments, *([] if "--help" in arguments else config)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        capfdbinary.readouterr()
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
        out, err = capfdbinary.readouterr()
        return Told(code, out, err.decode("utf-8"))

    return run


def refused(told: Told, said: str) -> None:
    assert told.code == 1
    assert told.out == b""
    assert len(told.lines) == 1, told.err
    assert said in told.lines[0]
    assert told.lines[0].endswith(".")
