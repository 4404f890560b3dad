"""The plan of the house, held: direction of imports, no circles, who may import what, a quiet and quick import."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FLOORS = ("assistant", "ingest", "eval", "ui")  # from the ground up
ONLY = {
    "torch": ("assistant/models/", "assistant/train/"),
    "transformers": ("assistant/models/", "assistant/train/"),
    "peft": ("assistant/models/", "assistant/train/"),
    "sentence_transformers": ("assistant/models/",),
    "faiss": ("assistant/knowledge/dense.py",),
    "sqlite3": ("assistant/knowledge/", "assistant/record/"),
    "gradio": ("ui/",),
    "fastapi": ("ui/",),
    "pickle": (),
}


def modules() -> list[Path]:
    return sorted(file for floor in FLOORS for file in (ROOT / floor).rglob("*.py"))


def imports(file: Path) -> Iterator[tuple[str, bool]]:
    """Every imported module's dotted name, and whether the import stands at the top level."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, id(node) in top
            yield from ((f"{node.module}.{alias.name}", id(node) in top) for alias in node.names)


@pytest.mark.parametrize("file", modules(), ids=lambda f: str(f.relative_to(ROOT)))
def test_a_floor_imports_only_what_lies_below(file: Path) -> None:
    floor = file.relative_to(ROOT).parts[0]
    above = FLOORS[FLOORS.index(floor) + 1 :]
    assert [name for name, _ in imports(file) if name.split(".")[0] in above] == []


@pytest.mark.parametrize("file", modules(), ids=lambda f: str(f.relative_to(ROOT)))
def test_heavy_libraries_stay_in_their_rooms(file: Path) -> None:
    place = str(file.relative_to(ROOT))
    strays = [
        name
        for name, _ in imports(file)
        if name.split(".")[0] in ONLY and not place.startswith(ONLY[name.split(".")[0]] or "\0")
    ]
    assert strays == []


def test_no_circles() -> None:
    names = {".".join(f.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): f for f in modules()}
    graph = {n: {m for m, top in imports(f) if top and m in names and m != n} for n, f in names.items()}
    done: set[str] = set()

    def walk(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, f"a circle: {' -> '.join((*path[path.index(name) :], name))}"
        if name not in done:
            for following in sorted(graph[name]):
                walk(following, (*path, name))
            done.add(name)

    for name in sorted(graph):
        walk(name, ())


@pytest.mark.parametrize("name", ["assistant", "assistant.answer", "assistant.build", "ingest.pipeline", "ui.cli"])
def test_importing_brings_no_heavy_library(name: str) -> None:
    heavy = ("torch", "transformers", "gradio", "faiss", "sentence_transformers", "bm25s")
    code = f"import sys, {name}; print([m for m in {heavy!r} if m in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert told.stdout.strip() == "[]"
