"""How a shop uses each thing of ours, by the name it has: the doors that the matrix goes through.

`tests.faults.doors` finds out what there is; what has no example here fails its test.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

TAGS: Mapping[str, str] = {
    "persona_block": '{% persona_block "similar-items" product %}{% persona_block "reorder" %}',
    "persona_slots": '{% persona_slots "bought-together" product as slots %}'
    "{% for slot in slots %}<b {{ slot.attrs }}>{{ slot.title }}</b>{% endfor %}",
    "persona_card": '{% persona_slots "similar-items" product as slots %}'
    "{% for slot in slots %}{% persona_card slot %}{% endfor %}",
    "persona_tools": '{% persona_slots "similar-items" product as slots %}'
    "{% for slot in slots %}{% persona_tools slot %}{% endfor %}",
    "persona_item": "{% persona_item product %}",
    "persona_script": "{% persona_script %}",
}


def _recommend(request: Any, product: Any) -> None:
    from persona_django import recommend

    list(recommend(request, "similar-items", seeds=product))


def _arecommend(request: Any, product: Any) -> None:
    from asgiref.sync import async_to_sync

    from persona_django import arecommend

    async_to_sync(arecommend)(request, "similar-items", seeds=product)


def _prepare(request: Any, product: Any) -> None:
    from asgiref.sync import async_to_sync

    from persona_django import prepare

    async_to_sync(prepare)(request, "similar-items", "reorder", seeds=product)


def _track(request: Any, product: Any) -> None:
    from persona_django import track

    track(request, "cart_add", product)


def _atrack(request: Any, product: Any) -> None:
    from asgiref.sync import async_to_sync

    from persona_django import atrack

    async_to_sync(atrack)(request, "save", product)


def _viewed(request: Any, product: Any) -> None:
    from persona_django import viewed

    viewed(request, product)


def _ordered(request: Any, product: Any) -> None:
    from persona_django import ordered

    ordered(request, _an_order())


def _aordered(request: Any, product: Any) -> None:
    from asgiref.sync import async_to_sync

    from persona_django import aordered

    async_to_sync(aordered)(request, _an_order())


def _search_finds(request: Any, product: Any) -> None:
    from persona_django import search_finds

    search_finds(request, "green tea")


def _asearch_finds(request: Any, product: Any) -> None:
    from asgiref.sync import async_to_sync

    from persona_django import asearch_finds

    async_to_sync(asearch_finds)(request, "green tea")


def _an_order() -> Any:
    from django.utils import timezone

    from tests.shop.models import Order

    return Order.objects.create(created=timezone.now())


def _of_lines(name: str) -> Callable[[Any, Any], None]:
    """For what is told of an order from elsewhere."""

    def tell(request: Any, product: Any) -> None:
        import persona_django

        getattr(persona_django, name)(request, order=secrets.token_hex(8), lines=[product])

    def tell_later(request: Any, product: Any) -> None:
        from asgiref.sync import async_to_sync

        import persona_django

        function = async_to_sync(getattr(persona_django, name))
        function(request, order=secrets.token_hex(8), lines=[product])

    return tell_later if name.startswith("a") else tell


FUNCTIONS: Mapping[str, Callable[[Any, Any], None]] = {
    "recommend": _recommend,
    "arecommend": _arecommend,
    "prepare": _prepare,
    "track": _track,
    "atrack": _atrack,
    "viewed": _viewed,
    "ordered": _ordered,
    "aordered": _aordered,
    "purchased": _of_lines("purchased"),
    "apurchased": _of_lines("apurchased"),
    "search_finds": _search_finds,
    "asearch_finds": _asearch_finds,
    "refunded": _of_lines("refunded"),
    "arefunded": _of_lines("arefunded"),
}


def _save(product: Any) -> None:
    product.save()


def _delete(product: Any) -> None:
    from tests.shop.models import Gift

    Gift.objects.create(label="Ribbon").delete()


SIGNALS: Mapping[str, Callable[[Any], None]] = {"post_save": _save, "post_delete": _delete}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request to an address of ours, and what it may answer whatever is broken."""

    method: str
    path: str
    statuses: frozenset[int]
    body: Callable[[], Any] | None = None
    as_app: bool = False
    is_signed: bool = False
    """By another server of the shop's."""

    def payload(self) -> bytes:
        """What is sent, anew each time."""
        return b"" if self.body is None else json.dumps(self.body()).encode()

    def headers(self, body: bytes) -> dict[str, str]:
        """What a signed message says of itself."""
        if not self.is_signed:
            return {}
        from tests.signing import signed

        return signed(body)


def _events() -> Any:
    now = int(time.time() * 1_000)
    of_an_item = {"item": "shop.product:1", "at": now}
    return {
        "sent": now,
        "tz": 0,
        "entry": "direct",
        "events": [
            {"id": secrets.token_hex(8), "type": "view", **of_an_item},
            {"id": secrets.token_hex(8), "type": "dwell", "seconds": 12, **of_an_item},
            {"id": secrets.token_hex(8), "type": "search", "words": "green tea", "at": now},
        ],
    }


def _purchase() -> Any:
    order = secrets.token_hex(8)
    line = {"id": order, "type": "purchase", "item": "shop.product:1", "order": order}
    return {"events": [line]}


def _nothing() -> Any:
    return {}


OR_LATER = frozenset({200, 503})
"""Told, or asked to come again: never an error of ours."""
API = "/persona/api/v1"

URLS: Mapping[str, tuple[Asked, ...]] = {
    "block": (
        Asked(
            method="GET",
            path=f"{API}/blocks/similar-items/?seed=shop.product:{{pk}}",
            statuses=frozenset({200}),
        ),
    ),
    "events": (
        Asked(method="POST", path=f"{API}/events/", statuses=OR_LATER, body=_events),
        Asked(method="GET", path=f"{API}/events/", statuses=frozenset({200})),
    ),
    "me": (
        Asked(method="GET", path=f"{API}/me/", statuses=OR_LATER),
        Asked(method="DELETE", path=f"{API}/me/", statuses=OR_LATER, body=_nothing),
    ),
    "me-erase": (Asked(method="POST", path=f"{API}/me/erase/", statuses=OR_LATER, body=_nothing),),
    "me-pause": (Asked(method="POST", path=f"{API}/me/pause/", statuses=OR_LATER, body=_nothing),),
    "me-resume": (
        Asked(method="POST", path=f"{API}/me/resume/", statuses=OR_LATER, body=_nothing),
    ),
    "server-events": (
        Asked(
            method="POST",
            path=f"{API}/server/events/",
            statuses=OR_LATER,
            body=_purchase,
            as_app=True,
            is_signed=True,
        ),
    ),
    "visitor": (
        Asked(
            method="POST",
            path=f"{API}/visitor/",
            # Refused while the consent policy raises.
            statuses=frozenset({200, 403}),
            body=_nothing,
            as_app=True,
        ),
    ),
}
