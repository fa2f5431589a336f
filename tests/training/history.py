"""Histories of the test shop, in a line each: who looked at what, who bought what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from itertools import count

from django.contrib.auth import get_user_model

from persona_django.catalogue import state
from persona_django.model_registry.models import ModelVersion
from persona_django.similarity.lookup import neighbours_of
from persona_django.similarity.models import NeighbourRow
from persona_django.similarity.relations import RELATIONS
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Basis, Kind
from tests.factories import family_of, item_id
from tests.shop.models import Order, OrderLine, Product

_uids = count(1)
_names = count(1)


def look(
    shoppers: Iterable[int],
    products: Sequence[Product],
    *,
    kind: Kind = Kind.VIEW,
    basis: Basis = Basis.CONSENT,
    days_ago: float = 1,
    order: int = 0,
) -> None:
    """Each of the shoppers shows interest in each of the products."""
    at = int((datetime.now(timezone.utc) - timedelta(days=days_ago)).timestamp())
    ids = [item_id(product) for product in products]
    Event.objects.bulk_create(
        Event(
            shopper=shopper,
            uid=next(_uids),
            kind=kind,
            item_id=one,
            at=at,
            basis=basis,
            order=order * 1_000_003 + shopper if order else 0,
        )
        for shopper in shoppers
        for one in ids
    )


def customers(n: int) -> list[object]:
    """Customers of the shop who can sign in."""
    users = get_user_model().objects
    return [users.create(username=f"customer {next(_names)}") for _ in range(n)]


def buy(buyers: Iterable[object], products: Sequence[Product], *, days_ago: float = 1) -> None:
    """Each of the customers orders all of the products at once."""
    for buyer in buyers:
        order = Order.objects.create(
            user=buyer, created=datetime.now(timezone.utc) - timedelta(days=days_ago)
        )
        for product in products:
            OrderLine.objects.create(order=order, product=product, price=product.price)


def beside(product: Product, kind: str = "similar") -> list[int]:
    """Families in the live list of a product, best first."""
    state.forget()
    family = family_of(product)
    found = neighbours_of([family]).get((RELATIONS[kind], family))
    return found.item_id.tolist() if found is not None else []


def live(kind: str) -> ModelVersion | None:
    """The live version of a kind, as the registry says."""
    return ModelVersion.objects.filter(kind=kind, status=ModelVersion.Status.LIVE).first()


def rows_of_live(kind: str) -> dict[int, bytes]:
    """Everything stored for the pages of a relation: item to its packed row."""
    version = live(kind)
    rows = NeighbourRow.objects.filter(version_id=version.pk if version else 0)
    return {item: bytes(data) for item, data in rows.values_list("item_id", "data")}
