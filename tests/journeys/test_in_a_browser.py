"""What a visitor, a customer and a merchant see in a real browser, under the shop's own CSP."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests import chromium
from tests.chromium import PERSON
from tests.journeys.running import Shop, filled_shop

pytestmark = pytest.mark.browser

WIDTHS = {"phone": (390, 844), "desktop": (1280, 900)}
STAFF = ("admin", "let-me-in-please")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with filled_shop(tmp_path_factory.mktemp("shop")) as filled:
        filled.manage(
            "createsuperuser", "--noinput", "--username", "merchant", "--email", "m@example.com",
            DJANGO_SUPERUSER_PASSWORD=STAFF[1],
        )  # fmt: skip
        yield filled


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with chromium.launched() as started:
        yield started


@pytest.fixture(params=WIDTHS)
def page(request, browser) -> Iterator[object]:
    """A fresh visitor at one width. Whatever the page complains about fails the test."""
    across, down = WIDTHS[request.param]
    context = browser.new_context(viewport={"width": across, "height": down}, user_agent=PERSON)
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda said: complaints.extend(chromium.complaint(said)))
    yield opened
    context.close()
    assert not complaints


def settled(shop: Shop) -> int:
    """How many events are stored, once what follows the last response has been written."""
    counts = [-1, -2]
    while counts[-1] != counts[-2]:
        time.sleep(0.3)
        counts.append(shop.ask("SELECT count(*) FROM persona_event")[0][0])
    return counts[-1]


def best_paired_product(shop: Shop) -> str:
    """Address of a product that has learnt neighbours: the one with the longest lists."""
    ((key,),) = shop.ask(
        "SELECT i.key FROM persona_neighbourrow n JOIN persona_item i ON i.id = n.item_id "
        "GROUP BY n.item_id ORDER BY count(*) DESC, sum(length(n.data)) DESC LIMIT 1"
    )
    ((slug,),) = shop.ask("SELECT slug FROM shop_product WHERE id = ?", key)
    return f"{shop.address}/p/{key}/{slug}/"


def overhang(page) -> int:
    """By how many pixels a page is wider than the screen."""
    return page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


def width_of(page) -> int:
    return page.viewport_size["width"]


def items_of(page, slug: str) -> list[str]:
    """What a block shows, in order."""
    slots = page.locator(f".persona-block--{slug} [data-persona-slot]")
    return [slots.nth(n).get_attribute("data-persona-item") for n in range(slots.count())]


def test_a_product_page_shows_both_blocks_with_pictures_and_reasons(shop, page):
    page.goto(best_paired_product(shop))

    for slug in ("similar-items", "bought-together"):
        block = page.locator(f".persona-block--{slug}")
        assert block.locator("[data-persona-slot]").count() >= 3
        assert block.get_by_role("heading").count() >= 1
    reasons = page.locator(".persona-block--similar-items").inner_text()
    assert "shoppers" in reasons


def test_no_page_is_wider_than_the_screen(shop, page):
    for path in ("/", "/new/", "/search/?q=a", "/cart/", "/privacy/"):
        page.goto(f"{shop.address}{path}")
        assert overhang(page) <= 0, path


def test_the_home_page_leads_to_products_whose_pages_show_what_was_learnt(shop, page):
    page.goto(f"{shop.address}/")
    links = page.locator(".hero-pictures a")
    addresses = [links.nth(n).get_attribute("href") for n in range(links.count())]
    headings = []

    for address in addresses:
        page.goto(f"{shop.address}{address}")
        headings.append(page.locator(".persona-block h2").all_inner_texts())

    assert len(addresses) == 4
    learnt = [row for row in headings if "Often bought together" in row and "Similar items" in row]
    assert len(learnt) >= 2, headings


def test_the_home_page_takes_up_what_somebody_who_agreed_has_looked_at(shop, page):
    page.goto(f"{shop.address}/")
    for_you = page.locator(".persona-block--for-you")
    assert for_you.count() == 0

    page.click(".consent button[value=accepted]")
    page.goto(best_paired_product(shop))
    page.goto(f"{shop.address}/")

    assert for_you.locator("h2").inner_text() == "For you"
    assert "went on to this" in for_you.inner_text()
    assert for_you.locator("li").count() == 4


def test_the_consent_banner_is_small_and_hides_nothing_for_good(shop, page):
    page.goto(f"{shop.address}/")
    screen = page.viewport_size["height"]
    banner = page.locator(".consent").bounding_box()
    page.evaluate("window.scrollTo({top: document.body.scrollHeight, behavior: 'instant'})")
    last = page.locator(".site-footer li").last.bounding_box()
    footer = page.locator(".site-footer").bounding_box()

    assert banner["height"] <= screen / 6
    assert banner["y"] + banner["height"] == pytest.approx(screen, abs=1)
    assert last["y"] + last["height"] <= banner["y"]
    # The page ends with the footer: no strip of another colour shows below it.
    assert footer["y"] + footer["height"] == pytest.approx(screen, abs=1)


def test_name_and_price_stand_on_the_first_screen_clear_of_the_banner(shop, page):
    page.goto(best_paired_product(shop))

    banner = page.locator(".consent").bounding_box()

    for place in ("h1", ".buy .price"):
        shown = page.locator(place).first.bounding_box()
        assert shown["y"] + shown["height"] <= banner["y"], place


def test_nothing_is_remembered_until_the_visitor_agrees_nor_after_a_change_of_mind(shop, page):
    address = best_paired_product(shop)
    before = settled(shop)
    page.goto(address)
    page.goto(address)
    assert "persona" not in {cookie["name"] for cookie in page.context.cookies()}
    assert settled(shop) == before

    page.click(".consent button[value=accepted]")
    page.goto(address)
    page.goto(address)

    (cookie,) = [one for one in page.context.cookies() if one["name"].startswith("persona")]
    assert cookie["httpOnly"] and cookie["sameSite"] == "Lax"
    page.goto(f"{shop.address}/privacy/")  # the page before says how long it was looked at
    after = settled(shop)
    assert after > before

    page.locator("button[value=refused]").first.click()
    page.goto(address)

    assert not [one for one in page.context.cookies() if one["name"].startswith("persona")]
    assert settled(shop) == after


def test_a_customer_finds_their_own_orders_to_buy_again(shop, page):
    page.goto(f"{shop.address}/sign-in/")
    page.locator(".demo-shopper").first.click()
    page.goto(f"{shop.address}/account/")

    block = page.locator(".persona-block--reorder")

    assert block.locator("[data-persona-slot]").count() >= 1
    assert "You bought this" in block.inner_text()


def test_a_merchant_hides_a_pair_it_is_gone_from_the_shop_and_comes_back(shop, page):
    address = best_paired_product(shop)
    page.goto(address)
    block = page.locator(".persona-block--similar-items")
    first = block.locator("[data-persona-slot]").first
    shown = first.get_attribute("data-persona-item")
    title = first.locator("a").last.inner_text().strip()
    key = address.split("/p/")[1].split("/")[0]
    ((item_id,),) = shop.ask(
        "SELECT id FROM persona_item WHERE model = 'shop.product' AND key = ?", key
    )

    item_page = f"/admin/persona/item/{item_id}/change/"
    page.goto(f"{shop.address}/admin/login/?next={item_page}")
    page.fill("#id_username", "merchant")
    page.fill("#id_password", STAFF[1])
    page.click("input[type=submit]")
    assert overhang(page) <= 0
    row = page.locator(".persona-neighbours").first.locator("tr", has_text=title).first
    button = row.get_by_role("button", name="Hide this pair")
    # Without scrolling to the side: where it could not be seen it was not found.
    assert button.bounding_box()["x"] + button.bounding_box()["width"] <= width_of(page)
    button.click()
    page.wait_for_url("**/change/#similar-*")
    assert "Hidden:" in page.inner_text("body")
    assert 0 <= row.bounding_box()["y"] < page.viewport_size["height"]

    page.wait_for_timeout(1_200)  # the state that every process follows is at most a second old
    page.goto(address)

    assert shown not in items_of(page, "similar-items")

    page.goto(f"{shop.address}{item_page}")
    row.get_by_role("button", name="Show again").click()
    page.wait_for_url("**/change/#similar-*")
    page.wait_for_timeout(1_200)
    page.goto(address)
    assert shown in items_of(page, "similar-items")


def test_a_merchant_looks_at_versions_and_publishes_the_one_before(shop, page):
    shop.manage("persona_rebuild", "--kind", "similar")
    ((live,),) = shop.ask("SELECT value FROM persona_state WHERE name = 'similar'")
    page.goto(f"{shop.address}/admin/login/?next=/admin/persona/modelversion/{live}/change/")
    page.fill("#id_username", "merchant")
    page.fill("#id_password", STAFF[1])
    page.click("input[type=submit]")

    page.get_by_role("button", name="Go back to the version before").click()
    page.wait_for_url("**/change/")

    assert "is live now" in page.inner_text("body")
    ((now,),) = shop.ask("SELECT value FROM persona_state WHERE name = 'similar'")
    assert now < live
