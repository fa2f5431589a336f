"""How a shop uses each thing of ours, by the name it has: the doors that the matrix goes through.

`tests.faults.doors` finds out what there is; what has no example here fails its test.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

TAGS: Mapping[str, str] = {
    "persona_block": '{% persona_block "similar-items" product %}{% persona_block "reorder" %}',
    "persona_slots": '{% persona_slots "bought-together" product as slots %}'
    "{% for slot in slots %}<b {{ slot.attrs }}>{{ slot.title }}</b>{% endfor %}",
    "persona_card": '{% persona_slots "similar-items" product as slots %}'
    "{% for slot in slots %}{% persona_card slot %}{% endfor %}",
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


FUNCTIONS: Mapping[str, Callable[[Any, Any], None]] = {
    "recommend": _recommend,
    "arecommend": _arecommend,
    "prepare": _prepare,
    "track": _track,
    "atrack": _atrack,
    "viewed": _viewed,
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
    body: Any = None

    def payload(self) -> bytes:
        """What is sent."""
        return b"" if self.body is None else json.dumps(self.body).encode()


URLS: Mapping[str, Asked] = {
    "block": Asked(
        method="GET",
        path="/persona/api/v1/blocks/similar-items/?seed=shop.product:{pk}",
        statuses=frozenset({200}),
    ),
}
