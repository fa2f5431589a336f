"""What the tests tell a server process between two pages."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from tests.conftest import REMEMBERING


def steer(request: HttpRequest, order: str) -> HttpResponse:
    """Carry out one order. One that fails says why, where the test can read it."""
    try:
        answer: Any = ORDERS[order](request)
    except Exception:  # noqa: BLE001 - told, not swallowed
        return HttpResponse(traceback.format_exc(), status=500)
    return JsonResponse({"answer": answer})


def forget_faults(request: HttpRequest) -> None:
    """Ask everything again that was left alone."""
    if settings.INSTALLED:
        from persona_django import breaker

        breaker.forget()


def forget_all(request: HttpRequest) -> None:
    """As if the process had just been started."""
    for name in REMEMBERING:
        if name in sys.modules and settings.INSTALLED:
            sys.modules[name].forget()


def counts(request: HttpRequest) -> Any:
    """What went wrong so far, by reason."""
    from persona_django import counters

    return counters.counts()


def loads(request: HttpRequest) -> int:
    """How often an artefact was read since the first time of asking."""
    from persona_django.artefacts import store

    if not hasattr(store, "_counted_loads"):
        store._counted_loads = 0  # type: ignore[attr-defined]
        real = store.load

        def counted(*args: Any, **kwargs: Any) -> Any:
            store._counted_loads += 1  # type: ignore[attr-defined]
            return real(*args, **kwargs)

        store.load = counted
    return int(store._counted_loads)  # type: ignore[attr-defined]


def break_adapters(request: HttpRequest) -> None:
    """All code of the shop that the app calls raises from now on."""
    from tests.faults.shop import adapters

    adapters.BROKEN[:] = ["on purpose"]
    adapters.break_all_maps()


def slow_adapters(request: HttpRequest) -> None:
    """All code of the shop that the app calls takes its time from now on."""
    from tests.faults.shop import adapters

    adapters.SLOW[:] = [0.3]
    adapters.slow_all_maps()


def mend_adapters(request: HttpRequest) -> None:
    """And works again."""
    if settings.INSTALLED:
        from tests.faults.shop import adapters

        adapters.BROKEN.clear()
        adapters.SLOW.clear()
        adapters.mend_all_maps()


def task(request: HttpRequest) -> str:
    """Do one task of ours in this process, as a worker would; its state, and what it raised."""
    from tests.faults.shop.celery import app

    done = app.tasks[request.GET["name"]].apply(throw=False)
    return f"{done.state} {done.result!r}"


def prepare(request: HttpRequest) -> None:
    """Give one task of ours something to do, and let it be due."""
    from tests.faults.shop import work

    work.prepare(request.GET["name"])


def work(request: HttpRequest) -> Any:
    """Whether what was prepared is done, and how long and how often jobs wait."""
    from tests.faults.shop import work

    return [work.is_done(), *work.waits()]


def pass_the_time(request: HttpRequest) -> None:
    """As if every job had rested for as long as it must."""
    from tests.faults.shop import work

    work.pass_the_time()


ORDERS: dict[str, Callable[[HttpRequest], Any]] = {
    "forget-faults": forget_faults,
    "forget-all": forget_all,
    "counts": counts,
    "loads": loads,
    "break-adapters": break_adapters,
    "slow-adapters": slow_adapters,
    "mend-adapters": mend_adapters,
    "task": task,
    "prepare": prepare,
    "work": work,
    "pass-the-time": pass_the_time,
}
