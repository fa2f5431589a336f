"""Views, and the time for which somebody looked, from a real browser."""

from __future__ import annotations

import re

import pytest

from tests.script import markup
from tests.script.conftest import leave, pass_time, stop_clock, turn_away
from tests.script.site import AWAY, ELSEWHERE

pytestmark = pytest.mark.browser

OF_THE_PAGE = re.compile(r'data-view="([^"]+)"')


def view_id(html: str) -> str:
    found = OF_THE_PAGE.search(html)
    assert found is not None
    return found[1]


def test_the_view_has_the_id_under_which_the_server_knows_it(shop, page):
    shop.pages["/"] = markup.page()

    page.goto(f"{shop.address}/?utm_source=letter")

    (view,) = shop.wait("view")
    assert view["id"] == view_id(shop.pages["/"])
    assert view["item"] == "shop.product:31"
    (report,) = shop.reports
    assert report.said["entry"] == "campaign"
    assert report.headers["content-type"] == "application/json"
    assert abs(report.said["sent"] / 1000 - report.at) < 60
    assert isinstance(report.said["tz"], int)


def test_a_copy_out_of_a_cache_is_a_view_of_its_own_each_time(shop, page):
    shop.pages["/"] = markup.page()

    for _ in range(3):
        page.goto(f"{shop.address}/")
        leave(page, shop)

    ids = [view["id"] for view in shop.wait("view", count=3)]
    assert ids[0] == view_id(shop.pages["/"])
    assert len(set(ids)) == 3


def test_a_page_rendered_before_the_visitor_agreed_gets_its_id_in_the_browser(shop, page):
    shop.pages["/"] = markup.page(agreed=False)

    page.goto(f"{shop.address}/")
    page.keyboard.press("Shift")

    (view,) = shop.wait("view")
    assert "data-view" not in shop.pages["/"]
    assert len(view["id"]) >= 6


def test_a_page_about_nothing_is_no_view(shop, page):
    shop.pages["/"] = markup.other_page('<p data-persona-search="tea" data-persona-results="3">')

    page.goto(f"{shop.address}/")

    shop.wait("search")
    assert not shop.of("view", "dwell")


def test_only_the_time_for_which_the_page_was_visible_counts(shop, page):
    stop_clock(page)
    shop.pages["/"] = markup.page()
    page.goto(f"{shop.address}/")

    pass_time(page, 14_000)
    turn_away(page)
    pass_time(page, 60_000)
    turn_away(page, hidden=False)
    pass_time(page, 7_000)
    turn_away(page)
    turn_away(page, hidden=False)
    pass_time(page, 24 * 3_600_000)
    turn_away(page)
    first, second, forgotten = shop.wait("dwell", count=3)

    assert first["item"] == second["item"] == "shop.product:31"
    assert (first["seconds"], second["seconds"]) == (14, 7)
    assert first["id"] != second["id"]
    # Nobody looks at one page for a day.
    assert forgotten["seconds"] == 2_047


def test_what_waits_is_sent_when_the_tab_is_left_and_not_kept_for_later(shop, page):
    shop.pages["/"] = markup.page()
    page.goto(f"{shop.address}/")

    turn_away(page)

    shop.wait("view")
    assert shop.reports[0].headers["content-type"] == "application/json"


def test_a_page_within_a_page_is_nobody_s_view(shop, page):
    shop.pages["/inner/"] = markup.page()
    shop.pages["/"] = ELSEWHERE + "<iframe src=/inner/></iframe>"

    page.goto(f"{shop.address}/")
    page.wait_for_timeout(500)
    leave(page, shop)
    page.wait_for_timeout(500)

    assert not shop.reports


def test_a_page_that_comes_back_from_the_back_button_is_a_new_view(shop, page):
    shop.pages["/"] = markup.page(markup.block())
    page.goto(f"{shop.address}/")
    page.wait_for_timeout(2_000)
    page.evaluate("window.isKept = true")
    leave(page, shop)
    page.go_back(wait_until="commit")  # one that was kept is not loaded again
    page.wait_for_timeout(2_000)
    was_kept = page.evaluate("window.isKept === true")
    leave(page, shop)

    views = shop.wait("view", count=2)
    slates = shop.wait("slate", count=2)
    assert was_kept
    assert views[0]["id"] != views[1]["id"]
    assert [slate["slate"] for slate in slates] == [f"{v['id']} similar-items-1" for v in views]
    assert shop.reports[-1].said["entry"] == "internal"


def test_a_single_page_shop_says_itself_when_a_page_is_shown(shop, page):
    stop_clock(page)
    shop.pages["/"] = markup.page(markup.block())
    page.goto(f"{shop.address}/")
    pass_time(page, 1_000)

    page.evaluate(
        'document.dispatchEvent(new CustomEvent("persona:page", '
        '{detail: {item: "shop.product:32", view: "second"}}))'
    )
    pass_time(page, 1_000)
    page.evaluate(
        'document.dispatchEvent(new CustomEvent("persona:page", {detail: {item: null}}))'
    )
    leave(page, shop)

    first, second = shop.wait("view", count=2)
    assert (second["item"], second["id"]) == ("shop.product:32", "second")
    dwells = shop.wait("dwell", count=2)
    assert [dwell["item"] for dwell in dwells] == ["shop.product:31", "shop.product:32"]
    assert [slate["slate"] for slate in shop.wait("slate", count=2)] == [
        f"{first['id']} similar-items-1",
        "second similar-items-1",
    ]


def test_the_shop_s_own_modules_may_import_the_two_functions(shop, page):
    shop.scripts["/own.js"] = (
        'import {track, page} from "/static/persona/persona.js";'
        'track({type: "save"}); track({type: "sample", item: "shop.product:9", value: 7});'
        'page({item: "shop.product:32"});'
    )
    shop.pages["/"] = markup.page('<script type="module" src="/own.js"></script>')

    page.goto(f"{shop.address}/")
    leave(page, shop)

    # Loaded from two addresses, the script still watches once. Two reports may come in any order.
    assert sorted(view["item"] for view in shop.wait("view", count=2)) == [
        "shop.product:31",
        "shop.product:32",
    ]
    assert {event["type"]: event["item"] for event in shop.wait("save", "sample", count=2)} == {
        "save": "shop.product:31",
        "sample": "shop.product:9",
    }
    assert len({event["id"] for event in shop.events}) == len(shop.events)


def test_nothing_is_asked_of_pages_without_the_script(shop, page):
    page.goto(f"{shop.address}{AWAY}")

    assert not shop.reports
