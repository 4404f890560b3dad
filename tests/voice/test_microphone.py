"""The microphone in Debian's Chromium with a fake device: spoken, understood, edited, sent. ``make test-voice`` with the extra
`browser` installed. The words come from a scripted transcriber; sound, browser, routes and answers are real.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from assistant.knowledge.catalogue import Catalogue
from assistant.record.ledger import SqliteLedger
from assistant.voice.listen import Listener
from assistant.voice.twins import LevelDetector, ScriptedTranscriber
from tests.ui.project import assistant_of, make
from tests.voice.test_listen import quiet, tone, wav
from ui.hearing import Ear
from ui.runtime import Runtime
from ui.serve import create_app

playwright = pytest.importorskip("playwright.sync_api", reason="install the extra `browser`")
pytest.importorskip("av", reason="install the extra `voice`")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PICTURES = Path(__file__).resolve().parents[2] / "data" / "screenshots"
HEARD = "How long are complaint files/0.3 kept for six/0.4 customers?"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    config = make(tmp_path_factory.mktemp("microphone"))
    assistant = assistant_of(config)
    runtime = Runtime(lambda: assistant)
    runtime.future.result()
    ear = Ear(
        config,
        lambda _: Listener(LevelDetector(level=0.005), ScriptedTranscriber([HEARD])),
        lambda: SqliteLedger(Catalogue.open_existing(config.data)),
        lambda principal: assistant.library.documents(principal),
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


def test_speak_edit_and_send(address: str, tmp_path: Path) -> None:
    import numpy as np

    file = tmp_path / "fake.wav"
    file.write_bytes(wav(np.concatenate([quiet(0.3), tone(2.0), quiet(1.0)]), 48000))
    flags = [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={file}",
    ]  # fmt: skip
    PICTURES.mkdir(parents=True, exist_ok=True)
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=flags)
        page = browser.new_context(permissions=["microphone"], viewport={"width": 1360, "height": 860}).new_page()
        page.set_default_timeout(120_000)
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        page.wait_for_selector(".microphone-button[data-state=ready]")
        page.click(".microphone-button")
        page.wait_for_selector(".microphone-button[data-state=recording]")
        page.screenshot(path=PICTURES / "microphone-recording.png")
        page.wait_for_timeout(3000)
        page.click(".microphone-button")
        page.wait_for_selector("#heard[data-kind=heard]", timeout=60_000)
        assert page.input_value("#ask textarea") == "How long are complaint files kept for six customers?"
        assert "Please check “six”" in page.inner_text("#heard")
        page.screenshot(path=PICTURES / "microphone-heard.png")
        page.fill("#ask textarea", "How long are complaint files kept?")
        page.keyboard.press("Enter")
        page.wait_for_selector("#exchange-0 .made .receipt", timeout=60_000)
        assert "six years" in page.inner_text(".answer")
        page.screenshot(path=PICTURES / "microphone-answered.png")
        assert complaints == []
        browser.close()
