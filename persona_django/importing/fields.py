"""Which column of a file means what, by its name or by what the caller says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from persona_django.exceptions import BadImport
from persona_django.tracking.schema import Kind

KNOWN_AS: dict[str, tuple[str, ...]] = {
    "customer": ("customer", "customer_id", "customerid", "user_id", "user", "visitor_id",
                 "visitorid", "session_id", "account_id"),
    "item": ("item", "item_id", "itemid", "product_id", "product", "sku", "stockcode"),
    "time": ("time", "timestamp", "event_time", "created_at", "date", "datetime", "order_date",
             "invoicedate"),
    "kind": ("kind", "event", "event_type", "behavior", "behaviour", "action"),
    "order": ("order", "order_id", "orderid", "basket_id", "invoice", "invoiceno",
              "transaction_id", "transactionid"),
    "quantity": ("quantity", "qty", "amount", "pieces"),
    "price": ("price", "unit_price", "unitprice"),
    # No name with "line": lines are often numbered from 1 in each order.
    "uid": ("uid", "event_id"),
}  # fmt: skip
"""Each field of ours, and the column names that are taken for it without being told."""

FIELDS = tuple(KNOWN_AS)
NEEDED = {"order": ("item", "time", "order"), "event": ("item", "time", "customer")}

KIND_WORDS: dict[str, Kind] = {
    **{kind.name.lower(): kind for kind in Kind},
    "pageview": Kind.VIEW,
    "pv": Kind.VIEW,
    "cart": Kind.CART_ADD,
    "addtocart": Kind.CART_ADD,
    "add_to_cart": Kind.CART_ADD,
    "remove_from_cart": Kind.CART_REMOVE,
    "favorite": Kind.SAVE,
    "favourite": Kind.SAVE,
    "fav": Kind.SAVE,
    "wishlist": Kind.SAVE,
    "buy": Kind.PURCHASE,
    "order": Kind.PURCHASE,
    "transaction": Kind.PURCHASE,
    "return": Kind.REFUND,
}
"""Words in a kind column, in lower case."""


def find_columns(
    header: Sequence[str], mapping: Mapping[str, str], *, kind: str
) -> dict[str, int]:
    """The place of each field of ours among a file's columns.

    `mapping` is column name to field, and goes before what names tell by themselves. Raises
    BadImport with the columns there are.
    """
    there = ", ".join(header) or "none"
    names = [name.strip().casefold() for name in header]
    found: dict[str, int] = {}
    for column, field in mapping.items():
        if field not in FIELDS:
            raise BadImport(f"There is no field {field!r}. Use one of {', '.join(FIELDS)}.")
        if names.count(column.strip().casefold()) != 1:
            raise BadImport(f"The file has not exactly one column {column!r}. It has: {there}.")
        if field in found:
            raise BadImport(f"Two columns are mapped to {field!r}. Map only one of them.")
        found[field] = names.index(column.strip().casefold())
    for field, known in KNOWN_AS.items():
        place = next((names.index(name) for name in known if name in names), None)
        if field not in found and place is not None and place not in found.values():
            found[field] = place
    for field in NEEDED[kind]:
        if field not in found:
            raise BadImport(
                f"No column is known to be the {field}. Say which, as in --map COLUMN={field}. "
                f"The file has: {there}."
            )
    return found
