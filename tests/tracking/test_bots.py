"""Robots by their own words."""

from __future__ import annotations

import time

import pytest

from persona_django.tracking import bots
from persona_django.tracking.bots import is_robot
from tests.tracking.agents import people, robots

PEOPLE = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Linux; Android 13; CUBOT P80) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/141.0.0.0 Mobile Safari/537.36",
]
ROBOTS = [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "python-requests/2.32.3",
    "curl/8.5.0",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/142.0.0.0 Safari/537.36",
    "",
]


@pytest.mark.parametrize("user_agent", PEOPLE)
def test_browsers_of_people_are_none(user_agent):
    assert not is_robot(user_agent)


@pytest.mark.parametrize("user_agent", ROBOTS)
def test_crawlers_scripts_and_headless_browsers_are(user_agent):
    assert is_robot(user_agent)


def test_the_verdict_on_a_known_user_agent_costs_nearly_nothing():
    is_robot(PEOPLE[0])
    started = time.perf_counter()
    for _ in range(1000):
        is_robot(PEOPLE[0])

    assert time.perf_counter() - started < 0.05


def test_a_giant_user_agent_costs_no_more_than_a_long_one():
    is_robot("x")
    started = time.perf_counter()
    is_robot("Mozilla/5.0 " + "a" * 100_000)

    assert time.perf_counter() - started < 0.05


def test_of_two_hundred_browsers_of_people_hardly_one_is_taken_for_a_robot():
    browsers = people()
    mistaken = [one for one in browsers if is_robot(one)]

    assert len(set(browsers)) == 200
    assert len(mistaken) <= 2, mistaken


def test_of_two_hundred_robots_nearly_all_are_told():
    crawlers = robots()
    missed = [one for one in crawlers if not is_robot(one)]

    assert len(set(crawlers)) == 200
    assert len(missed) <= 10, missed


def test_a_verdict_is_worked_out_once_for_each_user_agent():
    bots._is_crawler.cache_clear()
    for _ in range(3):
        for one in (*people(), *robots()):
            is_robot(one)

    worked_out = bots._is_crawler.cache_info()
    assert (worked_out.misses, worked_out.hits) == (400, 800)
