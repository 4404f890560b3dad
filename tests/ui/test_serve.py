from __future__ import annotations

import json
import socket
from collections.abc import Mapping

import pytest
from fastapi.testclient import TestClient

from assistant.config import AccessSection, Config
from assistant.errors import InputError
from ui.runtime import Runtime
from ui.serve import create_app, serve


def test_demo_serves_this_machine_only(config: Config) -> None:
    with pytest.raises(InputError, match="this machine only"):
        serve(config, host="0.0.0.0", port=0)


def test_a_port_in_use_is_one_sentence(config: Config) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"Port {port} .*PORT={port + 1}"):
            serve(config, port=port)


@pytest.fixture(scope="module")
def client(config: Config, runtime: Runtime) -> TestClient:
    return TestClient(create_app(config, runtime), base_url="http://127.0.0.1", client=("127.0.0.1", 5000))


def test_the_page_tells_nothing_about_anyone(client: TestClient, config: Config) -> None:
    html = client.get("/").text
    assert "Ann" not in html  # initial values are the same for everyone: whoever asks is told by the load event
    assert "complaint files" not in html
    assert "googleapis" not in html


def test_the_page_s_handlers_are_private(client: TestClient) -> None:
    settings: Mapping[str, object] = client.get("/config").json()
    dependencies = json.loads(json.dumps(settings["dependencies"]))
    assert dependencies
    assert {one["api_visibility"] for one in dependencies} == {"private"}
    assert client.get("/gradio_api/info").status_code == 404
    assert client.get("/monitoring").status_code == 404


def test_routes_come_before_the_page(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {"status": "ready"}


def test_public_is_everyone_s_guest(config: Config, runtime: Runtime) -> None:
    public = config.model_copy(update={"access": AccessSection(mode="public")})
    client = TestClient(create_app(public, runtime), base_url="http://any.example", client=("8.8.8.8", 5000))
    assert client.get("/as/mia").status_code == 404
    body = client.post(
        "/v1/chat/completions", json={"messages": [{"role": "user", "content": "gifts above the limit"}]}
    )
    assert "£75" not in body.text
    uris = {row["uri"] for row in body.json()["muniment"]["evidence"]}
    assert uris == {"rules/complaints.pdf"}
