"""The Chromium of this machine, driven as a person would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests import services

PERSON = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36"
)
"""A browser without a screen names itself a robot, and robots are not remembered."""
ARGUMENTS = [
    # Set for a page alone, it would be left out of what a closing page sends.
    f"--user-agent={PERSON}",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
]


@contextmanager
def launched(*, without: tuple[str, ...] = ()) -> Iterator[Any]:
    """A browser for as long as the block lasts, `without` some of the driver's own arguments."""
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as player:
        browser = player.chromium.launch(
            executable_path=services.chromium_path(),
            args=ARGUMENTS,
            ignore_default_args=list(without),
            headless=True,
        )
        yield browser
        browser.close()


def complaint(said: Any) -> list[str]:
    """What a page's console says went wrong. Django's admin has no icon for the tab."""
    address = said.location["url"]
    if said.type != "error" or address.endswith("/favicon.ico"):
        return []
    return [f"{address}: {said.text}"]
