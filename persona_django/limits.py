"""The range of every setting: what `PERSONA` may hold, and why not more or less."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from persona_django import conf

Fault = tuple[str, str, str]
"""Name of a setting, its value as shown to people, and what to do."""

THIRTEEN_MONTHS = timedelta(days=396)

RANGES: Mapping[str, tuple[float, float, str]] = {
    "min_support": (1, 10**6, "shoppers"),
    "min_buyers": (3, 10**6, "buyers; below 3 a neighbour could guess who bought what"),
    "min_log_likelihood": (0, 10**6, ""),
    "support_prior": (0, 10**6, "shoppers"),
    "popularity_discount": (0, 1, ""),
    "neighbours_kept": (1, 1000, "neighbours"),
    "events_per_shopper": (1, 100_000, "interactions"),
    "basket_items": (2, 10_000, "items; a pair needs two"),
    "min_training_shoppers": (1, 10**9, "shoppers"),
    "min_coverage_kept": (0, 1, "a share"),
    "min_overlap_kept": (0, 1, "a share"),
    "min_quality_kept": (0, 1, "a share"),
    "learning_threads": (1, 256, "threads"),
    "bases_kept": (1, 1000, "versions"),
    "process_cache_mb": (1, 10**6, "megabytes"),
    "block_size": (1, 50, "slots"),
    "max_block_size": (1, 50, "slots; more would let anyone force work"),
    "max_attempts": (1, 1000, "times"),
    "trusted_proxies": (0, 20, "proxies"),
    "visitor_requests": (1, 10**6, "reports"),
    "visitor_events": (1, 10**6, "events"),
    "visitor_events_a_day": (1, 10**7, "events"),
    "site_requests": (1, 10**8, "reports"),
    "new_visitors_a_network": (1, 10**6, "visitors"),
    "robot_views": (5, 10**6, "pages; fewer would take people for programs"),
    "rush_times": (1, 10**6, "times the usual; below 1 a usual day would not count whole"),
    "min_askers": (3, 10**6, "visitors; below 3 words could be traced to somebody"),
    "write_chunk_rows": (1, 5_000, "rows; more would hold up the shop's writers"),
}
"""Smallest and largest value of each number, and its unit."""

OF_DICTS = frozenset({"assertions"})
"""Tuples whose entries are no texts."""
MAY_BE_ZERO = frozenset({"state_max_age", "write_pause"})
"""Spans of time that may be nothing; all others are longer."""

_KNOWN_AGAIN = "what clients send again must be known for as long as they try"
SHORTEST = {
    "events_kept": (timedelta(days=7), _KNOWN_AGAIN),
    "purchases_kept": (timedelta(days=7), _KNOWN_AGAIN),
}
"""A row tells what comes a second time from what is new, and is gone once it is too old."""

LONGEST = {
    "events_kept": (timedelta(days=760), "25 months are the most that regulators accept"),
    "evidence_kept": (THIRTEEN_MONTHS, "13 months are the most that regulators accept"),
    "visitors_kept": (THIRTEEN_MONTHS, "13 months are the most that regulators accept"),
    "cookie_max_age": (THIRTEEN_MONTHS, "13 months are the most that regulators accept"),
    "state_max_age": (timedelta(minutes=1), "a roll-back must be seen soon"),
    "write_pause": (timedelta(seconds=10), "a sync would never end"),
}

_TOKEN = re.compile(r"[A-Za-z0-9_\-]{1,60}\Z")


def faults() -> list[Fault]:
    """Every impossible value of `settings.PERSONA`."""
    if not isinstance(getattr(settings, "PERSONA", {}), Mapping):
        return [
            ("", type(settings.PERSONA).__name__, 'Write a dict, as PERSONA = {"MIN_BUYERS": 10}.')
        ]
    values = conf.written()
    defaults = conf.Settings()
    found: list[Fault] = []
    for setting in fields(conf.Settings):
        name = setting.name.upper()
        if name not in values:
            continue
        value = values[name]
        default = getattr(defaults, setting.name)
        of = dict if setting.name in OF_DICTS else str
        hint = _type_fault(value, default, of=of) or _range_fault(setting.name, value)
        if hint:
            found.append((setting.name, repr(value)[:80], hint))
    return found


def in_words(name: str, shown: str) -> str:
    """A fault as a sentence; without a name it is of PERSONA as a whole."""
    if not name:
        return f"PERSONA is no dictionary but a {shown}, so every default is in force."
    return f"PERSONA[{name.upper()!r}] cannot be {shown}."


def _type_fault(value: Any, default: Any, *, of: type) -> str:
    """What type it must have instead; empty when it has it."""
    if isinstance(default, bool):
        return "" if isinstance(value, bool) else "It is True or False."
    if isinstance(default, timedelta):
        return "" if isinstance(value, timedelta) else "It is a datetime.timedelta."
    if isinstance(default, Mapping):
        return "" if isinstance(value, Mapping) else "It is a dict."
    if isinstance(default, tuple):
        sound = isinstance(value, (tuple, list)) and all(isinstance(one, of) for one in value)
        return "" if sound else f"It is a tuple of {'texts' if of is str else 'dicts'}."
    if isinstance(default, str):
        return "" if isinstance(value, str) else "It is a text."
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "It is a number."
    if isinstance(default, int) and not isinstance(value, int):
        return "It is a whole number."
    return "" if math.isfinite(value) else "It is a finite number."


def _range_fault(name: str, value: Any) -> str:
    """Why a value of the right type cannot work; empty when it can."""
    if name in RANGES:
        low, high, unit = RANGES[name]
        return "" if low <= value <= high else f"It is {low} to {high} {unit}".strip() + "."
    if isinstance(value, timedelta):
        return _span_fault(name, value)
    return RULES[name](value) if name in RULES else ""


def _span_fault(name: str, value: timedelta) -> str:
    if value < timedelta(0) or (not value and name not in MAY_BE_ZERO):
        return "It is longer than nothing."
    shortest, why = SHORTEST.get(name, (timedelta(0), ""))
    if value < shortest:
        return f"It is at least {shortest.days} days: {why}."
    longest, why = LONGEST.get(name, (timedelta(days=36_500), "nobody waits that long"))
    return f"It is at most {longest.days} days: {why}." if value > longest else ""


def _currency(value: str) -> str:
    return "" if re.fullmatch("[A-Z]{3}", value) else 'It is an ISO 4217 code, such as "EUR".'


def _weights(value: Mapping[str, Any]) -> str:
    from persona_django.tracking.schema import Kind

    kinds = [kind.name.lower() for kind in Kind]
    return " ".join(_weight_faults(value, kinds))


def _kinds(value: Mapping[str, Any]) -> str:
    return " ".join(_kind_faults(value))


def _kind_faults(value: Mapping[str, Any]) -> Iterator[str]:
    from persona_django.tracking.schema import FIRST_OF_SHOP, LAST_KIND, Kind

    numbers: set[int] = set()
    for name, own in value.items():
        if (
            not re.fullmatch("[a-z][a-z0-9_]{0,39}", str(name))
            or str(name).upper() in Kind.__members__
        ):
            yield f"{name!r} is no new name in small letters, digits and underscores."
        if not isinstance(own, Mapping):
            yield f"{name} is a dict with a number."
            continue
        if unknown := set(own) - {"number", "weight", "half_life", "sender"}:
            yield f"{name} has {sorted(map(str, unknown))}, which nobody reads."
        number = own.get("number")
        if isinstance(number, bool) or not isinstance(number, int):
            yield f"{name} has no number."
        elif not FIRST_OF_SHOP <= number <= LAST_KIND:
            yield f"The number of {name} is {FIRST_OF_SHOP} to {LAST_KIND}."
        elif number in numbers:
            yield f"The number of {name} is taken."
        else:
            numbers.add(number)
        yield from _weight_faults({name: own.get("weight", 0)}, [name])
        half_life = own.get("half_life", timedelta(days=1))
        if not isinstance(half_life, timedelta) or half_life <= timedelta(0):
            yield f"The half_life of {name} is a datetime.timedelta above nothing."
        if own.get("sender", "shop") not in ("browser", "shop"):
            yield f'The sender of {name} is "browser" or "shop".'


def _assertions(value: Any) -> str:
    from persona_django.training import assertions

    return " ".join(assertions.faults(value))


def _version(value: str) -> str:
    return "" if len(value) <= 20 else "It has at most 20 characters."


def _origins(value: tuple[str, ...]) -> str:
    sound = re.compile(r"https?://[a-z0-9.\-]+(:[0-9]{1,5})?")
    wrong = [one for one in value if not sound.fullmatch(one)]
    return f'{wrong[0]!r} is no origin, such as "https://app.example.com".' if wrong else ""


def _networks(value: tuple[str, ...]) -> str:
    from persona_django.tracking.robot_networks import network_named

    wrong = [one for one in value if network_named(one) is None]
    return f'{wrong[0]!r} is no network, such as "192.0.2.0/24".' if wrong else ""


def _server_keys(value: Mapping[str, Any]) -> str:
    for name, secret in value.items():
        if not _TOKEN.match(str(name)):
            return "A key's name is letters, digits, - and _, at most 60."
        if not isinstance(secret, str) or len(secret) < 32:
            return f"The secret of {name} is a text of at least 32 characters."
    return "" if len(value) <= 4 else "There are more than four keys; take the old ones out."


def _weight_faults(value: Mapping[str, Any], kinds: list[str]) -> Iterator[str]:
    for kind, weight in value.items():
        if kind not in kinds:
            yield f"{kind!r} is no kind of event; there are {', '.join(kinds)}."
        elif isinstance(weight, bool) or not isinstance(weight, (int, float)):
            yield f"The weight of {kind} is a number."
        elif not math.isfinite(weight) or not 0 <= weight <= 1000:
            yield f"The weight of {kind} is finite and 0 to 1000: no kind takes interest back."


def _backend(value: str) -> str:
    known = ("auto", "numba", "scipy")
    return "" if value in known else f"It is one of {', '.join(known)}."


def _cookie_name(value: str) -> str:
    return "" if _TOKEN.match(value) else "It is letters, digits, - and _, at most 60."


def _rate(value: str) -> str:
    sound = not value or re.fullmatch(r"[1-9][0-9]{0,8}/[smhd][a-z]*", value)
    return "" if sound else 'It is a number in a time, such as "300/min", or empty.'


def _importable(path: str) -> str:
    try:
        found = import_string(path)
    except Exception as error:  # noqa: BLE001  (a module of the shop may raise anything)
        return f"{path!r} cannot be imported: {error}"
    return "" if callable(found) else f"{path!r} cannot be called."


def _optional_path(value: str) -> str:
    return _importable(value) if value else ""


def _policy(value: Mapping[str, Any]) -> str:
    backend = value.get("BACKEND")
    if not isinstance(backend, str) or set(value) - {"BACKEND", "OPTIONS"}:
        return 'It is {"BACKEND": "dotted.path", "OPTIONS": {}}.'
    return _importable(backend)


RULES: Mapping[str, Callable[[Any], str]] = {
    "currency": _currency,
    "event_weights": _weights,
    "similarity_backend": _backend,
    "cookie_name": _cookie_name,
    "opt_out_cookie": _cookie_name,
    "consent_version": _version,
    "event_kinds": _kinds,
    "assertions": _assertions,
    "event_origins": _origins,
    "robot_networks": _networks,
    "server_keys": _server_keys,
    "store_of": _optional_path,
    "account_of": _optional_path,
    "rest_rate": _rate,
    "consent_policy": _policy,
}
"""Settings whose values need more than a type and a range."""
