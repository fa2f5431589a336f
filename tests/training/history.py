"""Histories of the test shop, in a line each: who looked at what, who bought what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from itertools import count

from django.contrib.auth import get_user_model

from persona_django.catalogue import state
from persona_django.identity.keys import keyed
from persona_django.model_registry.models import ModelVersion
from persona_django.similarity.lookup import neighbours_of
from persona_django.similarity.models import NeighbourRow
from persona_django.similarity.relations import RELATIONS
from persona_django.tracking.context import Context
from persona_django.tracking.finds import key_of, term_of_key
from persona_django.tracking.models import Event, SearchFind, SearchTerm
from persona_django.tracking.schema import Basis, Kind
from persona_django.tracking.searches import term_of
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
    context: Context | None = None,
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
            context=context.packed() if context else 0,
        )
        for shopper in shoppers
        for one in ids
    )


def customers(n: int) -> list[object]:
    """Customers of the shop who can sign in."""
    users = get_user_model().objects
    return [users.create(username=f"customer {next(_names)}") for _ in range(n)]


def keys_of(people: Iterable[object]) -> list[int]:
    """The numbers under which visits of signed-in customers are kept."""
    return [keyed("customer", str(person.pk)) for person in people]  # type: ignore[attr-defined]


def buy(buyers: Iterable[object], products: Sequence[Product], *, days_ago: float = 1) -> None:
    """Each of the customers orders all of the products at once."""
    for buyer in buyers:
        order = Order.objects.create(
            user=buyer, created=datetime.now(timezone.utc) - timedelta(days=days_ago)
        )
        for product in products:
            OrderLine.objects.create(order=order, product=product, price=product.price)


def teach_every_kind(made: Sequence[Product]) -> None:
    """A little of everything, so that each kind of version has something to learn from the first
    four products of a shop that asks for three shoppers and does not look for chance."""
    look(range(1, 11), made[0:2])
    regulars = customers(6)
    buy(regulars, made[0:1], days_ago=9)
    for place in (0, 1):
        look(keys_of(regulars), made[place : place + 1], days_ago=1.02 - place / 100)
    buy(regulars, made[2:4])
    words, found = "green tea", SearchFind.What.LOOKED
    SearchTerm.objects.create(term=term_of(words), words=words, visitors=5, asked=9)
    SearchFind.objects.create(
        find=1, term=term_of_key(key_of(words)), item_id=family_of(made[0]), what=found,
        visitors=5, last_at=int(datetime.now(timezone.utc).timestamp()),
    )  # fmt: skip


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
