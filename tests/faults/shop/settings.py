"""The shop's settings: its own rows in SQLite, ours in a database behind a proxy.

FAULT_SHOP names, as JSON, what differs between two processes: `installed`, the address of our
`database`, of the `cache` and of the `broker`.
"""

from __future__ import annotations

import json
import os
from datetime import timedelta
from typing import Any

import environ

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, INSTALLED_APPS, MIDDLEWARE, TEMPLATES
from tests.settings import PERSONA as _PERSONA

SECRETS = {"erp": "erp-0123456789-0123456789-0123456789"}
"""As `tests.signing` signs."""

GIVEN: dict[str, Any] = json.loads(os.environ["FAULT_SHOP"])
INSTALLED: bool = GIVEN["installed"]
TIMEOUT = 0.3
"""Seconds that the clients of cache and broker wait."""

ROOT_URLCONF = GIVEN.get("urls", "tests.faults.shop.urls")
OURS = ("persona_django", "rest_framework")
if not INSTALLED:
    INSTALLED_APPS = [app for app in INSTALLED_APPS if app not in OURS]
    MIDDLEWARE = [path for path in MIDDLEWARE if not path.startswith(OURS)]
MIDDLEWARE = [path for path in MIDDLEWARE if "csrf" not in path]
TEMPLATES[0]["OPTIONS"]["libraries"] = {}

DATABASES["default"]["OPTIONS"] = {
    "init_command": "PRAGMA journal_mode=wal;",
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
}
PATIENCE: dict[str, dict[str, Any]] = {
    # Two seconds are the least that PostgreSQL's client can be told.
    "postgres": {
        "connect_timeout": 2,
        "sslmode": "disable",
        "options": "-c statement_timeout=1000",
    },
    "mysql": {"connect_timeout": 1, "read_timeout": 1, "write_timeout": 1, "charset": "utf8mb4"},
    "sqlite": {"init_command": "PRAGMA journal_mode=wal;", "timeout": 20},
}
_vendor = GIVEN["database"].partition(":")[0]
if _vendor == "mysql":
    import pymysql

    pymysql.version_info = (2, 2, 8, "final", 0)
    pymysql.install_as_MySQLdb()
DATABASES["persona"] = environ.Env.db_url_config(GIVEN["database"])
DATABASES["persona"]["OPTIONS"] = PATIENCE[_vendor]
DATABASES["persona"]["CONN_MAX_AGE"] = GIVEN.get("keep_connections", 0)
DATABASE_ROUTERS = ["tests.routers.PersonaRouter"]

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": GIVEN["cache"],
        "OPTIONS": {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT},
        "KEY_PREFIX": GIVEN["key_prefix"],
    }
}
if not GIVEN["cache"]:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

CELERY_TASK_ALWAYS_EAGER = False
CELERY_BROKER_URL = GIVEN["broker"]
CELERY_BROKER_CONNECTION_TIMEOUT = TIMEOUT
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": TIMEOUT,
    "socket_connect_timeout": TIMEOUT,
    "retry_policy": {"timeout": TIMEOUT},
}
CELERY_TASK_DEFAULT_QUEUE = GIVEN["key_prefix"]
CELERY_TASK_PUBLISH_RETRY = False

MANY = 1_000_000
PERSONA = {
    **_PERSONA,
    "CACHE_FOLDER": GIVEN["folder"],
    "CONSENT_POLICY": {"BACKEND": "tests.faults.shop.adapters.Banner"},
    "STORE_OF": "tests.faults.shop.adapters.store_of",
    "ACCOUNT_OF": "tests.faults.shop.adapters.account_of",
    "REST_RATE": f"{MANY}/min",
    "VISITOR_REQUESTS": MANY,
    "VISITOR_EVENTS": MANY,
    "VISITOR_EVENTS_A_DAY": MANY,
    "SITE_REQUESTS": 100 * MANY,
    "SERVER_KEYS": SECRETS,
    # What it is filled with is not what its history teaches.
    "MIN_OVERLAP_KEPT": 0,
    "SLOW_CALL": timedelta(seconds=GIVEN.get("slow_call", 0.25)),
    "MIN_TRAINING_SHOPPERS": 3,
    "SIMILARITY_BACKEND": "scipy",
}
