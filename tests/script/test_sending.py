"""How reports reach the shop, and what happens where they do not, from a real browser."""

from __future__ import annotations

import json
import time

import pytest

from tests import chromium
from tests.script import markup
from tests.script.conftest import WIDE, agree, leave, listen, turn_away
from tests.script.site import EVENTS, Answer

pytestmark = pytest.mark.browser

STORED = (
    "JSON.stringify([Object.keys(sessionStorage), Object.keys(localStorage), document.cookie])"
)


@pytest.fixture
def opened(shop, page):
    def open_(body: str = ""):
        shop.pages["/"] = markup.page(body or markup.block(), agreed=False)
        page.goto(f"{shop.address}/")
        # Somebody is there: the address of a page out of a cache may be anybody's idea.
        page.keyboard.press("Shift")
        return page

    return open_


@pytest.fixture
def strangers(browser, shop):
    """Opens the page in a browser that did not agree; with a cookie, or with other habits."""
    contexts = []

    def open_(*, habits: str = "", **cookies: str):
        shop.pages["/"] = markup.page(markup.block(), agreed=False)
        context = browser.new_context(viewport=WIDE)
        contexts.append((context, listen(context)))
        for name, value in cookies.items():
            context.add_cookies([{"name": name, "value": value, "url": shop.address}])
        if habits:
            context.add_init_script(habits)
        page = context.new_page()
        page.goto(f"{shop.address}/")
        # Somebody is there: the address of a page out of a cache may be anybody's idea.
        page.keyboard.press("Shift")
        return page

    yield open_
    for context, complaints in contexts:
        context.close()
        assert not complaints


# -- consent --------------------------------------------------------------------------------------


def whole_visit(page, shop) -> None:
    """Looks, points, clicks and leaves."""
    page.wait_for_timeout(1_300)
    page.get_by_role("link", name="Cup 101").hover()
    page.wait_for_timeout(1_200)
    turn_away(page)
    turn_away(page, hidden=False)
    leave(page, shop)


def test_without_consent_not_one_request_is_sent_and_nothing_is_stored(shop, strangers):
    page = strangers()
    before = page.evaluate(STORED)

    page.wait_for_timeout(3_500)
    assert page.evaluate(STORED) == before == '[[],[],""]'
    whole_visit(page, shop)

    assert not shop.reports


@pytest.mark.parametrize(
    "given",
    [
        {"banner": "no"},
        {"banner": "yes", "persona_off": "1"},
        {"banner": "yes", "habits": "navigator.__proto__.__defineGetter__"
         "('globalPrivacyControl', () => true)"},
        {"banner": "yes", "habits": "navigator.__proto__.__defineGetter__"
         "('doNotTrack', () => '1')"},
    ],
    ids=["refused", "opted out", "Sec-GPC", "DNT"],
)  # fmt: skip
def test_who_refuses_or_objects_is_left_alone(shop, strangers, given):
    page = strangers(**given)

    whole_visit(page, shop)

    assert not shop.reports


def test_a_yes_that_the_banner_wrote_in_its_own_way_is_understood(shop, strangers):
    strangers(banner="all%20of%20it")

    shop.wait("view")


def test_who_agrees_on_the_page_is_seen_from_then_on(shop, strangers):
    page = strangers()
    page.wait_for_timeout(300)

    page.evaluate("document.cookie = 'banner=yes; path=/'")
    page.evaluate("document.dispatchEvent(new Event('persona:consent'))")

    shop.wait("view")
    assert page.get_by_role("button", name="Not for me: Cup 101").is_visible()


def test_what_waits_is_forgotten_when_the_consent_is_taken_back(shop, opened):
    page = opened()
    page.wait_for_timeout(300)

    page.evaluate("document.cookie = 'banner=no; path=/'")
    turn_away(page)
    page.wait_for_timeout(300)

    # By a request with nothing in it the shop hears of the no, also where it sent no page.
    assert [(report.method, report.text) for report in shop.reports] == [("GET", "")]
    assert page.evaluate("sessionStorage.length") == 0
    assert page.get_by_role("button").count() == 0


POLICY_OF_ITS_OWN = {"BACKEND": "persona_django.identity.consent.AcceptAll"}


def test_where_a_cookie_does_not_tell_the_shop_is_asked_first(shop, page, settings):
    settings.PERSONA = {**settings.PERSONA, "CONSENT_POLICY": POLICY_OF_ITS_OWN}
    shop.pages["/"] = markup.page()

    page.goto(f"{shop.address}/")

    shop.wait("view")
    assert [report.method for report in shop.reports] == ["GET", "POST"]


def test_a_no_of_the_shop_s_is_the_end_of_it(shop, page, settings):
    settings.PERSONA = {**settings.PERSONA, "CONSENT_POLICY": POLICY_OF_ITS_OWN}
    shop.pages["/"] = markup.page(markup.block())
    shop.allows = False

    page.goto(f"{shop.address}/")
    whole_visit(page, shop)

    assert [report.method for report in shop.reports] == ["GET"]
    assert page.evaluate("sessionStorage.length") == 0


# -- replies --------------------------------------------------------------------------------------


def test_what_the_shop_could_not_take_is_sent_again_under_the_same_ids(shop, opened):
    refusals = [Answer(status=503, headers={"Retry-After": "1"}), Answer(status=429)]
    shop.answer = lambda report: refusals.pop(0) if refusals else Answer()
    page = opened()
    shop.wait("view")
    page.get_by_role("button", name="More like this: Cup 101").click()

    turn_away(page)
    time.sleep(0.5)
    turn_away(page, hidden=False)
    turn_away(page)

    shop.wait("view", count=3)
    tries = [report.said["events"] for report in shop.reports]
    assert [event["id"] for event in tries[0]] == [
        event["id"] for event in tries[1] if event in tries[0]
    ]
    assert all(event in tries[-1] for event in tries[0])
    assert len({event["id"] for event in tries[-1]}) == len(tries[-1])


def test_a_stop_is_the_last_word_for_this_page(shop, opened):
    shop.answer = lambda report: Answer(says={"result": "r", "counts": {}, "stop": True})
    page = opened()
    shop.wait("view")
    page.wait_for_timeout(300)

    assert page.get_by_role("button").count() == 0
    # One, unless the connection broke and it had to be told again before it heard the stop.
    until_then = len(shop.reports)
    whole_visit(page, shop)

    assert len(shop.reports) == until_then
    assert page.evaluate("sessionStorage.length") == 0


def test_an_address_that_is_not_there_is_asked_once(shop, opened):
    shop.answer = lambda report: Answer(status=404)
    page = opened()
    shop.wait("view")

    whole_visit(page, shop)

    assert len(shop.reports) == 1


# -- what is blocked ------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["blockedbyclient", "internetdisconnected", "failed"])
def test_a_blocked_or_lost_report_harms_nothing_and_says_nothing(shop, context, opened, fault):
    context.route(f"**{EVENTS}", lambda route: route.abort(fault))
    page = opened()

    page.wait_for_timeout(3_500)
    turn_away(page)
    page.wait_for_timeout(300)
    turn_away(page, hidden=False)
    page.get_by_role("button", name="Not for me: Cup 102").click()
    assert page.get_by_role("button", name="Undo").is_visible()
    page.get_by_role("link", name="Cup 101").click()
    page.wait_for_url("**/product/101/")

    # What closing pages send cannot be blocked here, and takes along what was lost before.
    shop.wait("view", "dismiss", "click", count=3)
    assert len({event["id"] for event in shop.events}) == len(shop.events)


def test_a_script_that_is_blocked_itself_leaves_the_page_as_it_was(browser, shop):
    context = browser.new_context(viewport=WIDE)
    agree(context, shop)
    context.route("**/persona.min.js", lambda route: route.abort("blockedbyclient"))
    shop.pages["/"] = markup.page(markup.block())
    page = context.new_page()
    page.goto(f"{shop.address}/")

    assert page.get_by_role("link").count() == 4
    assert page.get_by_role("button").count() == 0
    page.get_by_role("link", name="Cup 101").click()
    page.wait_for_url("**/product/101/")

    context.close()
    assert not shop.reports


def test_forbidden_storage_costs_nothing_but_the_memory_of_copies(shop, strangers):
    strangers(
        banner="yes",
        habits="Object.defineProperty(window, 'sessionStorage', "
        "{get() { throw new DOMException('no', 'SecurityError') }})",
    )

    shop.wait("view")


def test_the_policy_under_which_all_this_works_forbids_everything_inline(browser, shop):
    context = browser.new_context(viewport=WIDE)
    agree(context, shop)
    shop.pages["/"] = markup.page("<script>window.isInline = true</script>")
    page = context.new_page()

    page.goto(f"{shop.address}/")

    shop.wait("view")
    assert page.evaluate("window.isInline") is None
    context.close()


@pytest.mark.alone
@pytest.mark.timing
def test_no_piece_of_work_takes_longer_than_five_milliseconds(browser, shop):
    context = browser.new_context(viewport=WIDE)
    agree(context, shop)
    shop.pages["/"] = markup.page(markup.block(24))
    page = context.new_page()
    longest = []

    for _ in range(3):
        browser.start_tracing(page=page, categories=["devtools.timeline", "v8"])
        page.goto(f"{shop.address}/")
        page.mouse.wheel(0, 800)
        page.wait_for_timeout(1_500)
        page.get_by_role("link").first.hover()
        page.get_by_role("button", name="Not for me: Cup 102").click()
        turn_away(page)
        longest.append(max(milliseconds_of_ours(browser.stop_tracing())))

    context.close()
    assert min(longest) < 5, longest


def milliseconds_of_ours(trace: bytes) -> list[float]:
    """What each call into the script took of the processor, as the browser itself measured it."""
    called = ("FunctionCall", "EvaluateScript", "v8.evaluateModule")
    return [
        event.get("tdur", event["dur"]) / 1_000
        for event in json.loads(trace)["traceEvents"]
        if event["name"] in called and "persona.min.js" in json.dumps(event.get("args", {}))
    ]


def test_what_waits_when_a_page_closes_is_sent_as_a_beacon(shop, opened):
    page = opened()

    leave(page, shop)

    shop.wait("view", "dwell")
    assert shop.reports[0].headers["content-type"].startswith("text/plain")
    assert shop.reports[0].headers["sec-fetch-site"] == "same-origin"
    # Else the server would take it for a robot's.
    assert shop.reports[0].headers["user-agent"] == chromium.PERSON
