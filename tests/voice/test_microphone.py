"""The microphone in Debian's Chromium with a fake device: spoken, understood, edited, sent. ``make test-voice`` with the extra
`browser` installed. The words come from a scripted transcriber; sound, browser, routes and answers are real.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uvicorn

from assistant.config import Config
from assistant.knowledge.catalogue import Catalogue
from assistant.record.ledger import SqliteLedger
from assistant.voice.listen import Listener
from assistant.voice.twins import LevelDetector, ScriptedTranscriber
from tests.ui.project import assistant_of, make
from tests.ui.test_browser import CHROMIUM, FLAGS, PICTURES, Visit, playwright
from tests.voice.test_listen import quiet, tone, wav
from ui.hearing import Ear
from ui.runtime import Runtime
from ui.serve import create_app

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest.importorskip("av", reason="install the extra `voice`")
CHOSEN = """() => {
  const box = document.querySelector("#ask textarea");
  return box.value.slice(box.selectionStart, box.selectionEnd);
}"""
EDITED = "How long are complaint files kept?"
HEARD = "How long are complaint files/0.3 kept for six/0.4 customers?"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return make(tmp_path_factory.mktemp("microphone"))


@pytest.fixture(scope="module")
def address(config: Config) -> Iterator[str]:
    assistant = assistant_of(config)
    runtime = Runtime(lambda: assistant)
    runtime.future.result()
    ear = Ear(
        config,
        lambda _: Listener(LevelDetector(level=0.005), ScriptedTranscriber([HEARD])),
        lambda: SqliteLedger(Catalogue.open_existing(config.data)),
        lambda: assistant.library,
        present=lambda _: (True, "a test"),
    )
    app = create_app(config, runtime, ear)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="none", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """With a microphone that plays two seconds of sound, over and over."""
    file = tmp_path_factory.mktemp("sound") / "fake.wav"
    file.write_bytes(wav(np.concatenate([quiet(0.3), tone(2.0), quiet(1.0)]), 48000))
    fake = (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={file}",
    )
    PICTURES.mkdir(parents=True, exist_ok=True)
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *fake])
        yield browser
        browser.close()


@pytest.fixture(params=["light", "dark-phone"])
def visit(chromium: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Visit]:
    phone = {"viewport": {"width": 390, "height": 780}, "color_scheme": "dark"}
    one = Visit(chromium, address, permissions=["microphone"], **(phone if request.param == "dark-phone" else {}))
    one.look = request.param
    yield one
    assert [url for url in one.requested if not url.startswith((address, "data:", "blob:"))] == []
    assert one.complaints == []
    one.context.close()


def speak(visit: Visit, milliseconds: int = 2500) -> None:
    visit.page.click(".microphone-button[data-state=ready]")
    visit.page.wait_for_selector(".microphone-button[data-state=recording]")
    visit.page.wait_for_timeout(milliseconds)


def test_speak_edit_and_send(visit: Visit, config: Config) -> None:
    page = visit.page
    page.wait_for_selector(".microphone-button[data-state=ready]")
    visit.picture(f"microphone-{visit.look}-ready")
    speak(visit)
    assert page.inner_text("#heard .clock").startswith("0:0")
    visit.picture(f"microphone-{visit.look}-recording")
    page.click(".microphone-button")
    page.wait_for_selector("#heard[data-kind=heard]")
    assert page.input_value("#ask textarea") == "How long are complaint files kept for six customers?"
    assert "Please check six" in page.inner_text("#heard")
    page.click("#heard button")
    assert page.evaluate(CHOSEN) == "six"
    visit.picture(f"microphone-{visit.look}-heard")
    page.fill("#ask textarea", EDITED)
    page.keyboard.press("Enter")
    page.wait_for_selector("#exchange-0 .made .receipt")
    assert "six years" in page.inner_text(".answer")
    assert page.locator("#heard").count() == 0
    visit.picture(f"microphone-{visit.look}-answered")
    asked = last(config, "asked")
    (heard,) = asked["heard"]
    assert (asked["question"], heard["text"]) == (EDITED, "How long are complaint files kept for six customers?")
    assert ["six", 0.4] in heard["words"]
    assert last(config, "answered")["heard"] == [heard]
    visit.ask("And how soon is a complaint acknowledged?")
    assert "heard" not in last(config, "asked")


def last(config: Config, kind: str) -> dict[str, Any]:
    """The content of the newest ledger record of this kind."""
    catalogue = Catalogue.open_existing(config.data)
    with catalogue.connect() as connection:
        (record,) = connection.execute(
            "SELECT id FROM ledger WHERE kind = ? ORDER BY seq DESC LIMIT 1", (kind,)
        ).fetchone()
    content = SqliteLedger(catalogue).content(record)
    assert content is not None
    return content


def test_escape_drops_what_was_recorded(visit: Visit) -> None:
    speak(visit, 300)
    visit.page.keyboard.press("Escape")
    visit.page.wait_for_selector(".microphone-button[data-state=ready]")
    assert visit.page.input_value("#ask textarea") == ""
    assert visit.page.locator("#heard").count() == 0
    assert not any(url.endswith("/v1/audio/transcriptions") for url in visit.requested)
