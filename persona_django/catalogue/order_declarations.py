"""What can be wrong with an order map, and which items its lines are about."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import EmptyResultSet, FieldDoesNotExist, ImproperlyConfigured
from django.db import models
from django.db.models import Q

from persona_django.catalogue.declarations import (
    NO_PATHS,
    Fault,
    annotations_of,
    examine_path,
    missing,
    misspelt,
    of_other_kind,
    taken,
)
from persona_django.catalogue.maps import ItemMap, OrderMap
from persona_django.catalogue.paths import explore, key_of

NEEDED_OF_ORDERS = ("item", "order", "placed_at")


def examine_orders(
    order_map: OrderMap, items: Mapping[str, ItemMap], *, rejected: Collection[str] = ()
) -> list[Fault]:
    """Everything wrong with an order map. Finds out which items its lines are about.

    `rejected` are labels of models whose item map has a fault of its own.
    """
    if faults := of_other_kind(order_map):
        return faults
    name = type(order_map).__name__
    faults = missing(order_map, NEEDED_OF_ORDERS) + taken(order_map)
    if not (order_map.declared("customer") or order_map.declared("guest_key")):
        faults.append(
            Fault(
                id="persona.E014",
                message=f"{name} names neither customer nor guest_key.",
                hint="Without one of them buyers cannot be told apart, so nothing is learnt.",
            )
        )
    annotations, queryset_faults = annotations_of(order_map)
    faults += queryset_faults
    for attribute in OrderMap.names:
        if attribute in NO_PATHS:
            continue
        declared = order_map.declared(attribute)
        if declared is not None and not isinstance(declared, str):
            faults.append(
                Fault(
                    id="persona.E019",
                    message=f"{name}.{attribute} is no field path.",
                    hint="Order lines are read in columns by the million, so each attribute of "
                    "an order map is a field path; annotate queryset() where it needs more.",
                )
            )
        elif declared:
            faults += examine_path(
                order_map, attribute, declared, annotations, must_be_column=True
            )
    if order_map.counts is not None and not isinstance(order_map.counts, Q):
        faults.append(
            Fault(
                id="persona.E016",
                message=f"{name}.counts is {type(order_map.counts).__name__}.",
                hint="Give it a Q object, such as Q(order__paid=True).",
            )
        )
    elif order_map.counts is not None and not queryset_faults:
        faults += _examine_counts(order_map)
    if not faults:
        faults += _examine_customer(order_map) + _find_items(order_map, items, rejected)
    if not faults:
        faults += _examine_item(order_map, items, annotations)
    return faults + misspelt(order_map, OrderMap)


def _examine_counts(order_map: OrderMap) -> list[Fault]:
    try:
        str(order_map.lines().query)
    except EmptyResultSet:
        return []
    except Exception as error:  # noqa: BLE001  (a wrong Q raises FieldError, ValueError and more)
        return [
            Fault(
                id="persona.E015",
                message=f"{type(order_map).__name__}.counts cannot be asked: {error}",
                hint="Its lookups start at the registered model, as in .filter(...).",
            )
        ]
    return []


def _examine_customer(order_map: OrderMap) -> list[Fault]:
    """Whether it is known which lines are a user's own, as "Buy again" has to know."""
    path = order_map.path("customer")
    if not path or order_map.own_method("own") is not None:
        return []
    key = key_of(order_map.queryset(), path)
    user = _user_model()
    if key is not None and (user is None or issubclass(user, key.model)):
        return []
    kind = type(order_map).__name__
    return [
        Fault(
            id="persona.W024",
            message=f'{kind}: customer = "{path}" '
            + (f"is {key}, " if key is not None else "")
            + "not known to be a key of the signed-in user, so nobody is shown what they bought.",
            hint='Give `customer` a path to the user, such as "order__customer__user_id", or '
            "write own(self, queryset, user).",
        )
    ]


def _examine_item(
    order_map: OrderMap, items: Mapping[str, ItemMap], annotations: Collection[str]
) -> list[Fault]:
    """Whether `item` gives what items are known by: a column of the product itself that is not its
    key, such as its name, would match nothing, in silence."""
    model = items[order_map.item_label].model
    route = explore(order_map.model, order_map.item, annotations=annotations)
    field = route.column
    if field is None or field.primary_key or field.is_relation:
        return []
    if not issubclass(model, field.model):
        return []
    before = order_map.item.rpartition("__")[0]
    return [
        Fault(
            id="persona.E029",
            message=f'{type(order_map).__name__}: item = "{order_map.item}" is {field}, and no '
            "product is known by that.",
            hint=f'Name the product itself, or its key: item = "{before or "product"}".',
        )
    ]


def _user_model() -> type[models.Model] | None:
    """Who signs in; None where the shop does without Django's users."""
    try:
        return get_user_model()
    except ImproperlyConfigured:
        return None


def _find_items(
    order_map: OrderMap, items: Mapping[str, ItemMap], rejected: Collection[str]
) -> list[Fault]:
    """Settle which item model the lines are about: named, related to, or the only one."""
    kind = type(order_map).__name__
    if not items and not rejected:
        return [_waits_for_any(kind)]
    named = order_map.item_model
    if named is not None:
        label = _label(named)
        if label in items:
            order_map.item_label = label
            return []
        if label in rejected:
            return [_waits_for(kind, [label])]
        return [
            Fault(
                id="persona.E020",
                message=f"{kind}.item_model is {named!r}, which has no (sound) item map.",
                hint=f"Registered are: {', '.join(items) or 'none'}.",
            )
        ]
    related = _related_model(order_map)
    candidates = [
        label
        for label, item_map in items.items()
        if related is not None and issubclass(related, item_map.model)
    ] or (list(items) if related is None else [])
    if len(candidates) == 1:
        order_map.item_label = candidates[0]
        return []
    waits_for = [
        label
        for label in sorted(rejected)
        if related is None or issubclass(related, apps.get_model(label))
    ]
    if waits_for and not candidates:
        return [_waits_for(kind, waits_for)]
    return [
        Fault(
            id="persona.E020",
            message=f"{kind} does not say which items its lines are about.",
            hint=f'Add item_model = "app.Model"; registered are: {", ".join(items) or "none"}.',
        )
    ]


def _waits_for(kind: str, labels: list[str]) -> Fault:
    """One typo in an item map must not look like a second mistake in the order map."""
    return Fault(
        id="persona.E020",
        message=f"{kind} is left out because the item map of {', '.join(labels)} has an error.",
        hint="Put that map right; there may be nothing to change here.",
    )


def _waits_for_any(kind: str) -> Fault:
    """Without an item map no order map can be right, whatever it says."""
    return Fault(
        id="persona.E020",
        message=f"{kind} is left out because no item map is registered.",
        hint="Write an ItemMap for your products first; there may be nothing to change here.",
    )


def _label(model: Any) -> str:
    if isinstance(model, type) and issubclass(model, models.Model):
        return str(model._meta.label_lower)
    return str(model).lower()


def _related_model(order_map: OrderMap) -> type[models.Model] | None:
    """The model that `item` relates to, whether as `product` or as `product_id`."""
    model: Any = order_map.model
    for step in order_map.item.split("__"):
        by_column = {f.attname: f for f in model._meta.concrete_fields}
        try:
            found = by_column.get(step) or model._meta.get_field(step)
        except FieldDoesNotExist:
            return None
        if not found.is_relation or found.related_model is None:
            return None
        model = found.related_model
    return model if model is not order_map.model else None
