"""Before a response goes out nobody asks a database, a cache or a broker, whoever comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.core.cache.backends.base import BaseCache
from django.db import connections, router
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils.functional import SimpleLazyObject

from persona_django import counters, tasks
from persona_django.identity import cookies, remembered, tokens, visitors
from persona_django.identity.cookies import VisitorCookie
from persona_django.identity.keys import keyed
from persona_django.identity.models import Visitor
from persona_django.middleware import PersonaMiddleware
from persona_django.tracking.ingest import viewed
from persona_django.tracking.models import Event
from tests.browsing import BROWSER, ask_for_consent, finish, open_shop
from tests.faults.proxy import Mode, Proxy
from tests.tracking.catalogue import stocked

pytestmark = pytest.mark.django_db

ASKED: list[str] = []
"""What was called of the cache."""


def _refuse(name: str) -> Callable[..., Any]:
    def refuse(self: BaseCache, *args: Any, **kwargs: Any) -> Any:
        ASKED.append(name)
        raise ConnectionError("nobody may ask this cache")

    return refuse


class Untouchable(BaseCache):
    """A cache whose every method, those of asynchronous code included, raises and is noted."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)


for _name in [name for name, one in vars(BaseCache).items() if callable(one) and name[0] != "_"]:
    # Django itself lets go of its caches at the end of each request.
    if _name != "close":
        setattr(Untouchable, _name, _refuse(_name))


@dataclass(kw_only=True)
class Caller:
    """Somebody who asks for a page, and what is stored of them once it is closed."""

    agreed: bool = True
    cookie: VisitorCookie | None = None
    headers: dict[str, str] = field(default_factory=dict)
    user: Any = None
    views: int = 1
    purposes: list[str] = field(default_factory=lambda: ["measure,personalise"])
    """Of each visitor's row."""
    account: int | None = None


def known() -> Caller:
    cookie = VisitorCookie.fresh()
    meet(cookie)
    return Caller(cookie=cookie)


def known_to_another_process() -> Caller:
    caller = known()
    remembered.forget()
    return caller


def new() -> Caller:
    return Caller()


def withdrawn() -> Caller:
    cookie = VisitorCookie.fresh()
    meet(cookie)
    return Caller(agreed=False, cookie=cookie, views=0, purposes=[""])


def stranger() -> Caller:
    return Caller(agreed=False, views=0, purposes=[])


def signed_in_whom_no_page_has_loaded() -> Caller:
    user = get_user_model().objects.create(username="anna")
    fresh = VisitorCookie.fresh()
    cookie = VisitorCookie(pseudonym=fresh.pseudonym, mark=cookies.mark_of(fresh.pseudonym, user))
    meet(cookie)

    def load() -> Any:
        raise AssertionError("the session was read")

    return Caller(cookie=cookie, user=SimpleLazyObject(load))


def just_signed_in() -> Caller:
    """Their first page as a customer: the visitor of before is linked, and another begins."""
    user = get_user_model().objects.create(username="bea")
    cookie = VisitorCookie.fresh()
    meet(cookie)
    return Caller(
        cookie=cookie,
        user=user,
        purposes=["measure,personalise"] * 2,
        account=keyed("customer", str(user.pk)),
    )


def app() -> Caller:
    """Apps show their own pages: what they fetch is no view, and they are given no cookie."""
    cookie = VisitorCookie.fresh()
    meet(cookie)
    headers = {tokens.HEADER: tokens.issue(cookie), "Sec-Fetch-Dest": "empty"}
    return Caller(headers=headers, views=0)


CALLERS = [
    known,
    known_to_another_process,
    new,
    withdrawn,
    stranger,
    signed_in_whom_no_page_has_loaded,
    just_signed_in,
    app,
]


def meet(cookie: VisitorCookie) -> None:
    """Keep a visitor's row, as their first page did."""
    seen = visitors.Recognised(
        visitor=keyed("visitor", cookie.pseudonym), purposes="measure,personalise"
    )
    assert visitors.write(seen)
    # As a commit would, which a test never comes to.
    remembered.remember(
        [seen.visitor or 0], visitors._answer(seen.purposes), as_of=remembered.moment()
    )


@contextmanager
def nothing_may_be_asked(broker: Proxy) -> Iterator[None]:
    ASKED.clear()
    with ExitStack() as stack:
        captured = [
            stack.enter_context(CaptureQueriesContext(connections[alias])) for alias in connections
        ]
        yield
        queries = [query["sql"] for one in captured for query in one.captured_queries]
    assert queries == []
    assert ASKED == []
    assert broker.accepted == 0


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A broker that refuses whoever comes, and counts them."""
    with Proxy(9) as proxy:
        proxy.mode = Mode.RESET
        conf = tasks.rebuild.app.conf
        monkeypatch.setitem(conf, "broker_url", f"redis://127.0.0.1:{proxy.port}/0")
        monkeypatch.setitem(conf, "task_always_eager", False)
        yield proxy


@pytest.fixture
def page(settings: Any) -> Callable[[HttpRequest], HttpResponse]:
    open_shop(settings)
    ask_for_consent(settings)
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.Untouchable"}}
    tea, _ = stocked()

    def shown(request: HttpRequest) -> HttpResponse:
        viewed(request, tea)
        return HttpResponse("<html>page</html>")

    return shown


def request_of(caller: Caller) -> HttpRequest:
    request = RequestFactory(headers={"User-Agent": BROWSER}).get("/", headers=caller.headers)
    if caller.agreed:
        request.COOKIES["banner"] = "yes"
    if caller.cookie is not None:
        request.COOKIES["persona"] = cookies.signed(caller.cookie)
    if caller.user is not None:
        request.user = caller.user
    return request


def is_all_there(caller: Caller) -> None:
    """After the response everything is written, without the cache and without the broker."""
    rows = Visitor.objects.using(router.db_for_write(Visitor))
    assert Event.objects.count() == caller.views
    assert [row.purposes for row in rows.all()] == caller.purposes
    assert {row.account for row in rows.all()} <= {caller.account}
    assert "page_unsettled" not in counters.counts()
    assert "view_unwritten" not in counters.counts()


@pytest.mark.parametrize("made", CALLERS, ids=lambda made: made.__name__)
def test_a_page_asks_nothing_before_its_response_and_all_is_written_after_it(page, broker, made):
    caller = made()
    answer = PersonaMiddleware(page)
    request = request_of(caller)

    with nothing_may_be_asked(broker):
        response = answer(request)
    finish(response)

    is_all_there(caller)
    assert broker.accepted == 0


@pytest.mark.parametrize("made", CALLERS, ids=lambda made: made.__name__)
def test_an_async_page_asks_nothing_either_and_leaves_its_loop(page, broker, made):
    caller = made()

    async def later(request: HttpRequest) -> HttpResponse:
        await asyncio.sleep(0)
        return page(request)

    answer = PersonaMiddleware(later)
    request = request_of(caller)

    async def served() -> HttpResponse:
        return await answer(request)

    with nothing_may_be_asked(broker):
        response = async_to_sync(served)()
    finish(response)

    is_all_there(caller)
    assert broker.accepted == 0
