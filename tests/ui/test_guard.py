from __future__ import annotations

import re

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from fastapi.testclient import TestClient

from ui.guard import Guard

INSIDE = '<html><meta property="og:title" content="Gradio" /><script>one</script><script src=\'x\'></script></html>'


def inner() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    def page() -> HTMLResponse:
        return HTMLResponse(INSIDE)

    @app.api_route("/gradio_api/queue/join", methods=["GET", "POST"])
    @app.api_route("/gradio_api/upload", methods=["POST"])
    @app.get("/healthz")
    def fine() -> str:
        return "fine"

    return app


def client(
    *, demo: bool = True, address: str = "127.0.0.1", host: str = "127.0.0.1:7860", **options: object
) -> TestClient:
    guard = Guard(inner(), demo=demo, **options)  # type: ignore[arg-type]  # only `ancestors` is ever given
    return TestClient(guard, base_url=f"http://{host}", client=(address, 5000))


def test_every_response_carries_the_headers() -> None:
    for path in ("/", "/healthz", "/nowhere", "/gradio_api/queue/join"):
        headers = client().get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe-inline' 'unsafe-eval" not in headers["content-security-policy"]
    refused = client(address="10.1.1.1").get("/")
    assert refused.status_code == 403
    assert refused.headers["x-frame-options"] == "DENY"


def test_only_the_page_s_own_scripts_get_the_nonce_which_is_new_each_time() -> None:
    answers = [client().get("/") for _ in range(2)]
    nonces = [re.findall(r"'nonce-([^']+)'", answer.headers["content-security-policy"])[0] for answer in answers]
    assert nonces[0] != nonces[1]
    for answer, nonce in zip(answers, nonces, strict=True):
        assert answer.text.count(f'<script nonce="{nonce}"') == 2
        assert "Gradio" not in answer.text
        assert int(answer.headers["content-length"]) == len(answer.content)
    assert "nonce" not in client().get("/healthz").headers["content-security-policy"]


@pytest.mark.parametrize("path", ["upload", "file=/etc/passwd", "proxy=x", "info", "call/ask", "run/predict"])
def test_what_the_page_does_not_use_is_closed(path: str) -> None:
    assert client().post(f"/gradio_api/{path}").status_code == 404


def test_demo_is_for_this_machine() -> None:
    assert client().get("/healthz").status_code == 200
    assert client(address="192.168.0.7").get("/healthz").status_code == 403
    assert client(host="rebound.example").get("/healthz").status_code == 403
    assert client().get("/healthz", headers={"X-Forwarded-For": "9.9.9.9"}).status_code == 403
    assert client(demo=False, address="192.168.0.7", host="space.example").get("/healthz").status_code == 200


def test_writing_requests_come_from_our_own_pages() -> None:
    join = "/gradio_api/queue/join"
    assert client().post(join).status_code == 200
    assert client().post(join, headers={"Origin": "http://127.0.0.1:7860"}).status_code == 200
    assert client().post(join, headers={"Origin": "http://evil.example"}).status_code == 403
    assert client().post(join, headers={"Origin": "null"}).status_code == 403
    assert client().post(join, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_large_requests_and_those_of_unknown_size_are_refused() -> None:
    join = "/gradio_api/queue/join"
    assert client().post(join, content=b"x" * 1_000_001).status_code == 413
    assert client().post(join, content=iter([b"chunk"])).status_code == 413


def test_frames_only_where_configured() -> None:
    headers = client(ancestors=["https://frames.example"]).get("/").headers
    assert "frame-ancestors https://frames.example" in headers["content-security-policy"]
    assert "x-frame-options" not in headers
