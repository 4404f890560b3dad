"""The public demonstration installs what the project needs and shows nobody more than the guest may see."""

from __future__ import annotations

import tomllib
from pathlib import Path

from assistant.config import load

ROOT = Path(__file__).resolve().parents[1]


def test_requirements_are_the_project_s_own() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        *project["dependencies"],
        *project["optional-dependencies"]["cpu"],
    ]


def test_the_space_is_public() -> None:
    config = load(ROOT / "configs" / "space.toml")
    assert config.access.mode == "public"
    assert (config.server.host, config.server.port) == ("0.0.0.0", 7860)
    assert len(config.server.examples) == 5
