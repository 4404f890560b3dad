from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from assistant.answer import Assistant
from assistant.config import Config
from assistant.errors import AccessError, Corrupt, FailureKind, InputError, MunimentError, Transient, Unavailable
from assistant.types import Failed, Principal
from tests.ui.project import NOW, assistant_of
from ui.api import create_api, status_of
from ui.auth import authenticator
from ui.chat import AskFailed, completion
from ui.runs import Run
from ui.runtime import LOADING, Runtime

MIA = Principal(user="mia", groups=frozenset({"staff", "mlro"}))


@pytest.fixture
def client(config: Config, runtime: Runtime) -> TestClient:
    return TestClient(
        create_api(runtime, authenticator(config.access), title="Muniment"), raise_server_exceptions=False
    )


def documents(assistant: Assistant) -> dict[str, str]:
    return {document.uri: document.id for document in assistant.library.documents(MIA)}


def ask(client: TestClient, text: str, **more: Any) -> Any:
    return client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": text}], **more})


def test_health_and_readiness(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {"status": "ready"}


def test_not_ready_says_why(config: Config) -> None:
    def broken() -> Assistant:
        raise Unavailable("The encoder is not here; run `muniment models pull`.")

    runtime = Runtime(broken)
    runtime.future.exception()
    answer = TestClient(create_api(runtime, authenticator(config.access), title="M")).get("/readyz")
    assert answer.status_code == 503
    assert "muniment models pull" in answer.json()["error"]["message"]


def test_loading_is_said(config: Config, assistant: Assistant) -> None:
    import threading

    go = threading.Event()

    def slow() -> Assistant:
        go.wait(5)
        return assistant

    runtime = Runtime(slow)
    answer = TestClient(create_api(runtime, authenticator(config.access), title="M")).get("/readyz")
    go.set()
    assert (answer.status_code, answer.json()["error"]["message"]) == (503, LOADING)
    assert answer.headers["retry-after"]


def test_a_completion_carries_the_contract(client: TestClient) -> None:
    body = ask(client, "How long are complaint files kept?").json()
    said = body["choices"][0]["message"]["content"]
    assert "six years" in said
    assert body["muniment"]["status"] == "answered"
    assert body["muniment"]["answer"] == said
    assert body["muniment"]["receipt"]["id"] in body["id"]
    quote = body["muniment"]["citations"][0]["quote"]
    assert "six years" in quote


def events(lines: Iterator[str]) -> Iterator[Any]:
    for line in lines:
        if line.startswith("data: "):
            yield line.removeprefix("data: ") if line.endswith("[DONE]") else json.loads(line.removeprefix("data: "))


def test_a_stream_is_judged_sentences_then_the_contract(client: TestClient) -> None:
    with client.stream(
        "POST",
        "/v1/chat/completions",
        json={"messages": [{"role": "user", "content": "How long are complaint files kept?"}], "stream": True},
    ) as answer:
        got = list(events(answer.iter_lines()))
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert got[-1] == "[DONE]"
    *chunks, last = got[:-1]
    said = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
    assert said == last["muniment"]["answer"]
    assert last["choices"][0]["finish_reason"] == "stop"
    assert {chunk["id"] for chunk in chunks} == {last["id"]}


def test_an_abstention_is_an_answer(weak: Config) -> None:
    runtime = Runtime(lambda: assistant_of(weak))
    runtime.future.result()
    body = ask(TestClient(create_api(runtime, authenticator(weak.access), title="M")), "Anything?").json()
    assert body["muniment"]["status"] == "abstained"
    assert body["choices"][0]["message"]["content"].startswith("Not in the documents. ")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"messages": []},
        {"messages": [{"role": "assistant", "content": "hello"}]},
        {"messages": [{"role": "tool", "content": "x"}]},
        {"messages": [{"role": "user", "content": "q"}], "as_of": "yesterday"},
        {"messages": [{"role": "user", "content": "  "}]},
        {"messages": [{"role": "user", "content": "long " * 1000}]},
    ],
)
def test_bad_requests_get_one_sentence(client: TestClient, body: dict[str, Any]) -> None:
    answer = client.post("/v1/chat/completions", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].endswith(".")


def test_another_day_other_rules(client: TestClient) -> None:
    question = "Up to what worth may staff accept a gift?"
    assert "£75" in ask(client, question).json()["choices"][0]["message"]["content"]
    assert "£40" in ask(client, question, as_of="2025-01-01").json()["choices"][0]["message"]["content"]


def test_restricted_documents_do_not_exist_for_others(client: TestClient, assistant: Assistant) -> None:
    secret = documents(assistant)["rules/reports.md"]
    refused, unknown = client.get(f"/documents/{secret}"), client.get("/documents/no-such-document")
    assert refused.status_code == unknown.status_code == 404
    assert refused.content == unknown.content
    assert "violet" not in ask(client, "Where does the handover of a suspicion report happen?").text
    assert client.get("/as/mia", follow_redirects=False).status_code == 303
    assert "violet cabinet" in client.get(f"/documents/{secret}").text
    assert "violet cabinet" in ask(client, "Where does the handover of a suspicion report happen?").text
    assert client.get("/as/nil", follow_redirects=False).status_code == 303
    assert client.get(f"/documents/{secret}").status_code == 404


def test_choosing_nobody(client: TestClient) -> None:
    answer = client.get("/as/someone", follow_redirects=False)
    assert answer.status_code == 404
    assert "set-cookie" not in answer.headers
    client.cookies.set("muniment_user", "someone")
    assert ask(client, "Anything?").status_code == 404


def test_a_document_shows_the_quote(client: TestClient, assistant: Assistant) -> None:
    document = assistant.library.document(documents(assistant)["rules/gifts-2026.md"], MIA)
    start = document.text.index("A gift above")
    end = document.text.index("recorded.") + len("recorded.")
    page = client.get(f"/documents/{document.id}?start={start}&end={end}")
    assert '<mark id="quote" tabindex="-1">A gift above the limit must be refused &amp; recorded.</mark>' in page.text
    assert "<script>alert" not in page.text
    assert page.headers["cache-control"] == "private, no-store"
    assert client.get(f"/documents/{document.id}?start=-1").status_code == 400
    assert client.get(f"/documents/{document.id}?start=999999&end=9999999").status_code == 200


def test_a_page_image_is_checked_each_time(client: TestClient, assistant: Assistant) -> None:
    known = documents(assistant)
    pdf = f"/documents/{known['rules/complaints.pdf']}/pages"
    image = client.get(f"{pdf}/2.png?start=0&end=5")
    assert image.headers["content-type"] == "image/png"
    assert image.headers["cache-control"] == "private, no-store"
    assert image.content.startswith(b"\x89PNG")
    assert client.get(f"{pdf}/3.png").status_code == 400
    assert client.get(f"/documents/{known['rules/gifts-2026.md']}/pages/1.png").status_code == 400
    client.cookies.set("muniment_user", "nil")
    assert client.get(f"{pdf}/2.png").status_code == 404


def test_assets_are_ours_only(client: TestClient) -> None:
    assert client.get("/ui/style.css").headers["content-type"].startswith("text/css")
    assert client.get("/ui/app.js").headers["content-type"].startswith("text/javascript")
    assert client.get("/ui/api.py").status_code == 404


def test_an_error_tells_the_caller_what_to_do() -> None:
    kinds = (InputError, AccessError, Unavailable, Transient, Corrupt, MunimentError)
    assert [status_of(kind("x.")) for kind in kinds] == [400, 404, 503, 503, 500, 500]


@pytest.mark.parametrize(
    ("kind", "status"), [("input", 400), ("access", 403), ("unavailable", 503), ("transient", 503), ("corrupt", 500)]
)
def test_a_question_that_fails_says_its_kind(kind: FailureKind, status: int) -> None:
    """Planted at the end of a run: what the assistant says when it fails."""
    event = Failed(message="It failed.", kind=kind)
    with pytest.raises(AskFailed, match="It failed") as told:
        completion(Run(lambda: iter([event])), created=NOW, model="m")
    assert status_of(told.value) == status


def test_a_bug_is_a_number_not_a_traceback(config: Config) -> None:
    def broken() -> Assistant:
        raise ZeroDivisionError("inner secret")

    runtime = Runtime(broken)
    runtime.future.exception()
    api = create_api(runtime, authenticator(config.access), title="M")
    answer = TestClient(api, raise_server_exceptions=False).get("/readyz")
    assert answer.status_code == 500
    assert "tell the operator the number" in answer.json()["error"]["message"]
    assert "secret" not in answer.text
