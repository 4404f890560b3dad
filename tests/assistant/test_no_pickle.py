"""Law 7 in the source tree: nothing unpickles, trusts remote code, loads weights by `torch.load` or runs text as code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = [file for floor in ("assistant", "ingest", "eval", "ui") for file in sorted((ROOT / floor).rglob("*.py"))]
MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
CALLS = {"torch.load", "eval", "exec", "yaml.load", "faiss.deserialize_index"}
TRUE_NEVER = {"trust_remote_code", "allow_pickle", "allow_dangerous_deserialization", "shell"}
PEER = ROOT / "eval/peer_langchain.py"
"""LangChain as its users run it, for a comparison: its store of a moment ago is a pickle, which it won't read without this."""
PEER_SINS = {"allow_dangerous_deserialization=True"}


def sins(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (f"import {a.name}" for a in node.names if a.name.split(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES:
            yield f"from {node.module}"
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in CALLS or name.endswith("._torch.load"):
                yield f"{name}()"
            for keyword in node.keywords:
                if keyword.arg in TRUE_NEVER and ast.unparse(keyword.value) != "False":
                    yield f"{keyword.arg}={ast.unparse(keyword.value)}"
                if keyword.arg in ("weights_only", "use_safetensors") and ast.unparse(keyword.value) != "True":
                    yield f"{keyword.arg}={ast.unparse(keyword.value)}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_nothing_is_unpickled_or_trusted(file: Path) -> None:
    seen = set(sins(ast.parse(file.read_text(encoding="utf-8"))))
    assert seen == (PEER_SINS if file == PEER else set())


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from joblib import load",
        "torch.load('w')",
        "self._torch.load('w')",
        "AutoModel.from_pretrained('m', trust_remote_code=True)",
        "AutoModel.from_pretrained('m', trust_remote_code=flag)",
        "AutoModel.from_pretrained('m', use_safetensors=False)",
        "np.load('a', allow_pickle=True)",
        "eval('1')",
        "subprocess.run('ls', shell=True)",
    ],
)
def test_each_sin_is_seen(code: str) -> None:
    assert list(sins(ast.parse(code)))


def test_no_file_that_ships_is_a_pickle() -> None:
    shipped = [
        f
        for floor in ("assistant", "ingest", "eval", "ui", "configs")
        for f in (ROOT / floor).rglob("*")
        if f.is_file()
    ]
    assert [f for f in shipped if f.suffix in {".pkl", ".pickle", ".pt", ".pth", ".bin", ".ckpt", ".joblib"}] == []
