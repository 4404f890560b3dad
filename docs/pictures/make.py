"""Takes the README's picture from a running app: ``python docs/pictures/make.py http://127.0.0.1:7860 ["question"]``.

Needs the extra `browser` and Chromium. Asks, opens the first citation and saves ``ask.png`` beside this file.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

QUESTION = "How quickly must a complaint be acknowledged in writing?"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]


def main(address: str, question: str = QUESTION) -> None:
    with sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 720}, locale="en-GB")
        page.goto(address)
        page.wait_for_selector(".welcome .state")
        page.fill("#ask textarea", question)
        page.keyboard.press("Enter")
        page.wait_for_selector("#exchange-0 .made .receipt", timeout=180_000)
        page.click(".cite >> nth=0")
        page.wait_for_selector("#quote")
        page.wait_for_timeout(800)
        page.screenshot(path=Path(__file__).with_name("ask.png"))
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
