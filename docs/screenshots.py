"""Photograph a running example shop at phone and desktop width.

    python docs/screenshots.py http://127.0.0.1:8000 OUTPUT_FOLDER
    python docs/screenshots.py http://127.0.0.1:8000 docs/pictures --for-docs

The first walks the shop as a visitor would: home, a category, a filtered list, a product, search,
cart, checkout, and the account of the first demonstration shopper. The second makes the few
pictures that the documentation shows. Needs a shop filled by the demo, Playwright and a Chromium,
which is looked for on the path unless CHROMIUM names it. Fails if a page logs an error.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Page, sync_playwright

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
STAFF = ("admin", "persona-demo")
WIDTHS = {"phone": (390, 844), "desktop": (1280, 900)}
QUALITY = 75
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
    parser.add_argument("--for-docs", action="store_true", help="Only what the docs show, small")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    faults: list[str] = []
    base = asked.base_url.rstrip("/")
    for width, (across, down) in WIDTHS.items():
        with _page(across, down, faults) as page:
            if asked.for_docs:
                _photograph_for_docs(page, base, asked.folder, width)
            else:
                _photograph_all(page, base, asked.folder, width, whole_page=asked.whole_page)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def _photograph_all(page: Page, base: str, folder: Path, width: str, *, whole_page: bool) -> None:
    for name in _walk(page, base):
        if whole_page:
            _scroll_through(page)
        page.wait_for_load_state("networkidle")
        target = folder / f"{width}-{name}.png"
        page.screenshot(path=target, full_page=whole_page)
        print(target)


def _photograph_for_docs(page: Page, base: str, folder: Path, width: str) -> None:
    """A product page with its rows; at desktop width also what the admin says of its item."""
    page.goto(f"{base}/")
    page.click(".consent button[value=accepted]")
    _open_learnt_product(page)
    _scroll_through(page)
    page.wait_for_load_state("networkidle")
    if width == "phone":
        _to_the_top(page, ".persona-block")
        _save(page, folder / "product-phone.jpg")
        return
    # The product, what is bought together with it, and the first line of similar items.
    height = _top_of(page, ".persona-block--similar-items li:nth-child(5)")
    page.set_viewport_size({"width": WIDTHS[width][0], "height": int(height) - 10})
    _save(page, folder / "product-desktop.jpg")
    title = page.locator("h1").inner_text()
    page.set_viewport_size({"width": 1100, "height": 640})
    page.goto(f"{base}/admin/login/?next=/admin/persona/item/%3Fq={quote(title)}")
    page.fill("#id_username", STAFF[0])
    page.fill("#id_password", STAFF[1])
    page.click("input[type=submit]")
    page.locator("#result_list tbody th a").first.click()
    page.wait_for_url("**/change/**")
    _to_the_top(page, ".persona-neighbours")
    _save(page, folder / "admin-item.jpg")


def _open_learnt_product(page: Page) -> None:
    """The first product of the home page whose rows show nothing but what was learnt."""
    links = page.locator(".hero-pictures a, .cards .card-name a")
    addresses = [links.nth(n).evaluate("link => link.href") for n in range(links.count())]
    for address in addresses:
        page.goto(address)
        titles = set(page.locator(".persona-block h2").all_inner_texts())
        reasons = page.locator(".persona-block .card-reason").all_inner_texts()
        is_learnt = {"Often bought together", "Similar items"} <= titles
        if is_learnt and not any(reason.startswith(("Popular", "New")) for reason in reasons):
            return
    sys.exit("No product of the home page has both rows full: fill the shop by `manage.py demo`.")


def _top_of(page: Page, place: str) -> float:
    """How far down the page something begins, in pixels."""
    top = "place => document.querySelector(place).getBoundingClientRect().top + window.scrollY"
    return float(page.evaluate(top, place))


def _to_the_top(page: Page, place: str) -> None:
    """Scroll until something stands just below the upper edge of the screen."""
    top = _top_of(page, place) - 16
    page.evaluate("top => window.scrollTo({top, behavior: 'instant'})", top)
    page.wait_for_load_state("networkidle")


def _save(page: Page, target: Path) -> None:
    """What the screen shows, as a JPEG of a modest quality."""
    page.screenshot(path=target, type="jpeg", quality=QUALITY)
    print(f"{target}: {target.stat().st_size // 1024} KiB")


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
    page.wait_for_load_state("load")
    place = 0
    # Asked anew each time: the page grows while pictures come in, and has no height at all while
    # another one is on its way.
    while place < page.evaluate("document.documentElement?.scrollHeight ?? 0"):
        page.evaluate("place => window.scrollTo({top: place, behavior: 'instant'})", place)
        page.wait_for_timeout(60)
        place += 700
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
            executable_path=os.environ.get("CHROMIUM") or _chromium(), args=ARGUMENTS
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


def _chromium() -> str | None:
    """The browser on the path; None leaves the choice to Playwright, which may have its own."""
    return next((found for name in CHROMIUMS if (found := shutil.which(name))), None)


if __name__ == "__main__":
    sys.exit(main())
