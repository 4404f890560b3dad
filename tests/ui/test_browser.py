"""The page in Debian's Chromium: what a person does, and that no request leaves the origin. ``make test-browser``.

Pictures of each step are kept in ``data/screenshots``.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn

from assistant.answer import Assistant
from assistant.config import Config
from tests.ui.project import assistant_of
from ui.runtime import Runtime
from ui.serve import create_app

if TYPE_CHECKING:
    from playwright.sync_api import Browser

playwright = pytest.importorskip("playwright.sync_api", reason="install the extra `browser`")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
PICTURES = Path(__file__).resolve().parents[2] / "data" / "screenshots"
QUESTION = "How long are complaint files kept?"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)"),
]


def served(config: Config, assistant: Assistant) -> Iterator[str]:
    runtime = Runtime(lambda: assistant)
    runtime.future.result()
    server = uvicorn.Server(
        uvicorn.Config(create_app(config, runtime), port=0, log_level="error", ws="none", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def address(config: Config, assistant: Assistant) -> Iterator[str]:
    yield from served(config, assistant)


@pytest.fixture(scope="module")
def weak_address(weak: Config) -> Iterator[str]:
    yield from served(weak, assistant_of(weak))


@pytest.fixture(scope="module")
def slow_address(config: Config) -> Iterator[str]:
    yield from served(config, assistant_of(config, hurried=False))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Visit:
    """One visitor: a page, the addresses it asked for and its console's complaints. ``look``: part of pictures' names."""

    look = ""

    def __init__(self, browser: Browser, address: str, **options: Any) -> None:
        settings: dict[str, Any] = {"viewport": {"width": 1360, "height": 860}, "locale": "en-GB", **options}
        self.address = address
        self.context = browser.new_context(**settings)
        self.requested: list[str] = []
        self.complaints: list[str] = []
        self.context.on("request", lambda request: self.requested.append(request.url))
        self.page = self.context.new_page()
        self.page.on(
            "console",
            lambda said: self.complaints.append(f"{said.text} {said.location}") if said.type == "error" else None,
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(address)
        self.page.wait_for_selector(".welcome .state")

    def ask(self, text: str) -> None:
        count = self.page.locator(".exchange").count()
        self.page.fill("#ask textarea", text)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector(f"#exchange-{count} .made .receipt")

    def picture(self, name: str) -> None:
        self.page.wait_for_timeout(400)
        self.page.screenshot(path=PICTURES / f"{name}.png")


@pytest.fixture
def visit(chromium: Browser, address: str) -> Iterator[Visit]:
    one = Visit(chromium, address)
    yield one
    foreign = [url for url in one.requested if not url.startswith((address, "data:", "blob:"))]
    assert foreign == []
    assert one.complaints == []
    one.context.close()


def test_ask_then_open_the_quote(visit: Visit) -> None:
    page = visit.page
    assert page.title() == "Muniment"
    visit.picture("welcome")
    page.evaluate(
        """() => { window.order = [];
        new MutationObserver(() => {
          for (const kind of ['.source', '.sentence'])
            if (document.querySelector(kind) && !order.includes(kind)) order.push(kind);
        }).observe(document.body, {childList: true, subtree: true}); }"""
    )
    visit.ask(QUESTION)
    assert page.evaluate("window.order") == [".source", ".sentence"]
    assert "six years" in page.inner_text(".answer")
    visit.picture("answer")
    page.keyboard.press("Tab")
    page.focus(".cite")
    page.keyboard.press("Enter")
    page.wait_for_selector("#quote")
    assert "six years" in page.inner_text("#quote")
    box = page.locator("#quote").bounding_box()
    assert box is not None
    assert 0 < box["y"] < 860
    visit.picture("quote")
    page.click("[data-local=face][data-face=page]")
    page.wait_for_function("document.querySelector('.page-image img').naturalWidth > 500")
    visit.picture("page")
    shown = page.locator(".page-quote").bounding_box()
    assert shown is not None
    assert 60 < shown["y"] < 860
    page.keyboard.press("Escape")
    page.wait_for_selector(".source", state="visible")
    assert page.evaluate("document.activeElement.className").startswith("cite")


def test_follow_up_and_start_again(visit: Visit) -> None:
    visit.ask(QUESTION)
    visit.ask("And how fast must a complaint be acknowledged?")
    assert visit.page.locator(".exchange").count() == 2
    visit.page.click(".again")
    visit.page.wait_for_selector(".welcome")
    visit.page.click(".example")
    visit.page.wait_for_selector("#exchange-0 .receipt")


def test_the_chooser_changes_what_is_visible(visit: Visit) -> None:
    page = visit.page
    question = "Where does the handover of a suspicion report happen?"
    visit.ask(question)
    assert "violet" not in page.inner_text("#talk") + page.inner_text("#sources")
    page.click(".chooser summary")
    visit.picture("chooser")
    page.click(".chooser a[href='/as/mia']")
    page.wait_for_selector(".chooser summary:has-text('Mia Moss')")
    page.wait_for_selector(".welcome .state")
    visit.ask(question)
    assert "violet cabinet" in page.inner_text(".answer")
    page.click("[data-local=view][data-view=library]")
    page.wait_for_selector(".library button:has-text('Suspicion Reports')")
    visit.picture("library")
    page.click(".library button:has-text('Suspicion Reports')")
    page.wait_for_selector(".document-title:has-text('Suspicion Reports')")


def test_another_day(visit: Visit) -> None:
    page = visit.page
    page.fill(".as-of input", "2025-03-01")
    page.wait_for_selector(".as-of.is-other")
    visit.ask("Up to what worth may staff accept a gift?")
    assert "£40" in page.inner_text(".answer")
    page.click(".bar button:has-text('Today')")
    page.wait_for_selector(".as-of:not(.is-other)")


def test_a_document_in_its_own_window(visit: Visit) -> None:
    page = visit.page
    visit.ask("Up to what worth may staff accept a gift?")
    page.click(".cite")
    page.wait_for_selector("#quote")
    with visit.context.expect_page() as opened:
        page.click(".document-bar a")
    own = opened.value
    own.wait_for_selector("#quote")
    assert "£75" in own.inner_text("#quote")
    own.screenshot(path=PICTURES / "own-window.png")


def test_abstention(chromium: Browser, weak_address: str) -> None:
    visit = Visit(chromium, weak_address)
    visit.ask("What is the rate for new customers?")
    card = visit.page.inner_text(".is-abstention")
    assert "Not in the documents" in card
    assert "Nearest passages" in card
    visit.picture("abstention")
    visit.page.click(".is-abstention .link")
    visit.page.wait_for_selector(".document #quote")
    visit.context.close()


def test_stop(chromium: Browser, slow_address: str) -> None:
    visit = Visit(chromium, slow_address)
    page = visit.page
    page.fill("#ask textarea", QUESTION)
    page.keyboard.press("Enter")
    page.wait_for_selector(".elapsed")
    assert page.locator(".source").count() > 0
    visit.picture("working")
    page.click("#ask .stop-button[aria-label=Stop]")
    page.wait_for_selector(".notice:has-text('Stopped.')")
    page.wait_for_selector("#ask .submit-button[aria-label=Ask]")
    visit.ask("How fast must a complaint be acknowledged?")
    visit.context.close()


def test_on_a_phone(chromium: Browser, address: str) -> None:
    visit = Visit(
        chromium, address, viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True, device_scale_factor=2
    )
    page = visit.page
    visit.picture("phone-welcome")
    visit.ask(QUESTION)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    visit.picture("phone-answer")
    page.tap(".cite")
    page.wait_for_selector("#quote")
    visit.picture("phone-quote")
    page.tap("[data-local=close]")
    page.tap("[data-local=view][data-view=library]")
    page.wait_for_selector(".library table")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    visit.context.close()


def test_dark_by_preference_and_by_choice(chromium: Browser, address: str) -> None:
    visit = Visit(chromium, address, color_scheme="dark")
    dark = "document.body.classList.contains('dark')"
    assert visit.page.evaluate(dark)
    visit.ask(QUESTION)
    visit.picture("dark")
    visit.page.click("[data-local=theme]")
    assert not visit.page.evaluate(dark)
    visit.page.reload()
    visit.page.wait_for_selector(".welcome .state")
    assert not visit.page.evaluate(dark)
    visit.context.close()


def test_markup_in_an_answer_stays_text(visit: Visit) -> None:
    page = visit.page
    visit.ask("Who approves wine above the limit: the head of what?")
    page.click("[data-local=view][data-view=library]")
    page.click(".library button:has-text('Gifts Policy') >> nth=0")
    page.wait_for_selector(".document .text")
    assert '<script>alert("x")</script>' in page.inner_text(".document .text")
    assert page.inner_text(".chooser summary .who") == "Ann <b>Bold</b>"
