"""From an object of the shop to a slot: title, price, picture and link, read through its map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError
from django.template.loader import get_template

from persona_django.blocks import shelf
from persona_django.blocks.values import Reason, Slot
from persona_django.catalogue.declarations import Fault
from persona_django.catalogue.links import safe_url
from persona_django.catalogue.maps import ItemMap
from persona_django.exceptions import BrokenMap, in_one_line


@dataclass(frozen=True, kw_only=True)
class Place:
    """What the pipeline decided about one slot, before the shop's object fills it."""

    position: int
    item_id: int
    group_id: int
    reason: Reason
    token: str
    slate: str = ""


def examine_card(item_map: ItemMap) -> list[Fault]:
    """A warning where the shop's own card cannot be read: pages would show ours in its place."""
    name = item_map.card_template
    try:
        if name:
            get_template(name)
    except Exception as error:  # noqa: BLE001 - a broken template, or tag library, raises anything
        return [
            Fault(
                id="persona.W047",
                message=f"{type(item_map).__name__}: card_template {name!r} cannot be read, so "
                f"our own card is shown in its place: {in_one_line(error)}.",
                hint="Correct the name, from a template folder on, or the template.",
            )
        ]
    return []


def slot_of(
    item_map: ItemMap, product: Any, place: Place, *, on_fault: shelf.Fault
) -> Slot | None:
    """The slot of one product; None, and a fault, when its map cannot describe it."""
    try:
        return _slot(item_map, product, place)
    except DatabaseError:
        raise
    except Exception as error:  # noqa: BLE001 - one odd product must cost its own place only
        on_fault(
            f"{type(item_map).__name__} could not describe {item_map.label} {product.pk}, so it "
            f"is not shown: {error}. Correct title, price, url or images in persona.py.",
            error,
        )
        return None


def _slot(item_map: ItemMap, product: Any, place: Place) -> Slot:
    value = item_map.value
    title = value(product, "title")
    if title is None or not str(title).strip():
        raise BrokenMap("its title is empty")
    price = value(product, "price")
    before = value(product, "compare_at_price")
    return Slot(
        position=place.position,
        item_id=place.item_id,
        group_id=place.group_id,
        model=item_map.label,
        key=item_map.key(product),
        product=product,
        title=str(title),
        url=safe_url(value(product, "url")),
        price=price,
        compare_at_price=before if before and price is not None and before > price else None,
        currency=item_map.currency_of(product),
        image=safe_url(picture_of(value(product, "images"))),
        reason=place.reason,
        token=place.token,
        slate=place.slate,
        card_template=item_map.card_template or "",
    )


def picture_of(images: Any) -> Any:
    """Address of the leading picture, be it kept as text, file, row or a list of any of them."""
    if not images:
        # An empty file field is false, and asking for its address would raise.
        return ""
    if isinstance(images, str):
        return images
    if isinstance(images, (list, tuple)):
        return picture_of(images[0])
    for name in ("url", "image", "file"):
        inner = getattr(images, name, None)
        if inner is not None:
            return picture_of(inner() if callable(inner) else inner)
    return str(images)
