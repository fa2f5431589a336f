"""Settings of the example shop, all of them from the environment where a deployment differs.

DATABASE_URL, CACHE_URL and BROKER_URL choose any database, cache and broker; with none of them
the shop keeps everything in `var/` on SQLite and runs Celery tasks in the calling process.
"""

from __future__ import annotations

from pathlib import Path

import environ

from persona_django.tasks import BEAT_SCHEDULE

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
VAR_DIR.mkdir(exist_ok=True)

env = environ.Env()
if (BASE_DIR / ".env").is_file():
    env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", default=True)
if DEBUG:
    SECRET_KEY = env("SECRET_KEY", default="only-for-the-demonstration-on-this-machine-0123456789")
else:
    SECRET_KEY = env("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

ROOT_URLCONF = "example_shop.urls"
WSGI_APPLICATION = "example_shop.wsgi.application"
LANGUAGE_CODE = "en"
TIME_ZONE = env("TIME_ZONE", default="UTC")
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "persona_django",
    "example_shop",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "example_shop.security.ContentSecurityPolicy",
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
                "example_shop.context.shop",
            ]
        },
    }
]

_database_url = env("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'shop.sqlite3'}")
if _database_url.startswith("mysql"):
    # PyMySQL installs everywhere; Django asks for mysqlclient by name and version.
    import pymysql

    pymysql.version_info = (2, 2, 8, "final", 0)
    pymysql.install_as_MySQLdb()

DATABASES = {"default": env.db_url_config(_database_url)}
if _database_url.startswith("sqlite"):
    # Readers never wait for a writer in WAL, and a transaction that will write says so at its
    # start, so that two customers at the checkout queue up instead of failing half-way.
    DATABASES["default"]["OPTIONS"] = {
        "init_command": "PRAGMA journal_mode=wal; PRAGMA synchronous=normal;",
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
    }
elif _database_url.startswith("mysql"):
    DATABASES["default"]["OPTIONS"] = {
        "charset": "utf8mb4",
        "connect_timeout": 2,
        "read_timeout": 10,
        "write_timeout": 10,
    }
elif _database_url.startswith("postgres"):
    # A database that hangs keeps one page waiting, for so long, and not the whole shop.
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 2,
        "options": "-c statement_timeout=5000",
    }

CACHES = {"default": env.cache_url("CACHE_URL", default="locmemcache://")}
if CACHES["default"]["BACKEND"].endswith("RedisCache"):
    CACHES["default"]["OPTIONS"] = {
        "socket_timeout": 1,
        "socket_connect_timeout": 1,
        **CACHES["default"].get("OPTIONS", {}),
    }

_broker_url = env("BROKER_URL", default="")
CELERY_BROKER_URL = _broker_url or "memory://"
CELERY_TASK_ALWAYS_EAGER = not _broker_url
# Without this a task that fails in the calling process does so in silence.
CELERY_TASK_EAGER_PROPAGATES = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE = {**BEAT_SCHEDULE}

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"

LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "account"
LOGOUT_REDIRECT_URL = "home"
SESSION_COOKIE_SAMESITE = "Lax"
# Behind a proxy that ends TLS, in the way it marks its requests: "HTTP_X_FORWARDED_PROTO,https".
SECURE_PROXY_SSL_HEADER = tuple(env.list("SECURE_PROXY_SSL_HEADER", default=[])) or None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.bool("SECURE_COOKIES", default=not DEBUG)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

SHOP_NAME = env("SHOP_NAME", default="Larch & Loom")
SHOP_CURRENCY = env("SHOP_CURRENCY", default="EUR")
# A refund is given at once in the demonstration; False leaves it to staff in the admin.
SHOP_REFUND_AT_ONCE = env.bool("SHOP_REFUND_AT_ONCE", default=True)
# Customers with a demo note may be signed in with one click. Never on where people really shop.
SHOP_DEMO = env.bool("SHOP_DEMO", default=DEBUG)

PERSONA = {
    "CURRENCY": SHOP_CURRENCY,
    "CACHE_FOLDER": str(VAR_DIR / "persona"),
    "IGNORED_PATHS": ("/static/", "/media/", "/admin/", "/picture/"),
    "CONSENT_POLICY": {
        "BACKEND": "persona_django.identity.consent.FromCookie",
        "OPTIONS": {"cookie": "shop_consent"},
    },
}
