"""Files over HTTP: who may send them, how large, from where. And what the page shows of the room to whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.ui.knowledge_world import PROMPT, pipelines, room_of, with_managers
from tests.world import World
from ui.auth import COOKIE
from ui.knowledge.routes import ADDRESS, KIND
from ui.serve import create_app

BYTES = {"content-type": KIND}


@pytest.fixture
def client(world: World) -> TestClient:
    with_managers(world)
    text = (
        (world.root / "configs/default.toml")
        .read_text(encoding="utf-8")
        .replace("[ingest]", "[ingest]\nmax_file_mb = 1")
    )
    world.write("configs/default.toml", text)
    config = world.config
    app = create_app(config, room_of(config).gate.runtime, pipelines=pipelines(config))
    return TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 5000), raise_server_exceptions=False)


@pytest.fixture
def rules(world: World) -> Path:
    return world.config.corpora / "rules"


def sent(
    client: TestClient, user: str, name: str = "new.md", collection: str = "rules", **more: Any
) -> tuple[int, str]:
    answer = client.post(
        ADDRESS,
        params={"collection": collection, "name": name, **more.pop("params", {})},
        content=more.pop("content", PROMPT.encode()),
        headers={"cookie": f"{COOKIE}={user}", **BYTES, **more},
    )
    return answer.status_code, answer.text


def test_a_manager_s_file_is_stored(client: TestClient, rules: Path) -> None:
    status, text = sent(client, "kim")
    assert (status, '"state":"added"' in text) == (200, True)
    assert (rules / "new.md").read_bytes() == PROMPT.encode()
    assert '"state":"taken"' in sent(client, "kim", content=b"other")[1]
    assert '"state":"replaced"' in sent(client, "kim", content=b"other", params={"replace": "true"})[1]


@pytest.mark.parametrize("user", ["ann", "mia", "guest", "nil", "nobody"])
def test_nobody_else_s_is(client: TestClient, rules: Path, user: str) -> None:
    assert sent(client, user)[0] == 404
    assert sent(client, user, name="complaints.md", params={"replace": "true"})[0] == 404
    assert not (rules / "new.md").exists()
    assert "three working days" in (rules / "complaints.md").read_text(encoding="utf-8")


def test_what_is_wrong_is_one_sentence(client: TestClient, rules: Path) -> None:
    for name, said in (("../vault/x.md", "can't hold any of"), ("x.exe", "can't be read"), ("", "can't be empty")):
        status, text = sent(client, "kim", name=name)
        assert (status, said in text) == (400, True)
    assert "no such collection" in sent(client, "kim", collection="nowhere")[1]
    assert "no such collection" in sent(client, "ned", collection="vault")[1]
    assert sent(client, "kim", **{"content-type": "text/plain"})[0] == 400
    assert sent(client, "kim", content=b"x" * 1_000_001)[0] == 413
    assert sent(client, "kim", content=b"x" * 1_000_000)[0] == 200
    assert not (rules / "x.exe").exists()


def test_no_other_page_sends_files(client: TestClient, rules: Path) -> None:
    assert sent(client, "kim", origin="http://evil.example")[0] == 403
    assert sent(client, "kim", **{"sec-fetch-site": "cross-site"})[0] == 403
    assert not (rules / "new.md").exists()


def test_gradio_s_own_uploads_stay_closed(client: TestClient) -> None:
    assert client.post("/gradio_api/upload", files={"files": b"x"}).status_code == 404
