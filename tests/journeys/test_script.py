"""What a visitor does in the example shop, as its script tells it, in the shop's own tables."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from persona_django.tracking.schema import Kind
from tests import chromium
from tests.journeys.running import Shop, filled_shop

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with filled_shop(tmp_path_factory.mktemp("shop")) as filled:
        yield filled


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with chromium.launched() as started:
        yield started


@pytest.fixture
def page(shop, browser) -> Iterator[object]:
    """A visitor who agreed."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda said: complaints.extend(chromium.complaint(said)))
    opened.goto(f"{shop.address}/")
    opened.click(".consent button[value=accepted]")
    opened.wait_for_selector(".consent", state="detached")
    yield opened
    context.close()
    assert not complaints


def product_page(shop: Shop) -> str:
    """Address of the product with the most to show beside it."""
    ((key,),) = shop.ask(
        "SELECT i.key FROM persona_neighbourrow n JOIN persona_item i ON i.id = n.item_id "
        "GROUP BY n.item_id ORDER BY count(*) DESC, sum(length(n.data)) DESC LIMIT 1"
    )
    ((slug,),) = shop.ask("SELECT slug FROM shop_product WHERE id = ?", key)
    return f"{shop.address}/p/{key}/{slug}/"


def waits(shop: Shop, sql: str, *values: object, rows: int = 1) -> list[tuple]:
    """Rows, as soon as there are so many."""
    until = time.monotonic() + 15
    while len(found := shop.ask(sql, *values)) < rows:
        assert time.monotonic() < until, (sql, found)
        time.sleep(0.2)
    return found


def newest(shop: Shop, kind: Kind, after: int, *, rows: int = 1) -> list[tuple]:
    """Item and value of what happened after some event."""
    return waits(
        shop,
        "SELECT item_id, value FROM persona_event WHERE kind = ? AND id > ? ORDER BY id",
        int(kind),
        after,
        rows=rows,
    )


def last_event(shop: Shop) -> int:
    return int(shop.ask("SELECT coalesce(max(id), 0) FROM persona_event")[0][0])


def test_a_visit_to_a_product_is_one_view_with_all_that_was_done_on_its_page(shop, page):
    before = last_event(shop)
    slates = len(shop.ask("SELECT id FROM persona_servedslate"))

    page.goto(product_page(shop))
    page.locator(".gallery-thumbs label").nth(1).click()
    block = page.locator(".persona-block--bought-together")
    block.scroll_into_view_if_needed()
    page.mouse.wheel(0, 500)
    page.wait_for_timeout(1_500)
    block.get_by_role("button", name="Not for me").first.click()
    block.get_by_role("button", name="Undo").click()
    link = block.locator("h3 a").nth(1)
    chosen = block.locator("[data-persona-slot]").nth(1).get_attribute("data-persona-item")
    link.click()
    page.wait_for_url("**/p/*/*/")

    (view, other) = newest(shop, Kind.VIEW, before, rows=2)
    assert view[0] != other[0]
    # The gallery's; a pointer that rested on a slot tells of that slot's item, too.
    assert view[0] in {item for item, _ in newest(shop, Kind.ENGAGE, before)}
    ((item, seconds),) = newest(shop, Kind.DWELL, before)
    assert item == view[0] and seconds >= 1
    ((clicked, _),) = newest(shop, Kind.CLICK, before)
    assert shop.ask("SELECT model || ':' || key FROM persona_item WHERE id = ?", clicked) == [
        (chosen,)
    ]
    refused, restored = newest(shop, Kind.DISMISS, before), newest(shop, Kind.RESTORE, before)
    assert refused[0][0] == restored[0][0]
    (row, *_) = waits(
        shop, "SELECT seen, clicked FROM persona_servedslate WHERE clicked > 0", rows=1
    )
    assert row[1] & row[0] == row[1]
    assert len(shop.ask("SELECT id FROM persona_servedslate")) > slates
    assert len(newest(shop, Kind.VIEW, before)) == 2


def test_searches_filters_and_orders_of_a_list_are_what_the_visitor_wants(shop, page):
    page.goto(f"{shop.address}/search/?q=bl")
    page.locator("#sort").select_option("cheapest")
    page.wait_for_url("**sort=cheapest**")
    page.locator("input[name=brand]").first.check()
    page.wait_for_url("**brand=**")
    page.goto(f"{shop.address}/about/")

    wishes = waits(shop, "SELECT kind, words FROM persona_intent ORDER BY id", rows=3)
    assert "bl" in {words for _, words in wishes}
    assert "cheapest" in {words for _, words in wishes}
