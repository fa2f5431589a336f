"""Orders of the test shop, and order maps of other shapes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

from django.contrib.auth import get_user_model

from persona_django import catalogue
from persona_django.catalogue import registry
from tests.shop.models import Order, OrderLine, Product

NOON = datetime(2026, 3, 29, 12, tzinfo=timezone.utc)


def order(*products: Product, user: Any = None, email: str = "", **fields: Any) -> Order:
    placed = Order.objects.create(
        user=user,
        email=email,
        created=fields.pop("created", NOON),
        paid=fields.pop("paid", True),
    )
    for each in products:
        OrderLine.objects.create(order=placed, product=each, price=10, **fields)
    return placed


def user(name: str) -> Any:
    return get_user_model().objects.create(username=name)


@contextmanager
def with_map(**attributes: Any) -> Iterator[None]:
    """Only this order map, beside item maps for both product models."""
    known = registry.item_maps()
    shape = {"item": "product_id", "order": "order_id", "placed_at": "order__created"}
    shape |= {"customer": "order__user_id", "item_model": Product}

    class Orders(catalogue.OrderMap):
        pass

    for name, value in (shape | attributes).items():
        setattr(Orders, name, value)
    with registry.isolated() as fresh:
        for item_map in known.values():
            fresh.add(item_map.model, type(item_map))
        fresh.add(OrderLine, Orders)
        yield
