"""Networks from which only programs come, as far as the shop knows: those of data centres."""

from __future__ import annotations

import ipaddress
from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

from persona_django import conf
from persona_django.tracking.networks import address_in, client_address, say_if_unknown

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class _Ranges:
    """First and last addresses of networks of one version, apart and in order."""

    def __init__(self, given: list[Any]) -> None:
        merged = sorted(ipaddress.collapse_addresses(given))
        self.first = [int(one.network_address) for one in merged]
        self.last = [int(one.broadcast_address) for one in merged]

    def hold(self, address: int) -> bool:
        at = bisect_right(self.first, address) - 1
        return at >= 0 and address <= self.last[at]


_known: tuple[conf.Settings, dict[int, _Ranges]] | None = None
"""The networks of these settings."""


def is_within(meta: Mapping[str, Any]) -> bool:
    """Whether a request comes from one of ROBOT_NETWORKS, however many there are.

    Behind a proxy that nobody counted only the proxy's own address is known. It may well be in a
    data centre, which makes no robots of the people behind it. Where the shop says that there is
    none, a program writes that header itself, and does not get off the list by it.
    """
    global _known
    settings = conf.current()
    if not settings.robot_networks or say_if_unknown(meta):
        return False
    if _known is None or _known[0] is not settings:
        _known = settings, _ranges(settings.robot_networks)
    address = address_in(client_address(meta))
    if address is None:
        return False
    ranges = _known[1].get(address.version)
    return ranges is not None and ranges.hold(int(address))


def _ranges(given: Any) -> dict[int, _Ranges]:
    networks = [found for text in given if (found := network_named(text)) is not None]
    return {
        version: _Ranges([one for one in networks if one.version == version]) for version in (4, 6)
    }


def network_named(text: str) -> Network | None:
    """The network of a text such as "192.0.2.0/24"; None when it names none."""
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None
