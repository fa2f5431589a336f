"""What a visitor does in the example shop, as its script tells it, in the shop's own tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from persona_django.numeric.visits import visits_of
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
def visitors(shop, browser) -> Iterator[Callable[[], Any]]:
    """Lets in as many visitors who agreed as are asked for."""
    contexts, complaints = [], []

    def enter() -> Any:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        contexts.append(context)
        opened = context.new_page()
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.on("console", lambda said: complaints.extend(chromium.complaint(said)))
        opened.goto(f"{shop.address}/")
        opened.click(".consent button[value=accepted]")
        opened.wait_for_selector(".consent", state="detached")
        return opened

    yield enter
    for context in contexts:
        context.close()
    assert not complaints


@pytest.fixture
def page(visitors) -> Any:
    """A visitor who agreed."""
    return visitors()


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


def test_the_shop_under_test_does_not_rest_after_a_call_that_a_busy_machine_kept_waiting(shop):
    """While it rests nothing is stored, and every other test here waits in vain."""
    asked = "from persona_django import conf; print(conf.current().slow_call.total_seconds())"

    assert float(shop.manage("shell", "--verbosity", "0", "-c", asked)) >= 60


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
    # The pointer may have rested on a slot as well, and the rows of one message have no order.
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


def shown_on(page: Any) -> set[str]:
    """The items that stand in any block of the page that is open."""
    return set(
        page.locator("[data-persona-slot]").evaluate_all(
            "slots => slots.map(slot => slot.dataset.personaItem)"
        )
    )


def address_of(shop: Shop, name: str) -> str:
    """The page of an item, by the name it has in a slot."""
    key = name.partition(":")[2]
    ((slug,),) = shop.ask("SELECT slug FROM shop_product WHERE id = ?", key)
    return f"{shop.address}/p/{key}/{slug}/"


def id_of(shop: Shop, name: str) -> int:
    ((item_id,),) = shop.ask("SELECT id FROM persona_item WHERE model || ':' || key = ?", name)
    return int(item_id)


def shown_in_two(shop: Shop, page: Any) -> tuple[str, str]:
    """An item beside the best product, and another page that shows it too; the former is open."""
    here = product_page(shop)
    page.goto(here)
    beside = sorted(shown_on(page))
    for other in beside:
        page.goto(address_of(shop, other))
        if both := sorted(shown_on(page) & set(beside) - {other}):
            page.goto(here)
            return both[0], address_of(shop, other)
    raise AssertionError("no two pages show the same item")


def slate_with(shop: Shop, column: str, after: int, item_id: int) -> tuple[int, int, int]:
    """Shopper, position and bits of the slate that was marked for an item."""
    assert column in ("clicked", "dismissed")
    ((shopper, items, marks, seen),) = waits(
        shop,
        f"SELECT shopper, items, {column}, seen FROM persona_servedslate "
        f"WHERE {column} > 0 AND id > ?",
        after,
    )
    position = np.frombuffer(items, dtype="<i8").tolist().index(item_id) + 1
    assert marks & seen == marks
    return shopper, position, marks


def last_slate(shop: Shop) -> int:
    return int(shop.ask("SELECT coalesce(max(id), 0) FROM persona_servedslate")[0][0])


def test_what_is_not_for_one_visitor_is_a_row_and_then_gone_from_their_pages_alone(shop, visitors):
    page, somebody_else = visitors(), visitors()
    item, elsewhere = shown_in_two(shop, page)
    before, slates = last_event(shop), last_slate(shop)

    slot = page.locator(f'[data-persona-item="{item}"][data-persona-slot]').first
    place = int(slot.get_attribute("data-persona-slot"))
    slot.get_by_role("button", name="Not for me").click()
    ((dismissed, _),) = newest(shop, Kind.DISMISS, before)
    shopper, position, marks = slate_with(shop, "dismissed", slates, dismissed)
    page.goto(elsewhere)
    somebody_else.goto(elsewhere)

    assert dismissed == id_of(shop, item)
    assert (position, marks) == (place, 1 << place - 1)
    assert shopper == of_events(shop, before, Kind.DISMISS)[0][0]
    assert shown_on(page) and item not in shown_on(page)
    assert item in shown_on(somebody_else)


def test_a_click_is_a_row_a_mark_in_its_slate_and_the_next_page_of_the_same_visit(shop, page):
    page.goto(product_page(shop))
    before, slates = last_event(shop), last_slate(shop)

    slot = page.locator("[data-persona-slot]").nth(2)
    item, place = (slot.get_attribute(f"data-persona-{name}") for name in ("item", "slot"))
    slot.locator("h3 a").click()
    page.wait_for_url(address_of(shop, item))
    ((clicked, _),) = newest(shop, Kind.CLICK, before)
    shopper, position, marks = slate_with(shop, "clicked", slates, clicked)
    newest(shop, Kind.VIEW, before)
    found = of_events(shop, 0, Kind.VIEW, Kind.CLICK)
    theirs = [(who, kind, about, at) for who, kind, about, at in found if who == shopper]

    assert clicked == id_of(shop, item)
    assert (position, marks) == (int(place), 1 << int(place) - 1)
    assert [(kind, about) for _, kind, about, _ in theirs if about == clicked] == [
        (Kind.CLICK, clicked),
        (Kind.VIEW, clicked),
    ]
    moments = np.array([at for *_, at in theirs])
    assert len(visits_of(np.full(len(moments), shopper), moments, gap_seconds=1_800)) == 1


def of_events(shop: Shop, after: int, *kinds: Kind) -> list[tuple[int, int, int, int]]:
    """Shopper, kind, item and time of what happened after some event."""
    numbers = ", ".join(str(int(kind)) for kind in kinds)
    return shop.ask(
        "SELECT shopper, kind, item_id, at FROM persona_event "
        f"WHERE kind IN ({numbers}) AND id > ? ORDER BY kind DESC, id",
        after,
    )
