"""Pages of the test shop that name their item in every way, and browsers that ask for them."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth import alogin, alogout, get_user_model, login, logout
from django.core.cache import cache
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseNotModified,
    JsonResponse,
    StreamingHttpResponse,
)
from django.template import engines
from django.template.response import TemplateResponse
from django.test import Client, RequestFactory
from django.urls import path
from django.views.decorators.cache import cache_page, never_cache
from django.views.generic import DetailView

from persona_django.identity import cookies
from persona_django.identity.keys import keyed
from persona_django.identity.shoppers import resolve
from persona_django.tracking.ingest import viewed
from persona_django.tracking.models import Event
from tests.asgi import Answer, AsgiBrowser, connections_left_open
from tests.shop.models import Product
from tests.tracking.catalogue import product

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
FROM_COOKIE = {
    "CONSENT_POLICY": {
        "BACKEND": "persona_django.identity.consent.FromCookie",
        "OPTIONS": {"cookie": "banner", "accepted": ["yes"]},
    }
}
ACCEPT_ALL = {"CONSENT_POLICY": {"BACKEND": "persona_django.identity.consent.AcceptAll"}}


def shown(request: HttpRequest, pk: int) -> HttpResponse:
    viewed(request, Product.objects.get(pk=pk))
    return HttpResponse("<html>page</html>")


def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse("<html>plain</html>")


def rendered(request: HttpRequest, pk: int) -> TemplateResponse:
    template = engines["django"].from_string("<html>{{ object }}</html>")
    return TemplateResponse(request, template, {"object": Product.objects.get(pk=pk)})


class Detail(DetailView):
    model = Product

    def render_to_response(self, context: Any, **kwargs: Any) -> TemplateResponse:
        template = engines["django"].from_string("<html>{{ object }}</html>")
        return TemplateResponse(self.request, template, context)


def streamed(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    def body():
        yield b"<html>"
        viewed(request, Product.objects.get(pk=pk))
        # Nothing may be written before the last byte has gone out.
        assert not Event.objects.exists()
        yield b"</html>"

    return StreamingHttpResponse(body(), content_type="text/html")


def missing(request: HttpRequest, pk: int) -> HttpResponse:
    viewed(request, Product.objects.get(pk=pk))
    return HttpResponse("<html>gone</html>", status=404)


def with_cache_control(request: HttpRequest, value: str) -> HttpResponse:
    return HttpResponse("<html>page</html>", headers={"Cache-Control": value.replace("_", ", ")})


def expiring(request: HttpRequest) -> HttpResponse:
    return HttpResponse("<html></html>", headers={"Expires": "Thu, 01 Jan 2099 00:00:00 GMT"})


def sign_in(request: HttpRequest, pk: int) -> HttpResponse:
    login(
        request, get_user_model().objects.get(pk=pk), "django.contrib.auth.backends.ModelBackend"
    )
    return HttpResponse("in")


def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return HttpResponse("out")


def greets(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"<html>Hello {request.user}</html>")


def confused(request: HttpRequest) -> HttpResponse:
    viewed(request, object())
    return HttpResponse("<html>page</html>")


def unregistered(request: HttpRequest) -> HttpResponse:
    viewed(request, ("nobody.knows", "1"))
    return HttpResponse("<html>page</html>")


def orders(request: HttpRequest) -> HttpResponse:
    """A view that keeps a row of the shop's own, in its own transaction."""
    made = product("kept")
    viewed(request, made)
    return HttpResponse("<html>page</html>")


async def streamed_async(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    shown_product = await Product.objects.aget(pk=pk)

    async def body():
        yield b"<html>"
        viewed(request, shown_product)
        assert not await Event.objects.aexists()
        yield b"</html>"

    return StreamingHttpResponse(body(), content_type="text/html")


async def sign_in_async(request: HttpRequest, pk: int) -> HttpResponse:
    user = await get_user_model().objects.aget(pk=pk)
    await alogin(request, user, "django.contrib.auth.backends.ModelBackend")
    return HttpResponse("in")


async def sign_out_async(request: HttpRequest) -> HttpResponse:
    await alogout(request)
    return HttpResponse("out")


async def greets_async(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"<html>Hello {await request.auser()}</html>")


async def shown_async(request: HttpRequest, pk: int) -> HttpResponse:
    viewed(request, await Product.objects.aget(pk=pk))
    who = await sync_to_async(resolve)(request)
    return HttpResponse(f"<html>{who.visitor}</html>")


urlpatterns = [
    path("shown/<int:pk>/", shown),
    path("cached/<int:pk>/", cache_page(60)(shown)),
    path("never/<int:pk>/", never_cache(shown)),
    path("static/<int:pk>/", shown),
    path("rendered/<int:pk>/", rendered),
    path("detail/<int:pk>/", Detail.as_view()),
    path("streamed/<int:pk>/", streamed),
    path("missing/<int:pk>/", missing),
    path("cache/<str:value>/", with_cache_control),
    path("expiring/", expiring),
    path("in/<int:pk>/", sign_in),
    path("out/", sign_out),
    path("greets/", greets),
    path("plain/", plain),
    path("confused/", confused),
    path("unregistered/", unregistered),
    path("orders/", orders),
    path("json/", lambda request: JsonResponse({})),
    path("same/", lambda request: HttpResponseNotModified()),
    path("file/", lambda request: FileResponse(iter([b"x"]), content_type="text/html")),
    path("async/<int:pk>/", shown_async),
    path("streaming/<int:pk>/", streamed_async),
    path("ain/<int:pk>/", sign_in_async),
    path("aout/", sign_out_async),
    path("agreets/", greets_async),
]


def open_shop(settings: Any) -> None:
    """Let the shop consist of these pages, with nothing in its cache."""
    settings.ROOT_URLCONF = __name__
    cache.clear()


def ask_for_consent(settings: Any) -> None:
    """Let the shop's banner leave its answer in the cookie `banner`."""
    settings.PERSONA = {**settings.PERSONA, **FROM_COOKIE}


def browser(**headers: str) -> Client:
    return Client(headers={"User-Agent": BROWSER, **headers})


def finish(response: HttpResponse) -> None:
    """Close a response as a server does after its last byte."""
    with connections_left_open():
        response.close()


def agreeing(**headers: str) -> Client:
    client = browser(**headers)
    client.cookies["banner"] = "yes"
    return client


def visitor_of(client: Client) -> int:
    request = RequestFactory().get("/")
    request.COOKIES["persona"] = client.cookies["persona"].value
    cookie = cookies.opened(request)
    assert cookie is not None
    return keyed("visitor", cookie.pseudonym)


async def visits(*addresses: str) -> list[Answer]:
    """The pages of one visitor who agreed, through an ASGI server."""
    visitor = AsgiBrowser(user_agent=BROWSER)
    visitor.cookies["banner"] = "yes"
    return [await visitor.get(address) for address in addresses]
