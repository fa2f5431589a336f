"""How a shop's own models map onto items and orders: the two extension points of the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from django.apps import apps
from django.db import models
from django.db.models import Q, QuerySet

from persona_django import conf
from persona_django.catalogue import money
from persona_django.catalogue.paths import follow, key_of, settled
from persona_django.catalogue.refs import key_text
from persona_django.exceptions import BrokenMap

Declared = Any
"""What a map's attribute may hold: a field path as text, or a method taking the object."""


@dataclass(frozen=True, kw_only=True)
class Audience:
    """Whom a block is shown to, for `ItemMap.visible`. Every part may be unknown."""

    user: Any = None
    """The user as `request.user` gives it; AnonymousUser also where there is no request, as for an
    e-mail."""
    account: Any = None
    """The company the user buys for, as the setting ACCOUNT_OF finds it; None without one."""
    store: int = 1
    language: str = ""
    currency: str = ""


def signed_out() -> Any:
    """The user of whoever is not signed in or cannot be known, as pages have it, so that a shop
    asks `audience.user.is_authenticated` everywhere; None only in a project without users."""
    if not apps.is_installed("django.contrib.auth"):
        return None
    from django.contrib.auth.models import AnonymousUser

    return AnonymousUser()


class _Map:
    """What both kinds of map share: a model, and values found by path or by method."""

    names: ClassVar[tuple[str, ...]] = ()
    """Every attribute this kind of map may declare."""

    def __init__(self, model: type[models.Model]) -> None:
        self.model = model
        self.label: str = model._meta.label_lower
        self._readers: dict[str, Callable[[Any], Any]] = {}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.label}>"

    def declared(self, name: str) -> Declared | None:
        """What the map says about a name: a path, a method, or None where it says nothing."""
        found = getattr(self, name, None)
        return None if isinstance(found, str) and not found else found

    def path(self, name: str) -> str:
        """The field path declared for a name; empty when it is a method or left out."""
        found = self.declared(name)
        return found if isinstance(found, str) else ""

    def own_method(self, name: str) -> Callable[[Any], Any] | None:
        """The method of that name which the shop wrote on its map; None for our own names.

        A car shop's attribute "model" means its column, not the map's `model`.
        """
        for ancestor in type(self).__mro__:
            if ancestor.__module__ == __name__:
                return None
            if name in vars(ancestor):
                found = vars(ancestor)[name]
                bound = found.__get__(self, type(self)) if hasattr(found, "__get__") else found
                return bound if callable(bound) else None
        return None

    def queryset(self) -> QuerySet[Any]:
        """The rows of the shop's model that count. Everything by default."""
        return self.model._default_manager.all()

    def value(self, obj: Any, name: str) -> Any:
        """One declared value of one object of the shop; None where the map leaves it out.

        What a method yields, and the rows of a relation, come as a list.
        """
        reader = self._readers.get(name)
        if reader is None:
            reader = self._readers[name] = self._reader(name)
        return reader(obj)

    def _reader(self, name: str) -> Callable[[Any], Any]:
        declared = self.declared(name)
        if declared is None:
            return _nothing
        if name == "currency" and is_currency_code(declared):
            return partial(_constant, declared)
        if isinstance(declared, str):
            return partial(_followed, declared)
        if callable(declared):
            return partial(_called, declared)
        raise BrokenMap(
            f"{type(self).__name__}.{name} is {type(declared).__name__}. Give it a field path as "
            "text, or a method that takes the object."
        )


def _followed(path: str, obj: Any) -> Any:
    return follow(obj, path)


def _called(method: Callable[[Any], Any], obj: Any) -> Any:
    return settled(method(obj))


def _constant(value: str, obj: Any) -> str:
    return value


def _nothing(obj: Any) -> None:
    return None


class ItemMap(_Map):
    """Says how one product model of the shop becomes items. Subclass it in a `persona.py`::

        @catalogue.register(Product)
        class ProductItems(catalogue.ItemMap):
            title = "name"
            price = "price"
            url = "get_absolute_url"

    Each attribute is a field path (`"brand__name"`), the name of a method or property of the
    model at the end of such a path (`"get_absolute_url"`), or a method of that name on the map,
    which receives the product::

            def margin(self, product):
                return 1 - float(product.cost / product.price)

    Only `title`, `price` and `url` are needed. Paths to plain columns are read without building
    objects, so a map of paths syncs several times faster than one with methods.
    """

    names = (
        "title",
        "category",
        "brand",
        "price",
        "compare_at_price",
        "currency",
        "available",
        "stock",
        "margin",
        "published_at",
        "images",
        "attributes",
        "group",
        "text",
        "vector",
        "sensitive",
        "url",
        "card_template",
    )

    title: Declared = None
    """What people call it. Shown titles come from the shop's object, in the request's language."""
    category: Declared = None
    """Its place in the shop, from the top: `"Shoes > Trail"`, or a method returning the levels."""
    brand: Declared = None
    price: Declared = None
    """What it costs now: Decimal, float or int in the currency's main unit, 19.99."""
    compare_at_price: Declared = None
    """The price before a discount, where there is one."""
    currency: Declared = None
    """Three capitals for all products, or a path or method. Left out: PERSONA["CURRENCY"]."""
    available: Declared = None
    """Whether it may be bought at all. Left out: yes. Rechecked on every render."""
    stock: Declared = None
    """Pieces left; None is "not counted"."""
    margin: Declared = None
    """Share of the price that is earned, 0 to 1."""
    published_at: Declared = None
    """When it came into the shop: a date, a datetime, or seconds since 1970."""
    images: Declared = None
    """Its pictures, the leading one first: a field, a list, or a relation such as `"gallery"`."""
    attributes: tuple[str, ...] = ()
    """Further properties such as colour: names of paths, or of methods on the map."""
    group: Declared = None
    """What all variants of one product have in common, such as `"parent_id"`."""
    text: Declared = None
    """Words that describe it."""
    vector: Declared = None
    """Numbers that place it among the others, equally many for all, as an embedding of the shop's
    own: a list, a tuple or an array; None where there are none. Read when `content` is learnt."""
    sensitive: Declared = None
    """True keeps it out of everything that is learnt together or shown to the public."""
    url: Declared = None
    """Where its page is, normally `"get_absolute_url"`."""
    card_template: str = ""
    """Template of the shop's own product card, used inside our blocks."""

    def visible(self, queryset: QuerySet[Any], audience: Audience) -> QuerySet[Any]:
        """The part of `queryset` that this audience may be shown, asked on every render."""
        return queryset

    def key(self, obj: Any) -> str:
        """The object's primary key as text, as its item keeps it."""
        return key_text(obj.pk)

    def constant_currency(self) -> str:
        """The code that the map gives for all products; empty when it differs or is left out."""
        declared = self.declared("currency")
        return str(declared) if is_currency_code(declared) else ""

    def currency_of(self, obj: Any) -> str:
        """ISO 4217 code of the object's prices."""
        own = self.constant_currency()
        if not own and self.declared("currency") is not None:
            own = str(self.value(obj, "currency") or "")
        return own or conf.current().currency

    def minor_units(self, value: Any, currency: str = "") -> int:
        """An amount in the smallest unit of its currency; ValueError says why it is no price."""
        code = currency or self.constant_currency() or conf.current().currency
        return money.minor_units(value, code)


def is_currency_code(declared: Any) -> bool:
    """True for `"EUR"`: a constant rather than a path."""
    return isinstance(declared, str) and len(declared) == 3 and declared.isupper()


class OrderMap(_Map):
    """Says how to read the shop's order lines; they are never copied. Subclass it::

        @catalogue.register(OrderLine)
        class Orders(catalogue.OrderMap):
            item, quantity = "product_id", "quantity"
            order, customer = "order_id", "order__user_id"
            placed_at = "order__created"
            counts = Q(order__paid=True)

    Every attribute is a field path, because order lines are read by the million in columns. Needed
    are `item`, `order` and `placed_at`, and `customer` or `guest_key` to tell buyers apart.
    """

    names = (
        "item",
        "item_model",
        "quantity",
        "unit_price",
        "paid_price",
        "order",
        "customer",
        "guest_key",
        "placed_at",
        "counts",
        "refunded_quantity",
        "refunded_at",
    )

    item: str = ""
    """Path to the product or to its key, such as `"product_id"`."""
    item_model: Any = None
    """The product's model, or its `"app.Model"` name. Left out: what `item` relates to, or the
    only registered item model."""
    quantity: str = ""
    unit_price: str = ""
    """The list price of one piece at that time."""
    paid_price: str = ""
    """What was paid for one piece."""
    order: str = ""
    customer: str = ""
    """Path to the user, or to their key: `"order__user_id"`; empty there means a guest."""
    guest_key: str = ""
    """Path to what tells guests apart, such as an e-mail. Hashed at once, never stored."""
    placed_at: str = ""
    counts: Q | None = None
    """Which lines are purchases. Left out: all of `queryset()`."""
    refunded_quantity: str = ""
    refunded_at: str = ""

    item_label: str = ""
    """Label of the item model, found out by the registry."""

    def lines(self) -> QuerySet[Any]:
        """The lines that are purchases."""
        return self.queryset().filter(self.counts) if self.counts is not None else self.queryset()

    def own(self, queryset: QuerySet[Any], user: Any) -> QuerySet[Any]:
        """The part of `queryset` that this signed-in user bought: nobody else's, ever.

        Nothing unless `customer` is known to be a key of the user: customer 7 need not be user 7.
        """
        key = key_of(queryset, self.customer) if self.customer else None
        # Where something else signs in than the key's model, its number is another person's.
        if key is None or not isinstance(user, key.model):
            return queryset.none()
        value = getattr(user, key.attname)
        return (
            queryset.none() if value in (None, "") else queryset.filter(**{self.customer: value})
        )
