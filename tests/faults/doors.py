"""Every way into the app on a request, and every task, found where it is declared, so that a new
one cannot be forgotten."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from tests.faults import examples
from tests.faults.examples import Asked

PRODUCT = 1
"""The product whose pages are asked for."""


@dataclass(frozen=True, kw_only=True)
class Door:
    """One way in, and the request that goes through it."""

    name: str
    path: str
    method: str = "GET"
    is_page: bool = True
    """A page of the shop's, which must be as it is without the app; else an address of ours."""
    asked: Asked | None = None


def doors() -> list[Door]:
    """All but the tasks, beside which pages are asked for (`matrix.go_beside`, `test_jobs`).
    Raises KeyError, naming it, for one that has no example."""
    return [
        Door(name="middleware", path=f"/page/{PRODUCT}/"),
        *(_tag(name) for name in tags()),
        *(_function(name) for name in functions()),
        *(_signal(name) for name in signals()),
        *(_url(name, asked) for name in urls() for asked in examples.URLS[name]),
    ]


def _tag(name: str) -> Door:
    assert examples.TAGS[name]
    return Door(name=f"tag {name}", path=f"/tag/{name}/{PRODUCT}/")


def _function(name: str) -> Door:
    assert examples.FUNCTIONS[name]
    return Door(name=f"{name}()", path=f"/call/{name}/{PRODUCT}/", method="POST")


def _signal(name: str) -> Door:
    assert examples.SIGNALS[name]
    return Door(name=f"signal {name}", path=f"/signal/{name}/{PRODUCT}/", method="POST")


def _url(name: str, asked: Asked) -> Door:
    return Door(
        name=f"{asked.method} {name}",
        path=asked.path.format(pk=PRODUCT),
        method=asked.method,
        is_page=False,
        asked=asked,
    )


def tags() -> list[str]:
    """Template tags and filters."""
    from persona_django.templatetags.persona import register

    return sorted({*register.tags, *register.filters})


def functions() -> list[str]:
    """What `persona_django` offers to a shop's own code."""
    import persona_django

    offered = {name: getattr(persona_django, name) for name in persona_django.__all__}
    return sorted(name for name, one in offered.items() if inspect.isfunction(one))


def urls() -> list[str]:
    """Addresses that a shop includes."""
    from persona_django.urls import urlpatterns

    return sorted(_names(urlpatterns))


def _names(patterns: Any) -> list[str]:
    found: list[str] = []
    for pattern in patterns:
        inner = getattr(pattern, "url_patterns", None)
        found += _names(inner) if inner is not None else [str(pattern.name)]
    return found


def tasks() -> list[str]:
    """Celery tasks of ours."""
    from persona_django import tasks as ours

    return sorted(
        one.name
        for one in vars(ours).values()
        if str(getattr(one, "name", "")).startswith("persona.") and hasattr(one, "apply_async")
    )


def signals() -> list[str]:
    """Signals of Django that receivers of ours listen to."""
    from django.contrib.auth import signals as of_users
    from django.core import signals as of_requests
    from django.db.models import signals as of_models

    found = set()
    for module in (of_models, of_requests, of_users):
        for name, signal in vars(module).items():
            if any(_is_ours(entry) for entry in getattr(signal, "receivers", ())):
                found.add(name)
    # `conf` listens for changed settings, which only tests change.
    return sorted(found - {"setting_changed"})


def _is_ours(entry: Any) -> bool:
    """Whether a receiver, held weakly or not, is a function of the app."""
    receiver = entry[1]
    receiver = receiver() if hasattr(receiver, "__callback__") else receiver
    return str(getattr(receiver, "__module__", "")).startswith("persona_django")
