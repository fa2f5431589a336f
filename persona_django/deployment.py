"""System checks of the place a shop runs in: what may keep a page waiting, and what is unsafe.

Read from settings alone, but for `events_go_in_time`, which `checks` asks of a database.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import connections, router

from persona_django import conf
from persona_django.catalogue import registry
from persona_django.identity import consent
from persona_django.tracking import retention
from persona_django.tracking.models import Event

TIMEOUTS_OF_CACHES: Mapping[str, tuple[str, ...]] = {
    "django.core.cache.backends.redis.RedisCache": ("socket_timeout", "socket_connect_timeout"),
    "django_redis.cache.RedisCache": ("SOCKET_TIMEOUT", "SOCKET_CONNECT_TIMEOUT"),
    "django.core.cache.backends.memcached.PyMemcacheCache": ("timeout", "connect_timeout"),
}
"""The options of each backend without which its client waits for as long as it takes."""

TIMEOUTS_OF_DATABASES: Mapping[str, tuple[str, ...]] = {
    "postgresql": ("connect_timeout",),
    "mysql": ("connect_timeout", "read_timeout", "write_timeout"),
}

HINTS_FOR_DATABASES: Mapping[str, str] = {
    "postgresql": '{"connect_timeout": 2, "options": "-c statement_timeout=5000"}',
    "mysql": '{"connect_timeout": 2, "read_timeout": 10, "write_timeout": 10}',
}

NOT_SHARED = ("DummyCache", "LocMemCache")
NOT_AT_ONCE = ("DatabaseCache", "FileBasedCache")
"""Django reads a number from these, and writes the sum: of two requests that come at the same
moment one is not counted."""

PICKLES = frozenset({"pickle", "application/x-python-serialize"})
"""How Celery names them."""


@register(Tags.caches)
def cache_gives_up_in_time(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A cache that hangs must not hang the shop: limits are counted in it on the request."""
    default: Mapping[str, Any] = settings.CACHES["default"]
    wanted = TIMEOUTS_OF_CACHES.get(default.get("BACKEND", ""), ())
    given = {**_in_address(default.get("LOCATION")), **default.get("OPTIONS", {})}
    missing = [name for name in wanted if given.get(name) is None]
    if not conf.current().enabled or not missing:
        return []
    return [
        Warning(
            "A default cache that hangs keeps a request waiting for as long as it likes: "
            f"{' and '.join(missing)} of it {'is' if len(missing) == 1 else 'are'} not set.",
            hint=f'Set CACHES["default"]["OPTIONS"] = {dict.fromkeys(wanted, 1)}, in seconds.',
            id="persona.W040",
        )
    ]


def _in_address(location: Any) -> dict[str, Any]:
    """Options that stand in the first address of a cache: redis://...?socket_timeout=1."""
    first = location[0] if isinstance(location, (list, tuple)) and location else location
    return dict(parse_qs(urlsplit(first).query)) if isinstance(first, str) else {}


@register(Tags.database)
def databases_give_up_in_time(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A database that hangs must not hang the shop. Asks none of them."""
    if not conf.current().enabled:
        return []
    return [
        Warning(
            f"The database {alias!r} may keep a page waiting for as long as it likes: "
            f"{' and '.join(missing)} of it {'is' if len(missing) == 1 else 'are'} not set.",
            hint=f'Set DATABASES["{alias}"]["OPTIONS"] = '
            f"{HINTS_FOR_DATABASES[connections[alias].vendor]}, or what suits you. Jobs of ours "
            "lift a statement_timeout for themselves.",
            id="persona.W041",
        )
        for alias in sorted(databases_in_use())
        if (missing := _missing_timeouts(alias))
    ]


def _missing_timeouts(alias: str) -> list[str]:
    vendor = connections[alias].vendor
    options = connections[alias].settings_dict.get("OPTIONS", {})
    if "service" in options or "read_default_file" in options:
        # They stand in a file that is not ours to read.
        return []
    missing = [name for name in TIMEOUTS_OF_DATABASES.get(vendor, ()) if name not in options]
    if vendor == "postgresql" and "statement_timeout" not in str(options.get("options", "")):
        missing.append("statement_timeout")
    return missing


def databases_in_use() -> set[str]:
    """Where our own rows are, and where the shop's products and orders are read and written."""
    maps = (*registry.item_maps().values(), *registry.order_maps())
    used = [*apps.get_app_config("persona").get_models(), *(one.model for one in maps)]
    asked = (router.db_for_read, router.db_for_write)
    return {database(model) for model in used for database in asked}


@register(Tags.caches, deploy=True)
def cache_is_shared(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Limits mean little in a cache that each process keeps to itself, and let more through than
    they say in one that cannot add to a number in one step."""
    backend = str(settings.CACHES["default"].get("BACKEND", ""))
    if not conf.current().enabled or not backend.endswith(NOT_SHARED + NOT_AT_ONCE):
        return []
    how = "are counted by each process for itself"
    if backend.endswith(NOT_AT_ONCE):
        how = "let more through where several requests come at the same moment"
    return [
        Warning(
            f"Limits on what one client may send and ask {how}, because the default cache is "
            f"{backend}.",
            hint="Use a cache that counts for all processes: Redis or Memcached.",
            id="persona.W042",
        )
    ]


@register(Tags.security, deploy=True)
def networks_can_be_told(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Behind a proxy that nobody counted no request comes from a network that is listed."""
    is_counted = conf.is_chosen("TRUSTED_PROXIES")
    if not conf.current().enabled or not conf.current().robot_networks or is_counted:
        return []
    return [
        Warning(
            "ROBOT_NETWORKS lists networks, but nobody said whether proxies stand before Django: "
            "whatever comes through one is not looked up in that list.",
            hint='Set PERSONA["TRUSTED_PROXIES"] to the number of your proxies; 0 says that there '
            "are none.",
            id="persona.W044",
        )
    ]


@register(Tags.security, deploy=True)
def workers_take_no_pickles(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Our tasks are sent as JSON, but a worker that takes pickles runs what anybody put in one."""
    accepted = getattr(settings, "CELERY_ACCEPT_CONTENT", None) or ()
    named = {accepted} if isinstance(accepted, str) else set(accepted)
    if not conf.current().enabled or named.isdisjoint(PICKLES):
        return []
    return [
        Warning(
            "CELERY_ACCEPT_CONTENT admits pickles: whoever can write to the broker can have a "
            "worker run any code.",
            hint='Set CELERY_ACCEPT_CONTENT = ["json"]; our tasks need no more.',
            id="persona.W046",
        )
    ]


@register(Tags.security, deploy=True)
def cookie_is_secure(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The visitor cookie is marked Secure on requests that Django takes for secure ones."""
    try:
        recognises_nobody = isinstance(consent.policy(), consent.RefuseAll)
    except Exception:  # noqa: BLE001  (persona.E060 says what a policy of the shop raised)
        return []
    is_told = settings.SECURE_PROXY_SSL_HEADER or settings.SECURE_SSL_REDIRECT
    if not conf.current().enabled or recognises_nobody or is_told:
        return []
    return [
        Warning(
            "Behind a proxy that ends TLS, Django takes every request for a plain one, and the "
            "visitor cookie is then not marked Secure.",
            hint="Set SECURE_PROXY_SSL_HEADER as your proxy marks its requests, or "
            "SECURE_SSL_REDIRECT where there is none.",
            id="persona.W043",
        )
    ]


def events_go_in_time(alias: str) -> Iterable[CheckMessage]:
    """Deletion that nobody runs keeps people's events for ever."""
    latest = int(time.time() - retention.OVERDUE_AFTER.total_seconds())
    for policy in retention.policies():
        if policy.model is not Event:
            continue
        old = Event.objects.using(alias).filter(policy.where, at__lt=policy.cutoff(latest))
        if not old.exists():
            continue
        yield Warning(
            f"There are still {policy.name} older than {policy.kept.days} days, which is how long "
            "they are kept: nothing deletes them.",
            hint="Merge persona_django.tasks.BEAT_SCHEDULE into CELERY_BEAT_SCHEDULE and run a "
            "worker, or run `manage.py persona_run` from cron.",
            id="persona.W045",
        )
