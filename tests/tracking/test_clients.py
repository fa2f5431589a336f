"""Device, way in and local hour of a shopper, told from one request and reduced at once."""

from __future__ import annotations

import time

import pytest
from django.http import HttpRequest
from django.test import RequestFactory, override_settings
from hypothesis import given
from hypothesis import strategies as st

from persona_django.tracking import clients
from persona_django.tracking.context import (
    UNKNOWN_DAY,
    UNKNOWN_HOUR,
    Context,
    Device,
    Entry,
    Sender,
)

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari"
ANDROID = "Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/131.0.0.0 Mobile Safari/537.36"
ANDROID_TABLET = "Mozilla/5.0 (Linux; Android 14; SM-X710) Chrome/131.0.0.0 Safari/537.36"
IPAD = "Mozilla/5.0 (iPad; CPU OS 15_0 like Mac OS X) Version/15.0 Mobile/15E148 Safari/604.1"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
FIRE_TV = "Mozilla/5.0 (Linux; Android 9; AFTT) AppleWebKit/537.36 Chrome/70 Mobile Safari/537.36"
SAMSUNG_TV = "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 Safari/537.36"


def asked(path: str = "/", **headers: str) -> HttpRequest:
    return RequestFactory().get(path, headers=headers)


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (IPHONE, Device.PHONE),
        (ANDROID, Device.PHONE),
        (ANDROID_TABLET, Device.TABLET),
        (IPAD, Device.TABLET),
        (WINDOWS, Device.DESKTOP),
        (LINUX, Device.DESKTOP),
        (FIRE_TV, Device.TV),
        (SAMSUNG_TV, Device.TV),
        ("", Device.UNKNOWN),
        ("ShopApp/3.1", Device.UNKNOWN),
    ],
)
def test_a_device_is_told_by_its_own_words(agent: str, device: Device):
    assert clients.device_of(asked(user_agent=agent)) is device


def test_a_browser_that_says_it_is_on_a_phone_is_on_a_phone():
    request = asked(user_agent="Mozilla/5.0 (X11; Linux x86_64)", sec_ch_ua_mobile="?1")

    assert clients.device_of(request) is Device.PHONE


@pytest.mark.parametrize(
    ("path", "headers", "entry"),
    [
        ("/", {}, Entry.DIRECT),
        ("/", {"sec_fetch_site": "none"}, Entry.DIRECT),
        ("/", {"sec_fetch_site": "same-origin"}, Entry.INTERNAL),
        ("/", {"referer": "http://testserver/c/tea/"}, Entry.INTERNAL),
        ("/", {"referer": "https://TESTSERVER:8443/c/tea/"}, Entry.INTERNAL),
        ("/", {"referer": "https://www.google.de/"}, Entry.SEARCH),
        ("/", {"referer": "https://duckduckgo.com/?q=tea"}, Entry.SEARCH),
        ("/", {"referer": "https://www.bing.com/search?q=tea"}, Entry.SEARCH),
        ("/", {"referer": "https://mail.google.com/mail/u/0/"}, Entry.SITE),
        ("/", {"referer": "https://google.com.evil.example/"}, Entry.SITE),
        ("/", {"referer": "https://blog.example/tea"}, Entry.SITE),
        ("/", {"referer": "https://testserver@blog.example/tea"}, Entry.SITE),
        ("/", {"sec_fetch_site": "cross-site"}, Entry.SITE),
        ("/?utm_source=newsletter", {"referer": "https://www.google.de/"}, Entry.CAMPAIGN),
        ("/?page=2&gclid=x", {}, Entry.CAMPAIGN),
        ("/?q=utm_source", {}, Entry.DIRECT),
        ("/", {"referer": "nonsense"}, Entry.UNKNOWN),
        ("/", {"referer": "http://[::1]:8000/"}, Entry.SITE),
    ],
)
def test_the_way_in_is_told_by_the_link_and_by_the_page_it_stood_on(
    path: str, headers: dict[str, str], entry: Entry
):
    assert clients.entry_of(asked(path, **headers)) is entry


@override_settings(TIME_ZONE="Europe/Berlin")
def test_without_an_offset_the_shops_own_hour_counts_on_days_of_any_length():
    before, after = 1_774_742_400, 1_774_746_000  # 29 March 2026, 00:00 and 01:00 UTC

    assert clients.local_time(before) == (1, 6)
    # The hour from two to three does not exist on that day.
    assert clients.local_time(after) == (3, 6)


@override_settings(TIME_ZONE="America/New_York", USE_TZ=False)
def test_a_shop_without_time_zones_in_its_database_has_the_hour_of_its_own_clock():
    assert clients.local_time(1_774_742_400) == (20, 5)


@given(st.integers(631_152_000, 4_102_444_800), st.integers(-720, 840))
def test_an_offset_of_the_browser_gives_an_hour_and_a_day(at: int, minutes: int):
    hour, weekday = clients.local_time(at, minutes)

    there = time.gmtime(at + minutes * 60)
    assert (hour, weekday) == (there.tm_hour, there.tm_wday)


def test_an_offset_that_no_place_has_says_nothing():
    assert clients.local_time(0, 15 * 60) == (UNKNOWN_HOUR, UNKNOWN_DAY)


def test_all_of_it_goes_into_one_number_and_comes_out_of_it():
    request = asked("/?utm_source=letter", user_agent=IPHONE)

    context = clients.circumstances(request, sender=Sender.PAGE, at=0, minutes_east=0)

    assert Context.unpacked(context.packed()) == Context(
        sender=Sender.PAGE, device=Device.PHONE, entry=Entry.CAMPAIGN, hour=0, weekday=3
    )


@given(st.text(max_size=700), st.text(max_size=700), st.text(max_size=3_000))
def test_no_header_makes_it_raise(agent: str, referer: str, query: str):
    request = HttpRequest()
    request.META = {
        "HTTP_USER_AGENT": agent,
        "HTTP_REFERER": referer,
        "QUERY_STRING": query,
        "SERVER_NAME": "shop",
        "SERVER_PORT": "80",
    }

    clients.circumstances(request, sender=Sender.PAGE, at=int(time.time()))


def test_headers_of_any_length_cost_next_to_nothing():
    long = "a" * 50_000 + "//" * 25_000
    request = asked("/?" + "utm_" * 25_000, user_agent=long, referer=f"http://{long}")
    clients.circumstances(request, sender=Sender.PAGE, at=0)

    best = min(_timed(request) for _ in range(5))

    assert best < 0.005


def _timed(request: HttpRequest) -> float:
    began = time.perf_counter()
    clients.circumstances(request, sender=Sender.PAGE, at=0)
    return time.perf_counter() - began
