"""What was seen of a block, chosen in it, refused and asked for, from a real browser."""

from __future__ import annotations

import pytest

from tests.script import markup
from tests.script.conftest import leave, pass_time, stop_clock, turn_away

pytestmark = pytest.mark.browser

SPACE = "<svg width=10 height=2000></svg>"
"""Something as high as three screens."""


@pytest.fixture
def opened(shop, page):
    """A page with a block of four, open in a browser."""

    def open_(body: str = "", **given):
        shop.pages["/"] = markup.page(body or markup.block(), **given)
        page.goto(f"{shop.address}/")
        return page

    return open_


def slot(page, position: int):
    return page.locator(f'[data-persona-slot="{position}"]')


# -- seen -----------------------------------------------------------------------------------------


def test_slots_that_were_half_visible_for_a_second_are_seen_and_one_report_names_them(
    shop, page, opened
):
    stop_clock(page)
    opened()
    pass_time(page, 1_000)
    leave(page, shop)

    (slate,) = shop.wait("slate")
    (view,) = shop.of("view")
    assert slate["slate"] == f"{view['id']} similar-items-1"
    assert slate["tokens"] == [f"proof-similar-items-10{n}" for n in (1, 2, 3, 4)]
    assert (slate["first"], sorted(slate["seen"])) == (1, [1, 2, 3, 4])


def test_what_was_on_the_screen_for_less_than_a_second_was_not_seen(shop, page, opened):
    stop_clock(page)
    opened()
    pass_time(page, 990)
    turn_away(page)

    shop.wait("view")
    assert not shop.of("slate")


def test_what_stands_below_the_screen_is_seen_when_it_is_scrolled_to(shop, page, opened):
    stop_clock(page)
    opened(SPACE + markup.block())
    pass_time(page, 60_000)
    turn_away(page)
    shop.wait("view")
    assert not shop.of("slate")

    turn_away(page, hidden=False)
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    pass_time(page, 1_000)
    leave(page, shop)

    assert shop.wait("slate")[0]["seen"]


SHOW = """share => {
    const at = document.querySelector("[data-persona-slot]").getBoundingClientRect();
    scrollBy(0, at.top + share * at.height - innerHeight);
}"""
"""Scrolls until so much of the first slot looks in at the bottom of the screen."""


@pytest.mark.parametrize(("share", "seen"), [(0.3, []), (0.45, []), (0.6, [1])])
def test_what_is_less_than_half_on_the_screen_is_not_seen_however_long(
    shop, page, opened, share, seen
):
    stop_clock(page)
    opened(SPACE + markup.block(1) + SPACE)
    page.evaluate(SHOW, share)
    pass_time(page, 5_000)
    leave(page, shop)

    shop.wait("view")
    assert [position for slate in shop.of("slate") for position in slate["seen"]] == seen


def test_a_page_behind_another_tab_is_not_seen_and_what_comes_after_is_told_in_addition(
    shop, page, opened
):
    stop_clock(page)
    opened()
    pass_time(page, 900)
    turn_away(page)
    pass_time(page, 60_000)
    turn_away(page, hidden=False)
    pass_time(page, 900)
    turn_away(page)
    shop.wait("view")
    assert not shop.of("slate")

    turn_away(page, hidden=False)
    pass_time(page, 1_000)
    turn_away(page)

    (slate,) = shop.wait("slate")
    assert sorted(slate["seen"]) == [1, 2, 3, 4]


def test_a_long_block_is_reported_in_parts(shop, page, opened):
    stop_clock(page)
    page.set_viewport_size({"width": 1000, "height": 6_000})
    opened(markup.block(45))
    pass_time(page, 1_000)
    leave(page, shop)

    slates = shop.wait("slate", count=3)
    assert len({slate["slate"] for slate in slates}) == 1
    assert sorted(slate["first"] for slate in slates) == [1, 21, 41]
    assert sorted(seen for slate in slates for seen in slate["seen"]) == [*range(1, 46)]
    assert max(len(slate["tokens"]) for slate in slates) == 20


def test_blocks_that_join_the_page_later_are_seen_too(shop, page, opened):
    stop_clock(page)
    opened("<main></main>")
    pass_time(page, 1_000)
    page.evaluate(
        """html => {
            const made = new DOMParser().parseFromString(html, "text/html");
            document.querySelector("main").append(...made.body.childNodes);
        }""",
        markup.block(2, number=2, slug="popular"),
    )
    pass_time(page, 300)
    pass_time(page, 1_000)
    tools = page.locator("[data-persona-tools]").first
    assert tools.is_visible()
    leave(page, shop)

    (slate,) = shop.wait("slate")
    assert slate["slate"].endswith(" popular-2")


# -- looked at ------------------------------------------------------------------------------------


def test_a_name_in_our_card_looks_like_text_until_somebody_points_at_it(page, opened):
    opened(markup.block() + SPACE)
    link = slot(page, 1).get_by_role("link")
    look = "one => [getComputedStyle(one).color, getComputedStyle(one).textDecorationLine]"

    before = link.evaluate(look)
    link.hover()
    after = link.evaluate(look)

    (text, _) = page.locator("body").evaluate(look)
    assert before == [text, "none"]
    assert after == [text, "underline"]


# -- chosen ---------------------------------------------------------------------------------------


def test_a_click_carries_the_proof_and_leaves_with_the_page(shop, opened):
    page = opened()

    slot(page, 2).get_by_role("link").click()

    (click,) = shop.wait("click")
    (view,) = shop.of("view")
    assert click["token"] == "proof-similar-items-102"
    assert click["slate"] == f"{view['id']} similar-items-1"
    assert "item" not in click


def test_a_middle_click_and_the_keyboard_are_as_good(shop, opened):
    page = opened()

    slot(page, 1).get_by_role("link").click(button="middle")
    slot(page, 3).get_by_role("link").focus()
    page.keyboard.press("Enter")

    clicks = shop.wait("click", count=2)
    assert [click["token"][-1] for click in clicks] == ["1", "3"]


def test_a_right_click_and_a_click_beside_the_slots_are_none(shop, opened):
    page = opened()

    slot(page, 1).get_by_role("link").click(button="right")
    page.get_by_role("heading", name="Similar items").click()
    leave(page, shop)

    shop.wait("view")
    assert not shop.of("click")


def test_a_pointer_that_rests_on_a_slot_for_a_second_is_interest(shop, page, opened):
    stop_clock(page)
    opened()

    for position, milliseconds in ((2, 1_000), (3, 990)):
        slot(page, position).hover()
        pass_time(page, milliseconds)
    page.mouse.move(5, 690)
    pass_time(page, 60_000)
    turn_away(page)

    (engage,) = shop.wait("engage")
    assert (engage["item"], engage["part"]) == ("shop.product:102", "hover")


# -- refused and asked for ------------------------------------------------------------------------


def test_the_two_buttons_are_there_only_for_who_agreed(shop, opened, page):
    page.context.clear_cookies()
    opened()
    page.wait_for_timeout(300)

    assert page.get_by_role("button").count() == 0
    assert page.get_by_role("link").count() == 4


def test_not_for_me_hides_the_item_says_so_and_can_be_undone_with_the_keyboard(shop, opened):
    page = opened()
    page.get_by_role("button", name="Not for me: Cup 102").focus()
    page.keyboard.press("Enter")

    undo = slot(page, 2).get_by_role("button", name="Undo")
    assert undo.evaluate("button => button === document.activeElement")
    assert not slot(page, 2).get_by_role("link").is_visible()
    assert page.get_by_role("status").inner_text() == "It will not be shown to you again."
    assert slot(page, 1).get_by_role("link").is_visible()

    page.keyboard.press("Enter")

    assert slot(page, 2).get_by_role("link").is_visible()
    assert undo.count() == 0
    again = page.get_by_role("button", name="Not for me: Cup 102")
    assert again.evaluate("button => button === document.activeElement")
    assert page.get_by_role("status").inner_text() == "It may be shown to you again."
    leave(page, shop)
    dismiss, restore = shop.wait("dismiss", "restore", count=2)
    assert dismiss["token"] == "proof-similar-items-102"
    assert (restore["type"], restore["item"]) == ("restore", "shop.product:102")
    assert not shop.of("click")


def test_more_like_this_is_said_once_and_leads_nowhere(shop, opened):
    page = opened()
    more = page.get_by_role("button", name="More like this: Cup 101")

    more.click()
    more.click(force=True)

    assert more.get_attribute("aria-disabled") == "true"
    assert page.get_by_role("status").inner_text() == "Noted: more like this."
    assert slot(page, 1).get_by_role("link").is_visible()
    leave(page, shop)
    (said,) = shop.wait("more_like")
    assert said["token"] == "proof-similar-items-101"


def test_a_shop_s_own_list_has_the_buttons_without_a_slot(shop, opened):
    page = opened(
        '<div data-persona-item="shop.product:7"><a href="/product/7/">Pot '
        '<button data-persona-dismiss data-persona-said="Gone." data-persona-undo="Back">No'
        '</button></a></div><button data-persona-more="shop.product:8">More</button>'
    )

    page.get_by_role("button", name="No").click()
    assert not page.get_by_role("link").is_visible()
    page.get_by_role("button", name="Back").click()
    assert page.get_by_role("link").is_visible()
    page.get_by_role("button", name="More").click()
    leave(page, shop)

    said = shop.wait("dismiss", "restore", "more_like", count=3)
    assert [(event["type"], event["item"]) for event in said] == [
        ("dismiss", "shop.product:7"),
        ("restore", "shop.product:7"),
        ("more_like", "shop.product:8"),
    ]
