"""Visitors of the recording site."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests import chromium
from tests.script import markup, site
from tests.script.site import EVENTS

WIDE = {"width": 1000, "height": 700}


# Not for the whole session: while a browser is driven, Django takes every other test of this
# process for one on an event loop.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium.launched(without=("--disable-back-forward-cache",)) as started:
        yield started


# One for each test: what a page sends as its browser closes may arrive in the next test's time.
@pytest.fixture
def shop(settings: Any) -> Iterator[site.Site]:
    """The site, empty, with the policy and the addresses under which pages are rendered."""
    settings.ROOT_URLCONF = "tests.script.urls"
    settings.PERSONA = {**settings.PERSONA, **markup.POLICY}
    with site.served() as running:
        yield running


@pytest.fixture
def context(browser: Any, shop: site.Site) -> Iterator[Any]:
    """A browser of its own that agreed. Whatever its console complains about fails the test."""
    opened = browser.new_context(viewport=WIDE)
    agree(opened, shop)
    complaints = listen(opened)
    yield opened
    opened.close()
    assert not complaints


@pytest.fixture
def page(context: Any) -> Any:
    return context.new_page()


def agree(context: Any, shop: site.Site, value: str = "yes") -> None:
    context.add_cookies([{"name": markup.BANNER, "value": value, "url": shop.address}])


def listen(context: Any) -> list[str]:
    """What the pages of a browser complain about from now on."""
    complaints: list[str] = []
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on("console", lambda said: complaints.extend(_complaint(said)))
    return complaints


def _complaint(said: Any) -> list[str]:
    """The browser itself notes a request that failed; no script can keep it from that."""
    is_its_own = said.text.startswith("Failed to load resource") and EVENTS in said.location["url"]
    return [] if is_its_own else chromium.complaint(said)


def leave(page: Any, shop: site.Site) -> None:
    """Go to a page of the site that the script is not on."""
    page.goto(f"{shop.address}{site.AWAY}")


BEGAN = 1_800_000_000
DRAWN = """() => new Promise(done => {
    new IntersectionObserver((_, self) => { self.disconnect(); done(); }).observe(document.body);
})"""


def stop_clock(page: Any) -> None:
    """From its next page on, time stands still there until `pass_time`, however busy we are."""
    page.clock.install(time=BEGAN)
    page.clock.pause_at(BEGAN + 1)


def pass_time(page: Any, milliseconds: int) -> None:
    """Let time pass, once the browser has told what is on its screen."""
    page.evaluate(DRAWN)
    page.clock.run_for(milliseconds)


def turn_away(page: Any, *, hidden: bool = True) -> None:
    """Look at another tab, or come back: what a browser tells its pages of it."""
    page.evaluate(
        """hidden => {
            Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )
