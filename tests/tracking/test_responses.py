"""Responses of every form go out as the shop made them, and requests may end at any moment."""

from __future__ import annotations

import asyncio
import gzip
import io
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseNotModified,
    StreamingHttpResponse,
)
from django.test import override_settings
from django.urls import path
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import condition

from persona_django import Promise, arecommend, atrack, counters, prepare, track, viewed
from persona_django.identity.shoppers import Shopper
from persona_django.middleware import PersonaMiddleware
from persona_django.tracking.models import Event
from tests.asgi import AsgiBrowser, connections_left_open
from tests.browsing import BROWSER, agreeing, ask_for_consent, finish
from tests.shop.models import Product
from tests.tracking.catalogue import stocked

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = b"<html>" + b"page " * 200 + b"</html>"
OURS = f"{PersonaMiddleware.__module__}.{PersonaMiddleware.__name__}"
VISITOR = Shopper(visitor=11)
_read: list[str] = []


def pieces(name: str) -> Iterator[bytes]:
    """A body that says when it is read, and that can be read only once."""
    for piece in (b"<html>", b"page", b"</html>"):
        _read.append(name)
        yield piece


async def pieces_later(name: str) -> AsyncIterator[bytes]:
    for piece in pieces(name):
        yield piece


def shown(request: HttpRequest, response: Any) -> Any:
    viewed(request, Product.objects.first())
    return response


def plain(request: HttpRequest) -> Any:
    return shown(request, HttpResponse(PAGE, headers={"Content-Length": str(len(PAGE))}))


@gzip_page
def zipped(request: HttpRequest) -> Any:
    return shown(request, HttpResponse(PAGE))


def stream(request: HttpRequest) -> Any:
    return shown(request, StreamingHttpResponse(pieces("stream"), content_type="text/html"))


async def stream_later(request: HttpRequest) -> Any:
    await sync_to_async(shown)(request, None)
    return StreamingHttpResponse(pieces_later("later"), content_type="text/html")


def events(request: HttpRequest) -> Any:
    body = StreamingHttpResponse(pieces("sse"), content_type="text/event-stream")
    return shown(request, body)


def file(request: HttpRequest) -> Any:
    return shown(request, FileResponse(io.BytesIO(PAGE), filename="a.pdf"))


def nothing(request: HttpRequest) -> Any:
    return shown(request, HttpResponse(status=204))


def same(request: HttpRequest) -> Any:
    return shown(request, HttpResponseNotModified())


@condition(etag_func=lambda request: "1")
def tagged(request: HttpRequest) -> Any:
    return shown(request, HttpResponse(PAGE))


def part(request: HttpRequest) -> Any:
    return shown(request, HttpResponse(PAGE[:10], status=206, content_type="text/html"))


async def not_awaited(request: HttpRequest) -> HttpResponse:
    product = await Product.objects.afirst()
    return HttpResponse(f"<html>{int(track(VISITOR, 'cart_add', product))}</html>")


async def awaited(request: HttpRequest) -> HttpResponse:
    product = await Product.objects.afirst()
    promise = await atrack(VISITOR, "cart_add", product)
    await prepare(request, "similar-items", seeds=product)
    slate = await arecommend(request, "similar-items", seeds=product)
    return HttpResponse(f"<html>{int(promise)} {len(slate)}</html>")


async def never_done(request: HttpRequest) -> HttpResponse:
    await asyncio.sleep(60)
    return HttpResponse(PAGE)


VIEWS = {
    "plain": plain,
    "zipped": zipped,
    "stream": stream,
    "events": events,
    "file": file,
    "nothing": nothing,
    "same": same,
    "tagged": tagged,
    "part": part,
    "not-awaited": not_awaited,
    "awaited": awaited,
    "later": stream_later,
    "never": never_done,
}
urlpatterns = [path(f"{name}/", view) for name, view in VIEWS.items()]


@pytest.fixture(autouse=True)
def _shop(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    ask_for_consent(settings)
    stocked()
    _read.clear()


def without_us(settings: Any) -> Any:
    return override_settings(MIDDLEWARE=[one for one in settings.MIDDLEWARE if one != OURS])


def answer(method: str, address: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """What a known visitor is sent, to the byte."""
    client = agreeing(**headers)
    response = getattr(client, method)(address)
    body = b"".join(response.streaming_content) if response.streaming else response.content
    finish(response)
    return response.status_code, dict(response.headers), body


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize(
    "name",
    ["plain", "zipped", "stream", "events", "file", "nothing", "same", "tagged", "part"],
)
def test_every_form_of_response_goes_out_as_the_shop_made_it(settings, name, method):
    headers = {"Accept-Encoding": "gzip", "If-None-Match": '"1"' if name == "tagged" else ""}
    with without_us(settings):
        status, before, body = answer(method, f"/{name}/", **headers)
    read = list(_read)
    _read.clear()

    ours = answer(method, f"/{name}/", **headers)

    if name == "zipped":
        # Django itself packs each page into another length, as a defence.
        assert [gzip.decompress(one) for one in (ours[2], body)] == [PAGE * (method == "get")] * 2
    else:
        assert ours[2] == body
        assert ours[1].get("Content-Length") == before.get("Content-Length")
    assert ours[0] == status
    assert ours[1].get("ETag") == before.get("ETag")
    assert _read == read, "a body was read another time than the server read it"


@pytest.mark.parametrize("name", ["events", "file", "nothing", "same", "part"])
def test_what_is_no_page_is_no_view(name):
    answer("get", f"/{name}/")

    assert not Event.objects.exists()


def test_a_page_that_the_browser_still_has_is_no_view():
    answer("get", "/tagged/", **{"If-None-Match": '"1"'})

    assert not Event.objects.exists()


def test_middleware_of_both_kinds_is_called_without_a_thread_of_its_own(caplog):
    with caplog.at_level(0, logger="django.request"):
        ASGIHandler().load_middleware(is_async=True)

    assert "PersonaMiddleware adapted" not in caplog.text
    assert PersonaMiddleware.sync_capable and PersonaMiddleware.async_capable


def page_of(address: str) -> bytes:
    return async_to_sync(AsgiBrowser(user_agent=BROWSER).get)(address).body


def test_async_views_await_what_waits_for_the_database():
    assert page_of("/awaited/").startswith(b"<html>2 ")
    assert Event.objects.count() == 1


def test_an_async_view_that_does_not_await_gets_its_page_and_the_log_says_what_to_write(caplog):
    assert page_of("/not-awaited/") == b"<html>0</html>"

    assert not Event.objects.exists()
    assert counters.counts()["event_on_event_loop"] == 1
    assert "atrack" in caplog.text


def test_an_async_stream_is_read_once_and_counted_after_its_last_byte():
    async def visit() -> list[bytes]:
        visitor = AsgiBrowser(user_agent=BROWSER)
        visitor.cookies["banner"] = "yes"
        await visitor.get("/plain/")
        return [(await visitor.get("/later/")).body]

    assert async_to_sync(visit)() == [b"<html>page</html>"]
    assert _read == ["later"] * 3
    assert Event.objects.count() == 2


def test_a_visitor_who_leaves_while_the_page_is_made_leaves_nothing_behind():
    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": "/never/", "query_string": b"",
        "headers": [(b"host", b"testserver"), (b"user-agent", BROWSER.encode()),
                    (b"cookie", b"banner=yes")],
    }  # fmt: skip
    sent: list[Any] = []
    left = [{"type": "http.request", "body": b""}, {"type": "http.disconnect"}]

    async def receive() -> dict[str, Any]:
        return left.pop(0) if left else await asyncio.sleep(60, {})

    async def send(message: Any) -> None:
        sent.append(message)

    async def visit() -> None:
        handler = ASGIHandler()
        handler.load_middleware(is_async=True)
        with connections_left_open():
            await asyncio.wait_for(handler(scope, receive, send), timeout=10)

    async_to_sync(visit)()

    assert sent == []
    assert not Event.objects.exists()
    assert counters.counts() == {}


@pytest.mark.parametrize("after_seconds", [0.0, 0.001, 0.02])
def test_who_is_cancelled_while_waiting_for_us_hears_of_it(after_seconds):
    product = Product.objects.first()

    async def view() -> Promise:
        return await atrack(VISITOR, "cart_add", product, uid="once")

    async def cancelled() -> bool:
        task = asyncio.ensure_future(view())
        await asyncio.sleep(after_seconds)
        was_running = task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
            # It was done before it could be cancelled.
            assert not was_running
            raise asyncio.CancelledError
        return was_running

    async_to_sync(cancelled)()
    # Whatever the thread had begun, the connection is as good as before, and once is once.
    assert track(VISITOR, "cart_add", product, uid="once") is Promise.STORED

    assert Event.objects.count() == 1
    assert counters.counts() == {}
