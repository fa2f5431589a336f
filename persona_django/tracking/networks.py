"""Which network a request comes from: enough to keep a flood out, and never kept itself.

An address is turned into a keyed hash of its network and the day. Nobody can turn that back, or
tell on one day who came on another, and what is counted under it is gone after two days.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from persona_django import conf, counters
from persona_django.identity.keys import keyed
from persona_django.numeric.durations import DAY_SECONDS

LONGEST_FORWARDED = 1_000
"""Characters of X-Forwarded-For that are looked at, from its end: what our own proxies wrote."""
UNKNOWN = "unknown"
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def client_address(meta: Mapping[str, Any]) -> str:
    """The address that the outermost of the shop's own proxies saw, or the server itself."""
    remote = str(meta.get("REMOTE_ADDR", ""))
    proxies = conf.current().trusted_proxies
    if not proxies:
        # Whoever asks could write into that header what they like.
        return remote
    chain = str(meta.get("HTTP_X_FORWARDED_FOR", ""))[-LONGEST_FORWARDED:].split(",")
    # Fewer entries than proxies: it did not come through all of them.
    return chain[-proxies].strip() if len(chain) >= proxies and chain[-1] else remote


def asker_of(meta: Mapping[str, Any]) -> str:
    """Who asks without saying who they are: one address of IPv4, one household of IPv6."""
    address = client_address(meta)
    network = network_of(address)
    return _without_port(address) if network.startswith("4") else network


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """The network of an address: 256 of IPv4, one household or office of IPv6.

    >>> network_of("192.0.2.7") == network_of("192.0.2.99:8080")
    True
    """
    ip = address_in(address)
    if ip is None:
        return UNKNOWN
    return f"4.{int(ip) >> 8:x}" if ip.version == 4 else f"6.{int(ip) >> 64:x}"


def address_in(text: str) -> Address | None:
    """An address without its port; None for what is none. IPv4 within IPv6 is IPv4."""
    try:
        ip = ipaddress.ip_address(_without_port(text[:LONGEST_FORWARDED]))
    except ValueError:
        return None
    return getattr(ip, "ipv4_mapped", None) or ip


def network_key(meta: Mapping[str, Any], *, day: int) -> int:
    """The number that stands for the network of a request on one day, and only on that day."""
    return keyed("throttle", f"network {network_of(client_address(meta))} {day}")


def say_if_unknown(meta: Mapping[str, Any]) -> bool:
    """Whether a request came through a proxy that nobody counted, so that all behind it seem to
    be one network; asked where that matters, and said in the log.

    A shop that wrote 0 has counted: then that header is what a client wrote.
    """
    if "HTTP_X_FORWARDED_FOR" not in meta or conf.is_chosen("TRUSTED_PROXIES"):
        return False
    counters.failed("network_unknown", _PROXY)
    return True


_PROXY = (
    "Requests came through a proxy, and all behind it are taken for one network: they share its "
    "limits, and none of them is looked up in ROBOT_NETWORKS. "
    'Say how many proxies of yours there are in PERSONA["TRUSTED_PROXIES"], be it 0.'
)


def network_now(meta: Mapping[str, Any]) -> int:
    """The number that stands for the network of a request today."""
    return network_key(meta, day=int(time.time()) // DAY_SECONDS)


def _without_port(address: str) -> str:
    address = address.strip()
    if address.startswith("["):
        address = address[1:].partition("]")[0]
    elif address.count(":") == 1:
        address = address.partition(":")[0]
    return address.partition("%")[0]
