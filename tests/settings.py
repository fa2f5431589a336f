"""Settings of the test suite. DATABASE_URL, CACHE_URL and BROKER_URL choose the real parts."""

from __future__ import annotations

import os
import tempfile
from datetime import timedelta
from pathlib import Path

import environ

env = environ.Env()

SECRET_KEY = "only-for-tests-0123456789abcdefghijklmnopqrstuvwxyz"
DEBUG = False
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
ROOT_URLCONF = "tests.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "/static/"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "persona_django",
    "tests.shop",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "persona_django.middleware.PersonaMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

_url = env("DATABASE_URL", default="sqlite://:memory:")
if _url.startswith("mysql"):
    # PyMySQL installs everywhere; Django asks for mysqlclient by name and version.
    import pymysql

    pymysql.version_info = (2, 2, 8, "final", 0)
    pymysql.install_as_MySQLdb()

DATABASES = {"default": env.db_url_config(_url)}
if not _url.startswith("sqlite"):
    # Two runs beside each other, or two processes of one run, never share a test database.
    DATABASES["default"]["TEST"] = {"NAME": f"test_persona_{os.getpid()}"}
if _url.startswith("sqlite"):
    DATABASES["default"]["OPTIONS"] = {"init_command": "PRAGMA journal_mode=wal;", "timeout": 20}
if _url.startswith("mysql"):
    DATABASES["default"]["OPTIONS"] = {
        "charset": "utf8mb4",
        "connect_timeout": 10,
        "read_timeout": 120,
        "write_timeout": 120,
    }
if _url.startswith("postgres"):
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 10,
        "options": "-c statement_timeout=120000",
    }
if env.bool("PERSONA_SECOND_DATABASE", default=False):
    DATABASES["persona"] = env.db_url_config(
        env("PERSONA_DATABASE_URL", default="sqlite://:memory:")
    )
    DATABASE_ROUTERS = ["tests.routers.PersonaRouter"]

# The test shop has no migrations, and Django makes such tables before it migrates any other, so
# its neighbours do without, too. Ours are migrated, on every database.
MIGRATION_MODULES = dict.fromkeys(("admin", "auth", "contenttypes", "sessions"))

CACHES = {"default": env.cache_url("CACHE_URL", default="locmemcache://")}

CELERY_BROKER_URL = env("BROKER_URL", default="memory://")
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True

# A checkout's tests never share artefacts with another run's.
PERSONA: dict[str, object] = {
    "CACHE_FOLDER": str(Path(tempfile.mkdtemp(prefix="persona-tests-"))),
    "CONSENT_POLICY": {"BACKEND": "persona_django.identity.consent.RefuseAll"},
    # A busy machine is no slow cache and no slow block.
    "SLOW_CALL": timedelta(minutes=1),
}
