"""The knowledge room in Debian's Chromium: what a manager does from a dropped file to a publication and back.

Pictures of each step are kept in ``data/screenshots``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from tests.ui.knowledge_world import PROMPT, pipelines, room_of, with_managers
from tests.world import World
from ui.serve import create_app

playwright = pytest.importorskip("playwright.sync_api", reason="install the extra `browser`")

from tests.ui.test_browser import CHROMIUM, FLAGS, PICTURES, Visit  # noqa: E402  # needs playwright

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)"),
]
NEW = "# Travel Policy\n\n## 1 Fares\n\nStaff must travel by rail where a journey takes less than four hours."
WIDTH = "document.documentElement.scrollWidth"


@pytest.fixture
def address(world: World) -> Iterator[str]:
    config = with_managers(world).config
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(config, room_of(config).gate.runtime, pipelines=pipelines(config)),
            port=0,
            log_level="error",
            ws="none",
            timeout_graceful_shutdown=1,
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def visit(address: str) -> Iterator[Visit]:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        one = Visit(browser, address)
        yield one
        foreign = [url for url in one.requested if not url.startswith((address, "data:", "blob:"))]
        assert foreign == []
        assert one.complaints == []
        browser.close()


def go(visit: Visit, room: str, awaited: str) -> None:
    visit.page.click(f".rooms [data-room={room}]")
    visit.page.wait_for_selector(f"#room-{room} {awaited}", state="visible")


def test_from_a_dropped_file_to_a_publication_and_back(visit: Visit, world: World, tmp_path: Path) -> None:
    page = visit.page
    assert page.locator(".bar [data-view=knowledge]").count() == 0, "no manager, no way in"
    page.goto(f"{visit.address}/as/kim")
    page.wait_for_selector(".welcome .state")
    page.click(".bar [data-view=knowledge]")
    page.wait_for_selector("#room-sources .drop", state="visible")

    given = {
        "travel.md": NEW,
        "complaints.md": "# Complaints Policy\n\n## 1 Files\n\nFiles are kept for six years.",
        "odd.md": PROMPT,
    }
    for name, text in given.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    page.set_input_files("[data-drop=rules] input[type=file]", [str(tmp_path / name) for name in given])
    page.wait_for_selector(".drops li[data-state=added]:has-text('odd.md')")
    page.wait_for_selector(".drops li[data-state=taken]:has-text('complaints.md')")
    visit.picture("knowledge-sources")
    assert "three working days" in (world.config.corpora / "rules" / "complaints.md").read_text(encoding="utf-8")
    page.click(".drops button:has-text('Replace it')")
    page.wait_for_selector(".drops li[data-state=replaced]")

    page.click("#room-sources [data-send=look]")
    page.wait_for_selector("#room-changes .badge.is-added", timeout=60_000)
    visit.picture("knowledge-changes")
    page.fill("#room-changes form[data-submit=prepare] [name=reason]", "rail before air")
    page.click("#room-changes form[data-submit=prepare] button.primary")
    page.wait_for_selector("#room-changes form[data-submit=publish]", timeout=60_000)
    visit.picture("knowledge-verdict")
    page.fill("#room-changes form[data-submit=publish] [name=reason]", "agreed by the committee")
    page.click("#room-changes form[data-submit=publish] button")
    page.wait_for_selector("#room-changes .said:has-text('is served')")

    page.wait_for_selector(".rooms .badge:has-text('1')")
    go(visit, "waiting", ".decision")
    visit.picture("knowledge-decisions")
    page.fill(".decision [name=reason]", "not ours")
    page.click(".decision button[value=refused]")
    page.wait_for_selector("#room-waiting .said:has-text('stays out')")
    page.wait_for_selector(".rooms:not(:has(.badge))")

    go(visit, "documents", ".documents")
    visit.picture("knowledge-documents")
    go(visit, "search", "form")
    page.fill("#room-search [name=query]", "By what must staff travel?")
    page.click("#room-search button.primary")
    page.wait_for_selector(".hit")
    page.click(".hit button >> nth=0")
    page.wait_for_selector("#quote")
    assert "rail" in " ".join(page.locator(".document mark").all_inner_texts())
    visit.picture("knowledge-search")
    page.keyboard.press("Escape")
    page.wait_for_selector("#document", state="hidden")

    go(visit, "snapshots", ".badge.is-served")
    page.click("#room-snapshots [data-send=compare]")
    page.wait_for_selector(".difference .badge.is-removed")
    page.click("#room-snapshots details.inline summary")
    visit.picture("knowledge-snapshots")
    page.fill("#room-snapshots form[data-submit=rollback] [name=reason]", "too soon")
    page.click("#room-snapshots form[data-submit=rollback] button")
    page.wait_for_selector("#room-snapshots .said:has-text('served again')")

    page.click("[data-local=theme]")
    visit.picture("knowledge-dark")
    page.set_viewport_size({"width": 390, "height": 844})
    for room in ("sources", "changes", "waiting", "snapshots", "documents", "search"):
        go(visit, room, ".room-body")
        page.wait_for_timeout(300)
        assert page.evaluate(WIDTH) <= 390, room
        visit.picture(f"knowledge-phone-{room}")
