"""Two worlds: one that all tests ask and none changes, one of a test's own."""

from __future__ import annotations

import os

# before torch computes anything: see docs/decisions/003-no-amx.md
os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_BF16")

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.world import World

pytest_plugins = ["tests.command_line"]

# Time limits are the benchmark's business: a busy machine is no failing test. Fixtures are shared by examples on purpose.
settings.register_profile("muniment", deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
settings.load_profile("muniment")


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Ingested and published, never asked anything: to be copied only."""
    world = World.make(tmp_path_factory.mktemp("pristine"))
    report = world.ingest()
    assert report.published
    assert not report.quarantined
    return world


@pytest.fixture(scope="session")
def served(pristine: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Questions may be asked of it; its documents and policy stay as they are."""
    return pristine.copy(tmp_path_factory.mktemp("served"))


@pytest.fixture
def world(pristine: World, tmp_path: Path) -> World:
    """A copy, to be changed at will."""
    return pristine.copy(tmp_path / "world")
