"""The shop's own code that the app calls, all of which can be made to fail or dawdle at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest

from persona_django.identity.consent import ConsentPolicy

BROKEN: list[str] = []
"""Not empty while every adapter raises; the entry says why."""
SLOW: list[float] = []
"""Not empty while every adapter takes its time; the entry says how many seconds."""


class Weird(Exception):
    """Nothing that anybody expects."""


def fail_if_broken() -> None:
    """What every adapter of the shop begins with."""
    if SLOW:
        time.sleep(SLOW[0])
    if BROKEN:
        raise Weird(BROKEN[0])


class Banner(ConsentPolicy):
    """A banner that leaves its answer in a cookie of its own."""

    def allowed(self, request: HttpRequest, purpose: str) -> bool:
        fail_if_broken()
        return request.COOKIES.get("banner") == "yes"


def store_of(request: HttpRequest) -> int:
    """One store."""
    fail_if_broken()
    return 1


def account_of(user: Any, request: HttpRequest | None) -> None:
    """No accounts."""
    fail_if_broken()


def break_all_maps() -> None:
    """Every method that a map may define raises from now on, until `mend_all_maps`."""
    from persona_django.catalogue import registry

    for one in (*registry.item_maps().values(), *registry.order_maps()):
        for hook in HOOKS_OF_MAPS:
            setattr(one, hook, _raising)


def slow_all_maps() -> None:
    """Every method that a map may define dawdles from now on, until `mend_all_maps`."""
    from persona_django.catalogue import registry

    for one in (*registry.item_maps().values(), *registry.order_maps()):
        for hook in HOOKS_OF_MAPS:
            if hasattr(one, hook):
                setattr(one, hook, _dawdling(getattr(one, hook)))


def _dawdling(answer: Callable[..., Any]) -> Callable[..., Any]:
    def dawdle(*args: Any) -> Any:
        fail_if_broken()
        return answer(*args)

    return dawdle


def mend_all_maps() -> None:
    """As they are declared."""
    from persona_django.catalogue import registry

    for one in (*registry.item_maps().values(), *registry.order_maps()):
        for hook in HOOKS_OF_MAPS:
            vars(one).pop(hook, None)


HOOKS_OF_MAPS = ("queryset", "visible", "own")


def _raising(*args: Any) -> Any:
    raise Weird("a map of the shop's")
