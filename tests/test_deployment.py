"""The checks of the place a shop runs in: what may keep a page waiting, and what is unsafe."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import connections, router
from django.test import override_settings

from persona_django import deployment
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Kind
from tests.test_checks import ROOT, SOUND, found, words

REDIS = "django.core.cache.backends.redis.RedisCache"
GIVES_UP = {"socket_timeout": 1, "socket_connect_timeout": 1}


def found_on_deploying(**changed: Any) -> set[str]:
    with override_settings(**changed):
        messages = run_checks(include_deployment_checks=True)
    return {m.id for m in messages if m.id and m.id.startswith("persona.")}


@pytest.mark.parametrize(
    ("cache", "is_said"),
    [
        ({"BACKEND": REDIS, "LOCATION": "redis://127.0.0.1"}, True),
        ({"BACKEND": REDIS, "OPTIONS": {"socket_timeout": 1}}, True),
        ({"BACKEND": REDIS, "OPTIONS": GIVES_UP}, False),
        (
            {
                "BACKEND": REDIS,
                "LOCATION": ["redis://127.0.0.1?socket_timeout=1&socket_connect_timeout=1"],
            },
            False,
        ),
        ({"BACKEND": "django_redis.cache.RedisCache", "OPTIONS": {"SOCKET_TIMEOUT": 1}}, True),
        ({"BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache"}, True),
        ({"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "x"}, False),
    ],
)
def test_a_cache_that_may_hang_for_ever_is_told(cache, is_said):
    with override_settings(CACHES={"default": cache}):
        # Alone, because other checks would load clients that are not installed here.
        said = deployment.cache_gives_up_in_time(None)

    assert [message.id for message in said] == (["persona.W040"] if is_said else [])
    assert all("in seconds" in words(message) for message in said)


@pytest.mark.parametrize(
    ("engine", "options", "missing"),
    [
        ("postgresql", {}, "connect_timeout and statement_timeout"),
        ("postgresql", {"connect_timeout": 2}, "statement_timeout"),
        ("postgresql", {"connect_timeout": 2, "options": "-c statement_timeout=5000"}, ""),
        ("postgresql", {"service": "shop"}, ""),
        ("mysql", {"connect_timeout": 2}, "read_timeout and write_timeout"),
        ("mysql", {"connect_timeout": 2, "read_timeout": 9, "write_timeout": 9}, ""),
        ("sqlite3", {}, ""),
    ],
)
@pytest.mark.django_db
def test_a_database_that_may_hang_for_ever_is_told(engine, options, missing, monkeypatch):
    vendor = {"sqlite3": "sqlite"}.get(engine, engine)
    monkeypatch.setattr(connections["default"], "vendor", vendor)
    monkeypatch.setitem(connections["default"].settings_dict, "OPTIONS", options)

    said = [m for m in deployment.databases_give_up_in_time(None) if "'default'" in m.msg]

    assert [missing in m.msg for m in said] == ([True] if missing else [])


@pytest.mark.parametrize(
    ("backend", "why"),
    [
        ("dummy.DummyCache", "each process for itself"),
        ("locmem.LocMemCache", "each process for itself"),
        ("db.DatabaseCache", "more through"),
        ("filebased.FileBasedCache", "more through"),
    ],
)
@pytest.mark.django_db
def test_a_cache_in_which_limits_let_more_through_is_told_where_people_really_shop(backend, why):
    chosen = {"BACKEND": f"django.core.cache.backends.{backend}", "LOCATION": "limits"}

    with override_settings(CACHES={"default": chosen}):
        said = [m for m in run_checks(include_deployment_checks=True) if m.id == "persona.W042"]
        assert "persona.W042" not in found()

    assert [why in m.msg and backend in m.msg for m in said] == [True]
    assert "database" not in str(said[0].hint)


@pytest.mark.django_db
def test_a_cache_that_counts_for_all_processes_is_not_told():
    shared = {"default": {"BACKEND": REDIS, "OPTIONS": GIVES_UP}}

    assert "persona.W042" not in found_on_deploying(CACHES=shared)


@pytest.mark.django_db
def test_a_cookie_that_would_not_be_secure_is_told_where_visitors_are_recognised():
    accepting = {
        **SOUND,
        "CONSENT_POLICY": {"BACKEND": "persona_django.identity.consent.AcceptAll"},
    }
    told_by_proxy = {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")}

    assert "persona.W043" not in found_on_deploying(PERSONA=SOUND)
    assert "persona.W043" in found_on_deploying(PERSONA=accepting)
    assert "persona.W043" not in found_on_deploying(PERSONA=accepting, **told_by_proxy)
    assert "persona.W043" not in found_on_deploying(PERSONA=accepting, SECURE_SSL_REDIRECT=True)


@pytest.mark.django_db
def test_a_list_of_robots_networks_asks_how_many_proxies_there_are_where_people_really_shop():
    listed = {**SOUND, "ROBOT_NETWORKS": ["192.0.2.0/24"]}

    assert "persona.W044" not in found(ROBOT_NETWORKS=["192.0.2.0/24"])
    assert "persona.W044" not in found_on_deploying(PERSONA=SOUND)
    assert "persona.W044" in found_on_deploying(PERSONA=listed)
    assert "persona.W044" not in found_on_deploying(PERSONA={**listed, "ENABLED": False})
    for number in (0, 1):
        told = {**listed, "TRUSTED_PROXIES": number}
        assert "persona.W044" not in found_on_deploying(PERSONA=told)


@pytest.mark.parametrize(
    ("accepted", "is_said"),
    [
        (["json"], False),
        (["json", "pickle"], True),
        ({"application/x-python-serialize"}, True),
        ("pickle", True),
        (None, False),
    ],
)
@pytest.mark.django_db
def test_workers_that_take_pickles_are_told_where_people_really_shop(accepted, is_said):
    assert "persona.W046" not in found()
    assert ("persona.W046" in found_on_deploying(CELERY_ACCEPT_CONTENT=accepted)) is is_said


@pytest.mark.django_db
def test_a_shop_that_switched_us_off_hears_nothing_of_its_workers():
    told = found_on_deploying(
        CELERY_ACCEPT_CONTENT=["pickle"], PERSONA={**SOUND, "ENABLED": False}
    )

    assert "persona.W046" not in told


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("days", "kind", "is_said"),
    [
        (91, Kind.VIEW, False),
        (93, Kind.VIEW, True),
        (93, Kind.SKIP, True),
        # These are kept as long as purchases.
        (93, Kind.PURCHASE, False),
        (93, Kind.REFUND, False),
        (93, Kind.ONE_OFF, False),
        (1_098, Kind.PURCHASE, True),
        (1_098, Kind.ONE_OFF, True),
    ],
)
def test_events_that_nobody_deletes_are_told(days, kind, is_said):
    at = int(time.time()) - days * 86_400
    Event.objects.create(shopper=1, uid=1, kind=kind, item_id=1, at=at)
    alias = router.db_for_read(Event)

    assert ("persona.W045" in found(alias)) == is_said


def test_the_example_shop_follows_its_own_advice():
    for driver in ("psycopg", "pymysql", "redis"):
        pytest.importorskip(driver)
    for url, cache in (
        ("postgres://shop@127.0.0.1:1/shop", "redis://127.0.0.1:1/0"),
        ("mysql://shop@127.0.0.1:1/shop", "redis://127.0.0.1:1/0?socket_timeout=2"),
    ):
        done = subprocess.run(
            [sys.executable, "manage.py", "check", "--deploy"],
            cwd=ROOT,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "example_shop.settings",
                "DATABASE_URL": url,
                "CACHE_URL": cache,
                "DEBUG": "0",
                "SECRET_KEY": "only-for-this-check-0123456789abcdefghijklmnopqrstuvw",
                "SECURE_PROXY_SSL_HEADER": "HTTP_X_FORWARDED_PROTO,https",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert "persona.W" not in done.stdout + done.stderr
        assert "System check identified" in done.stdout + done.stderr
