"""Every door of ours and of a shop's that somebody can come to, walked through by one browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template import engines
from django.test import Client
from django.urls import get_resolver, path

from persona_django import ordered, track
from persona_django.serving.recommend import recommend
from persona_django.tracking.ingest import viewed
from tests import browsing, urls
from tests.factories import item_id
from tests.reporting import event, send, slate
from tests.shop.models import Product
from tests.tracking.buying import order

OURS = ("persona", "__Host-persona")
"""Names of the visitor's cookie."""
ME = "/persona/api/v1/me/"
TRACKED = ("view", "cart_add", "cart_remove", "save", "unsave", "click", "dismiss", "play")
PAGES = ("product", "head", "shown", "never", "rendered", "detail", "stream", "async", "missing")

HEAD = """{% load persona %}<html><head>{% persona_script %}</head><body>
{% persona_block "similar-items" product %}{% persona_block "reorder" %}</body></html>"""


def head(request: HttpRequest, pk: int) -> HttpResponse:
    """A page with the script, as a shop's base template has it."""
    product = Product.objects.get(pk=pk)
    viewed(request, product)
    return HttpResponse(engines["django"].from_string(HEAD).render({"product": product}, request))


def stream(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """A page that says what it shows when its head has gone out."""

    def body() -> Iterator[bytes]:
        yield b"<html>"
        viewed(request, Product.objects.get(pk=pk))
        yield b"</html>"

    return StreamingHttpResponse(body(), content_type="text/html")


def cart(request: HttpRequest, pk: int) -> HttpResponse:
    """A view of the shop's that reports all that its own code may, and asks for a block."""
    product = Product.objects.get(pk=pk)
    kept = [kind for kind in TRACKED if track(request, kind, product)]
    recommend(request, "similar-items", seeds=[product], cart=[product])
    return HttpResponse(" ".join(kept))


def checkout(request: HttpRequest, pk: int) -> HttpResponse:
    """An order of the shop's own, by whoever is signed in or by a guest."""
    user = request.user if request.user.is_authenticated else None
    placed = order(Product.objects.get(pk=pk), user=user, email="" if user else "a@b.example")
    return HttpResponse("kept" if ordered(request, placed) else "")


urlpatterns = [
    *urls.urlpatterns,
    *browsing.urlpatterns,
    path("head/<int:pk>/", head),
    path("stream/<int:pk>/", stream),
    path("cart/<int:pk>/", cart),
    path("checkout/<int:pk>/", checkout),
]


def addresses() -> list[str]:
    """Every address of our API that can be asked without knowing more."""
    found = []
    for match in get_resolver("persona_django.urls").reverse_dict.values():
        for pattern, names in match[0]:
            values = dict.fromkeys(names, "similar-items")
            found.append("/persona/" + pattern % values)
    return sorted(set(found))


class Walk:
    """One browser on its way through all of them. Unless its user agreed, none of them may keep
    anything, nor give it our cookie."""

    def __init__(self, client: Client, shop: list[Any], *, agreed: bool = False) -> None:
        self.client, self.shop, self.agreed = client, shop, agreed

    def everywhere(self) -> None:
        """All doors, but for signing in and out, and for what only a person asks for."""
        self.pages()
        self.api()
        self.reports()
        self.buying()
        self.answered(self.client.get(ME))

    def pages(self) -> None:
        """Every kind of page that the middleware tells apart, and the blocks in them."""
        for product in self.shop:
            for kind in PAGES:
                answer = self.answered(self.client.get(f"/{kind}/{product.pk}/"))
                if answer.streaming:
                    b"".join(answer)
        for address in ("/plain/", "/greets/", "/json/", "/no/such/page/"):
            self.answered(self.client.get(address))

    def api(self) -> None:
        """Our own addresses, asked for and posted to, but for one's own data."""
        for address in addresses():
            if "/me/" not in address:
                self.answered(self.client.get(address, {"seed": self._name(0)}))
                answer = self.client.post(address, {}, content_type="application/json")
                self.answered(answer)

    def reports(self) -> None:
        """Whatever the script reports: seen, chosen, typed, refused, wanted."""
        item, token = self._name(0), slate("similar-items", item_id(self.shop[0]))[0]
        alone = ("view", "cart_add", "cart_remove", "save", "unsave", "restore", "dismiss")
        told = [event(kind, item=item) for kind in (*alone, "more_like")]
        told += [event(kind, item=item, share=0.5) for kind in ("play", "progress", "finish")]
        told += [
            event("dwell", item=item, seconds=30),
            event("engage", item=item, part="gallery"),
            event("slate", slate="s1", tokens=[token], seen=[1]),
            event("click", token=token, slate="s1"),
            event("dismiss", token=token, slate="s1"),
            event("search", words="green tea", results=3),
            event("filter", name="colour", value="green"),
            event("sort", value="cheap"),
        ]
        answer = send(self.client, *told, tz=60, entry="direct")
        self.answered(answer)
        assert ("a" in answer.json()["result"]) is self.agreed

    def buying(self) -> None:
        """What the shop's own code tells of, and what its tables do."""
        for door in ("cart", "checkout"):
            answer = self.answered(self.client.post(f"/{door}/{self.shop[0].pk}/"))
            assert bool(answer.content) is self.agreed

    def sign_in_and_out(self, user: Any) -> None:
        """An account in the midst of it, and nobody again."""
        self.answered(self.client.get(f"/in/{user.pk}/"))
        assert SESSION_KEY in self.client.session
        self.everywhere()
        self.answered(self.client.get("/out/"))
        self.pages()

    def ask_about_oneself(self) -> None:
        """What somebody of whom nothing is known may ask for all the same."""
        for address in ("pause/", "resume/", "erase/"):
            self.answered(self.client.post(ME + address))
        self.answered(self.client.delete(ME))

    def answered(self, answer: Any) -> Any:
        """Give an answer back that is no fault of ours and brings no cookie of ours."""
        assert answer.status_code < 500 and answer.status_code != 429
        assert self.agreed or not {name for name in OURS if name in answer.cookies}
        return answer

    def _name(self, at: int) -> str:
        return f"shop.product:{self.shop[at].pk}"
