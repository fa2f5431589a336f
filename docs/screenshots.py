"""Photograph a running example shop at phone and desktop width.

    python docs/screenshots.py http://127.0.0.1:8000 OUTPUT_FOLDER

Walks the shop as a visitor would: home, a category, a filtered list, a product, search, cart,
checkout, and the account of the first demonstration shopper. Needs Playwright and a Chromium,
whose path may be given in the environment variable CHROMIUM. Fails if a page logs an error.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Page, sync_playwright

WIDTHS = {"phone": (390, 844), "desktop": (1280, 900)}
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-sync",
]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("base_url", help="Where the shop answers, as http://127.0.0.1:8000")
    parser.add_argument("folder", type=Path, help="Where the pictures go")
    parser.add_argument("--whole-page", action="store_true", help="Not only the first screen")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    faults: list[str] = []
    for width, (across, down) in WIDTHS.items():
        with _page(across, down, faults) as page:
            for name in _walk(page, asked.base_url.rstrip("/")):
                if asked.whole_page:
                    _scroll_through(page)
                page.wait_for_load_state("networkidle")
                target = asked.folder / f"{width}-{name}.png"
                page.screenshot(path=target, full_page=asked.whole_page)
                print(target)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def _walk(page: Page, base: str) -> Iterator[str]:
    """Visit one page after the other, and name each when it is ready to be photographed."""
    page.goto(f"{base}/")
    yield "home-with-banner"
    page.click(".consent button[value=accepted]")
    yield "home"
    page.locator(".departments a").first.click()
    yield "department"
    page.locator(".chips a").first.click()
    yield "category"
    page.goto(f"{page.url}?sale=1")
    yield "filtered"
    page.goto(f"{base}/c/{_first_slug(page)}/")
    page.locator(".card-name a").first.click()
    yield "product"
    page.locator(".persona-block, .persona-debug, .site-footer").first.scroll_into_view_if_needed()
    yield "product-blocks"
    _put_into_cart(page, base)
    yield "cart"
    page.click("a[href='/checkout/']")
    yield "checkout"
    page.goto(f"{base}/search/?q=coffee")
    yield "search"
    page.goto(f"{base}/search/?q=zzzz")
    yield "search-without-result"
    page.goto(f"{base}/privacy/")
    yield "privacy"
    page.goto(f"{base}/sign-in/")
    yield "sign-in"
    if page.locator(".demo-shopper").count():
        page.locator(".demo-shopper").first.click()
        yield "account"
        if page.locator(".orders tbody a").count():
            page.locator(".orders tbody a").first.click()
            yield "order"


def _scroll_through(page: Page) -> None:
    """Pictures further down are loaded only when they come near."""
    height = page.evaluate("document.documentElement.scrollHeight")
    for place in range(0, height, 700):
        page.evaluate("place => window.scrollTo({top: place, behavior: 'instant'})", place)
        page.wait_for_timeout(60)
    page.evaluate("window.scrollTo({top: 0, behavior: 'instant'})")


def _first_slug(page: Page) -> str:
    """The first department, whose bestsellers are the busiest products of the shop."""
    address = page.locator(".departments a").first.get_attribute("href") or "/c//"
    return address.strip("/").removeprefix("c/")


def _put_into_cart(page: Page, base: str) -> None:
    """The product shown, or when it is sold out the first one of the list that is not."""
    if not page.locator(".add button").count():
        page.goto(f"{base}/new/?stock=1")
        page.locator(".card-name a").first.click()
    page.click(".add button")


@contextmanager
def _page(across: int, down: int, faults: list[str]) -> Iterator[Page]:
    """A fresh browser of one size; whatever a page complains about is kept."""
    with sync_playwright() as player:
        browser = player.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or None, args=ARGUMENTS
        )
        page = browser.new_page(viewport={"width": across, "height": down})
        page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda said: (
                faults.append(f"{page.url}: {said.text}") if said.type == "error" else None
            ),
        )
        yield page
        browser.close()


def _note(said: ConsoleMessage, page: Page, faults: list[str]) -> None:
    if said.type == "error":
        faults.append(f"{page.url}: {said.text}")


if __name__ == "__main__":
    sys.exit(main())
