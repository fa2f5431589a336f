"""Which network a request comes from, behind however many proxies, and however it pretends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.tracking.networks import UNKNOWN, client_address, network_key, network_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("192.0.2.1", "192.0.2.254"),
        ("192.0.2.1:55", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.9"),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"),
        ("[2001:db8:1:2::1]:443", "2001:db8:1:2::1"),
        ("fe80::1%eth0", "fe80::2"),
    ],
)
def test_neighbours_are_one_network(one, other):
    assert network_of(one) == network_of(other) != UNKNOWN


@pytest.mark.parametrize(
    ("one", "other"),
    [("192.0.2.1", "192.0.3.1"), ("2001:db8:1:2::1", "2001:db8:1:3::1"), ("0.0.0.1", "::1")],
)
def test_others_are_not(one, other):
    assert network_of(one) != network_of(other)


@given(st.text(max_size=60))
def test_what_is_no_address_is_one_unknown_network(text):
    assert network_of(text) == UNKNOWN or any(letter.isdigit() or letter == ":" for letter in text)


def test_without_a_trusted_proxy_the_header_of_proxies_is_not_believed():
    meta = {"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_FOR": "198.51.100.7"}

    assert client_address(meta) == "192.0.2.1"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "1.1.1.1, 198.51.100.7", "198.51.100.7"),
        (2, "1.1.1.1, 198.51.100.7, 10.0.0.1", "198.51.100.7"),
        (2, "198.51.100.7", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, "9" * 100_000 + ", 198.51.100.7", "198.51.100.7"),
    ],
)
def test_behind_trusted_proxies_it_is_what_the_outermost_of_them_saw(
    settings, proxies, forwarded, address
):
    settings.PERSONA = {"TRUSTED_PROXIES": proxies}
    meta = {"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_FOR": forwarded}

    assert client_address(meta) == address


def test_nobody_can_tell_on_one_day_who_came_on_another():
    meta = {"REMOTE_ADDR": "192.0.2.1"}

    assert network_key(meta, day=1) == network_key({"REMOTE_ADDR": "192.0.2.9"}, day=1)
    assert network_key(meta, day=1) != network_key(meta, day=2)
