"""What comes from a network of programs is no shopper's, by the shop's own list."""

from __future__ import annotations

from typing import Any

import pytest

from persona_django import counters
from persona_django.tracking.models import Event
from persona_django.tracking.robot_networks import is_within
from tests.browsing import agreeing, ask_for_consent, open_shop
from tests.reporting import event, reasons, send, visitor
from tests.tracking.catalogue import stocked

NETWORKS = ["203.0.113.0/25", "203.0.113.64/26", " 198.51.100.7 ", "2001:db8:5::/48", "no network"]


@pytest.fixture(autouse=True)
def _listed(settings: Any) -> None:
    settings.PERSONA = {**settings.PERSONA, "ROBOT_NETWORKS": NETWORKS, "TRUSTED_PROXIES": 0}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.0.113.0", True),
        ("203.0.113.127", True),
        ("203.0.113.128", False),
        ("203.0.112.255", False),
        ("::ffff:203.0.113.5", True),
        ("198.51.100.7:4711", True),
        ("198.51.100.8", False),
        ("2001:db8:5:ffff::1", True),
        ("2001:db8:6::1", False),
        ("0.0.0.0", False),
        ("nonsense", False),
        ("", False),
    ],
)
def test_an_address_is_within_or_not(address, expected):
    assert is_within({"REMOTE_ADDR": address}) is expected


def test_without_a_list_nobody_is(settings):
    settings.PERSONA = {}

    assert not is_within({"REMOTE_ADDR": "203.0.113.1"})


@pytest.mark.django_db
def test_shoppers_behind_a_proxy_that_nobody_counted_are_no_robots_for_its_network(settings):
    open_shop(settings)
    ask_for_consent(settings)
    del settings.PERSONA["TRUSTED_PROXIES"]
    tea, _ = stocked()

    for number in range(3):
        behind = {"REMOTE_ADDR": "203.0.113.9", "HTTP_X_FORWARDED_FOR": f"192.0.2.{number}"}
        agreeing().get(f"/shown/{tea.pk}/", **behind)

    assert Event.objects.count() == 3
    assert "view_by_robot" not in counters.counts()
    assert counters.counts()["network_unknown"] == 3


def test_where_there_is_no_proxy_a_program_does_not_get_off_the_list_by_naming_one():
    assert is_within({"REMOTE_ADDR": "203.0.113.9", "HTTP_X_FORWARDED_FOR": "192.0.2.1"})
    assert "network_unknown" not in counters.counts()


def test_behind_a_proxy_that_is_counted_the_address_before_it_is_looked_up(settings):
    settings.PERSONA = {**settings.PERSONA, "TRUSTED_PROXIES": 1}

    def comes_from(address: str) -> bool:
        return is_within({"REMOTE_ADDR": "203.0.113.9", "HTTP_X_FORWARDED_FOR": address})

    assert comes_from("203.0.113.8") and not comes_from("192.0.2.1")
    assert "network_unknown" not in counters.counts()


@pytest.mark.django_db
def test_a_page_asked_for_from_there_is_no_view_and_begins_nobody(settings):
    open_shop(settings)
    ask_for_consent(settings)
    tea, _ = stocked()

    page = agreeing().get(f"/shown/{tea.pk}/", REMOTE_ADDR="203.0.113.9")

    assert page.status_code == 200 and not page.cookies
    assert not Event.objects.exists()
    assert counters.counts()["view_by_robot"] == 1


@pytest.mark.django_db
def test_reports_from_there_are_refused_and_counted(settings):
    ask_for_consent(settings)
    tea, _ = stocked()
    client = visitor()
    client.defaults["REMOTE_ADDR"] = "203.0.113.9"

    response = send(client, event("view", item=f"shop.product:{tea.pk}"))

    assert reasons(response) == {"robot": 1}
    assert not Event.objects.exists()
