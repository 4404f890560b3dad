from __future__ import annotations

from pathlib import Path

import pytest

from assistant.answer import Assistant
from assistant.config import Config
from tests.ui.project import assistant_of, make
from ui.runtime import Runtime


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return make(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="session")
def assistant(config: Config) -> Assistant:
    return assistant_of(config)


@pytest.fixture(scope="session")
def runtime(assistant: Assistant) -> Runtime:
    """Loaded already."""
    loaded = Runtime(lambda: assistant)
    loaded.future.result()
    return loaded


@pytest.fixture(scope="session")
def weak(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A project whose gate lets nothing through: every question ends in an abstention with its nearest passages."""
    return make(Path(tmp_path_factory.mktemp("weak")), threshold=1.0)
