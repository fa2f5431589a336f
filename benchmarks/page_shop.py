"""The shop that `page_overhead` measures: one process of it, with the app or without.

    python -m benchmarks.page_shop with|without

Answers orders on its standard input with figures on its standard output, one JSON line each.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
from typing import Any

REQUESTS_A_ROUND = 50
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PAGE = """<!doctype html><html><head><title>{{ product.name }}</title></head><body>
<h1>{{ product.name }}</h1><p>{{ product.category.path }}</p><p>{{ product.price }} EUR</p>
<ul>{% for other in others %}<li><a href="{{ other.get_absolute_url }}">{{ other.name }}</a>
{{ other.price }} {% if other.list_price %}<s>{{ other.list_price }}</s>{% endif %}</li>
{% endfor %}</ul></body></html>"""


def configure(*, is_installed: bool, url: str, database: str = "") -> None:
    """The shop's settings, with the app or without it."""
    import environ
    from django.conf import settings

    parsed = environ.Env.db_url_config(url)
    if database:
        parsed["NAME"] = database
    parsed["CONN_MAX_AGE"] = None
    ours = ["persona_django"] if is_installed else []
    settings.configure(
        SECRET_KEY="benchmark",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="benchmarks.page_shop",
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "tests.shop",
            *ours,
        ],
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            *[f"{name}.middleware.PersonaMiddleware" for name in ours],
        ],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        DATABASES={"default": parsed},
        MIGRATION_MODULES=dict.fromkeys(("auth", "contenttypes", "sessions", "shop", "persona")),
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        PERSONA={
            "CONSENT_POLICY": {
                "BACKEND": "persona_django.identity.consent.FromCookie",
                "OPTIONS": {"cookie": "banner", "accepted": ["yes"]},
            },
            # One visitor asks for all pages that are measured.
            "VISITOR_REQUESTS": 10**6,
            "VISITOR_EVENTS": 10**6,
            "VISITOR_EVENTS_A_DAY": 10**7,
        },
    )
    import django

    django.setup()


def product_page(request: Any, pk: int) -> Any:
    """A page as shops have them: its product, a few others, and a template."""
    from django.conf import settings
    from django.http import HttpResponse

    from tests.shop.models import Product

    product = Product.objects.select_related("category").get(pk=pk)
    others = Product.objects.filter(category=product.category)[:12]
    if "persona_django" in settings.INSTALLED_APPS:
        from persona_django import viewed

        viewed(request, product)
    return HttpResponse(template().render({"product": product, "others": others}))


def template() -> Any:
    from django.template import engines

    if "page" not in _templates:
        _templates["page"] = engines["django"].from_string(PAGE)
    return _templates["page"]


_templates: dict[str, Any] = {}
urlpatterns: list[Any] = []


def serve(*, is_installed: bool) -> None:
    """Answer the parent's orders until it hangs up."""
    configure(
        is_installed=is_installed,
        url=os.environ["DATABASE_URL"],
        database=os.environ["BENCH_DATABASE"],
    )
    from django.core.wsgi import get_wsgi_application
    from django.urls import path

    # This file runs as __main__; the shop finds its addresses in the module of its own name.
    import benchmarks.page_shop as shop

    shop.urlpatterns.append(path("product/<int:pk>/", shop.product_page, name="product"))
    browser = Browser(get_wsgi_application(), json.loads(os.environ["BENCH_KEYS"]))
    for line in sys.stdin:
        order, *arguments = json.loads(line)
        answer = getattr(browser, order)(*arguments)
        print(json.dumps(answer), flush=True)


class Browser:
    """Asks the shop for pages in this process, as a WSGI server would."""

    def __init__(self, application: Any, keys: list[int]) -> None:
        self.application = application
        self.keys = keys
        self.next = 0
        self.visitor: dict[str, str] = {}

    def pages(self, case: str) -> list[tuple[float, float, float]]:
        """Seconds to the last byte, until the worker is free, and of work, of each page."""
        if case == "tracked":
            self._ask({"banner": "yes"} | self.visitor)
        carried = {} if case == "no consent" else {"banner": "yes"} | self.visitor
        return [self._ask(carried) for _ in range(REQUESTS_A_ROUND)]

    def _ask(self, cookies: dict[str, str]) -> tuple[float, float, float]:
        key = self.keys[self.next % len(self.keys)]
        self.next += 1
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": f"/product/{key}/",
            "SERVER_NAME": "shop",
            "SERVER_PORT": "80",
            "wsgi.input": io.BytesIO(),
            "wsgi.url_scheme": "http",
            "HTTP_USER_AGENT": BROWSER,
            "HTTP_SEC_FETCH_DEST": "document",
            "HTTP_COOKIE": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        }
        headers: list[tuple[str, str]] = []
        worked = time.process_time()
        started = time.perf_counter()
        response = self.application(environ, lambda status, given: headers.extend(given))
        body = b"".join(response)
        last_byte = time.perf_counter()
        response.close()
        free = time.perf_counter()
        assert b"</html>" in body
        for name, value in headers:
            if name == "Set-Cookie" and value.strip().startswith("persona="):
                self.visitor = {"persona": value.partition("=")[2].partition(";")[0]}
        return last_byte - started, free - started, time.process_time() - worked

    def middleware(self) -> dict[str, dict[str, float]]:
        """Microseconds that the middleware adds before a response goes out, and the queries it
        makes in all of them together."""
        from django.db import connection
        from django.http import HttpResponse
        from django.test import RequestFactory

        from persona_django.middleware import PersonaMiddleware

        response = HttpResponse("<html></html>")
        middleware = PersonaMiddleware(lambda request: response)
        cases = {
            "ignored path": ("/static/shop.css", {}),
            "no consent": ("/product/1/", {"sessionid": "x"}),
            "tracked": ("/product/1/", {"banner": "yes"} | self.visitor),
        }
        asked: list[str] = []

        def note(execute: Any, sql: str, *rest: Any) -> Any:
            asked.append(sql)
            return execute(sql, *rest)

        found = {}
        for case, (path, cookies) in cases.items():
            times = []
            asked.clear()
            for _ in range(3_000):
                request = RequestFactory().get(path, headers={"user-agent": BROWSER})
                request.COOKIES.update(cookies)
                response._resource_closers.clear()
                with connection.execute_wrapper(note):
                    started = time.perf_counter_ns()
                    middleware(request)
                    times.append((time.perf_counter_ns() - started) / 1000)
            times.sort()
            found[case] = {
                "p50": times[len(times) // 2],
                "p99": times[int(len(times) * 0.99)],
                "queries": len(asked),
            }
        return found


if __name__ == "__main__":
    serve(is_installed=sys.argv[1] == "with")
