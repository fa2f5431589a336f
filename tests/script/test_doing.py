"""Parts of a page that were used, films, searches, filters and carts, from a real browser."""

from __future__ import annotations

import pytest

from tests.script import markup
from tests.script.conftest import leave, pass_time, stop_clock, turn_away

pytestmark = pytest.mark.browser


@pytest.fixture
def opened(shop, page):
    def open_(body: str):
        shop.pages["/"] = markup.page(body)
        page.goto(f"{shop.address}/")
        return page

    return open_


def said(shop, *types: str, count: int = 1) -> list[tuple]:
    """What was reported, without what every event has."""
    events = shop.wait(*types, count=count)
    names = ("id", "at", "type")
    return [
        (event["type"], {name: value for name, value in event.items() if name not in names})
        for event in events
    ]


TEA = "shop.product:31"
PLAYED = """seconds => new Promise(done => {
    const medium = document.querySelector("audio");
    const look = () => (medium.ended || medium.currentTime > seconds) && done();
    for (const name of ["timeupdate", "ended"]) medium.addEventListener(name, look);
    medium.play();
})"""


HEARD = """share => new Promise(done => {
    const medium = document.querySelector("audio");
    const look = () => {
        if (medium.currentTime < share * medium.duration) return requestAnimationFrame(look);
        medium.pause();
        done(medium.played.end(0) / medium.duration);
    };
    medium.play();
    look();
})"""
"""Plays that share, stops, and says how much it was."""


# -- parts of the page ----------------------------------------------------------------------------


def test_a_part_counts_once_when_it_is_used(shop, opened):
    page = opened(
        "<div data-persona-part=gallery><label>Two <input type=radio></label></div>"
        "<details data-persona-part=delivery><summary>Delivery</summary>Free</details>"
        "<p data-persona-part=zoom>Not touched</p>"
    )

    page.get_by_label("Two").check()
    page.get_by_text("Delivery").click()
    page.get_by_text("Delivery").click()
    leave(page, shop)

    assert said(shop, "engage", count=2) == [
        ("engage", {"item": TEA, "part": "gallery", "share": 1}),
        ("engage", {"item": TEA, "part": "other", "share": 1}),
    ]


def test_reviews_count_when_they_stay_on_the_screen_however_long_they_are(shop, page, opened):
    stop_clock(page)
    opened(
        "<svg width=10 height=2000></svg>"
        "<section data-persona-part=reviews><svg width=10 height=6000></svg></section>"
    )
    page.evaluate("scrollTo(0, 1900)")
    pass_time(page, 2_990)
    page.evaluate("scrollTo(0, 0)")
    pass_time(page, 60_000)
    page.evaluate("scrollTo(0, 3000)")
    pass_time(page, 100)
    turn_away(page)
    shop.wait("view")
    assert not shop.of("engage")

    turn_away(page, hidden=False)
    pass_time(page, 3_000)
    leave(page, shop)

    assert said(shop, "engage") == [
        ("engage", {"item": TEA, "part": "reviews", "share": 1}),
    ]


def test_a_quick_view_in_a_list_is_about_its_own_item(shop, opened):
    page = opened(
        '<li data-persona-item="shop.product:5"><button data-persona-part="quick-view">Look'
        "</button></li>"
    )

    page.get_by_role("button").click()
    leave(page, shop)

    assert said(shop, "engage") == [
        ("engage", {"item": "shop.product:5", "part": "quick-view", "share": 1}),
    ]


def test_a_film_about_the_product_tells_how_much_of_it_was_played(shop, opened):
    page = opened("<div data-persona-part=video><audio src=/silence.wav controls></audio></div>")

    page.locator("audio").click(position={"x": 100, "y": 5})  # reaching for it is not hearing it
    page.mouse.move(900, 600)
    page.evaluate(PLAYED, 9)
    leave(page, shop)

    shares = [about["share"] for _, about in said(shop, "engage")]
    assert shares == sorted(shares)
    assert shares[-1] > 0.9
    assert {about["part"] for _, about in said(shop, "engage")} == {"video"}


def test_media_begin_go_on_and_are_finished_once(shop, opened):
    page = opened('<audio data-persona-media="shop.film:3" src=/silence.wav></audio>')

    page.evaluate(PLAYED, 9)
    page.evaluate("document.querySelector('audio').play()")
    page.wait_for_timeout(500)
    leave(page, shop)

    played = said(shop, "play", "progress", "finish", count=3)
    assert [kind for kind, _ in played][:2] == ["play", "progress"]
    assert [kind for kind, _ in played].count("finish") == 1
    assert {about["item"] for _, about in played} == {"shop.film:3"}
    assert all(0 <= about["share"] <= 1 for _, about in played)


def test_leaving_tells_what_was_heard_since_the_last_quarter(shop, opened):
    page = opened("<audio data-persona-media src=/silence.wav></audio>")

    heard = page.evaluate(HEARD, 0.45)
    leave(page, shop)

    played = said(shop, "play", "progress", count=2)
    assert played[-1][1]["share"] == pytest.approx(heard, abs=0.02)


def test_a_film_that_is_left_tells_how_far_it_came(shop, opened):
    page = opened("<audio data-persona-media src=/silence.wav></audio>")

    page.evaluate(PLAYED, 0.7)
    page.evaluate("document.querySelector('audio').pause()")
    leave(page, shop)

    last, about = said(shop, "play", "progress", count=2)[-1]
    assert last == "progress"
    assert about["item"] == TEA
    assert 0.3 < about["share"] < 0.95


def test_what_never_ends_has_no_share_by_which_it_was_left_early(shop, opened):
    page = opened("<audio data-persona-media src=/silence.wav></audio>")
    page.evaluate(
        "Object.defineProperty(document.querySelector('audio'), 'duration', {value: Infinity})"
    )

    page.evaluate(PLAYED, 0.7)
    page.evaluate("document.querySelector('audio').pause()")
    leave(page, shop)

    assert said(shop, "play", "progress") == [("play", {"item": TEA})]


# -- searches, filters, orders --------------------------------------------------------------------

LIST = """
<form data-persona-filter method=get>
  <input type=hidden name=q value=tea>
  <label>Green <input type=checkbox name=colour value=green></label>
  <label>Leaf <input type=checkbox name=brand value=17 data-persona-value=Leaf></label>
  <label>From <input name=from data-persona-filter=price data-persona-bound=low></label>
  <label>To <input name=to data-persona-filter=price data-persona-bound=high></label>
  <label>Brand <input type=search name=brand></label>
  <label>Size <input name=size data-persona-value=other></label>
  <label>Sort <select name=sort data-persona-sort><option>new<option>cheap</select></label>
</form>
<a href="#" data-persona-filter=size data-persona-value=XL>Extra large</a>
<a href="#" data-persona-sort=dear>Dear first</a>
"""


def test_a_search_is_reported_once_with_how_much_was_found(shop, opened):
    page = opened('<ul data-persona-search=" green tea " data-persona-results="1,234"></ul>')
    page.evaluate("document.body.append(document.createElement('p'))")
    page.wait_for_timeout(500)
    leave(page, shop)

    assert said(shop, "search") == [("search", {"words": "green tea", "results": 1234})]


def test_filters_and_orders_are_reported_as_they_are_chosen(shop, opened):
    page = opened(LIST)

    page.get_by_label("Green").check()
    page.get_by_label("Green").uncheck()
    page.get_by_label("Leaf").check()
    page.get_by_label("From").fill("7,50")
    page.get_by_label("To").fill("cheap")
    page.get_by_label("Sort").select_option("cheap")
    page.get_by_text("Extra large").click()
    page.get_by_text("Dear first").click()
    leave(page, shop)

    assert said(shop, "filter", "sort", count=6) == [
        ("filter", {"name": "colour", "value": "green"}),
        ("filter", {"name": "brand", "value": "Leaf"}),
        ("filter", {"name": "price", "low": 7.5}),
        ("sort", {"value": "cheap"}),
        ("filter", {"name": "size", "value": "XL"}),
        ("sort", {"value": "dear"}),
    ]


def test_what_was_typed_into_a_filter_is_a_search_and_no_choice_among_the_shop_s_words(
    shop, opened
):
    page = opened(LIST)

    page.get_by_label("Brand").fill("jane doe")
    page.get_by_label("Size").fill("46 and a half")
    page.get_by_label("Green").check()
    leave(page, shop)

    assert said(shop, "filter", "search", count=3) == [
        ("search", {"words": "jane doe"}),
        ("filter", {"name": "size", "value": "other"}),
        ("filter", {"name": "colour", "value": "green"}),
    ]


# -- carts, wish lists, kinds of the shop's own ---------------------------------------------------


def test_a_form_marked_as_the_cart_s_is_reported_when_it_is_sent(shop, opened):
    page = opened(
        "<form data-persona-cart action=/product/1/><label>Pieces <input name=quantity required>"
        "</label><button>Add</button></form>"
    )

    page.get_by_role("button").click()  # the browser refuses to send it without a number
    page.get_by_label("Pieces").fill("3")
    page.get_by_role("button").click()

    assert said(shop, "cart_add") == [("cart_add", {"item": TEA, "quantity": 3})]


def test_buttons_may_be_marked_instead(shop, opened):
    page = opened(
        '<li data-persona-item="shop.product:5"><button data-persona-cart=remove>Remove</button>'
        "</li><button data-persona-save>Keep</button><button data-persona-save=unsave>Let go"
        '</button><button data-persona-track=sample data-persona-value="2">Try</button>'
    )

    for name in ("Remove", "Keep", "Let go", "Try"):
        page.get_by_role("button", name=name).click()
    leave(page, shop)

    assert said(shop, "cart_remove", "save", "unsave", "sample", count=4) == [
        ("cart_remove", {"item": "shop.product:5"}),
        ("save", {"item": TEA}),
        ("unsave", {"item": TEA}),
        ("sample", {"item": TEA, "value": 2}),
    ]


def test_an_event_of_the_shop_s_own_needs_no_attribute(shop, opened):
    page = opened("")

    page.evaluate(
        'document.dispatchEvent(new CustomEvent("persona:track", {detail: '
        '{type: "cart_add", item: "shop.product:9", quantity: 2}}))'
    )
    page.evaluate(
        'document.dispatchEvent(new CustomEvent("persona:track", {detail: '
        '{type: "search", words: "cup", results: 0}}))'
    )
    leave(page, shop)

    assert said(shop, "cart_add", "search", count=2) == [
        ("cart_add", {"item": "shop.product:9", "quantity": 2}),
        ("search", {"words": "cup", "results": 0}),
    ]
