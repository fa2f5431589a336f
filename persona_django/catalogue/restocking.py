"""Stock that another system tells of: read again from the shop, or kept where none is there."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import router, transaction

from persona_django.catalogue import registry, state
from persona_django.catalogue.models import Item
from persona_django.catalogue.refs import ref_of
from persona_django.catalogue.sync import MOST_OF_A_NUMBER, sync_keys

Name = tuple[str, str]
"""Label of a registered model and key of a row, as text."""


def read_again(names: Mapping[Name, int | None], *, store: int = 1) -> dict[Name, int]:
    """Bring items into the mirror as they stand in the shop now; names to pieces, None for unsaid.

    Where a map declares `stock` the shop's own number counts, whatever is said here. Where it
    declares none, what is said here is all there is: that is returned, to be kept. Raises what
    the maps raise.
    """
    maps = registry.item_maps()
    to_read: dict[str, list[str]] = {}
    said: dict[Name, int] = {}
    for name, pieces in names.items():
        label, key = name
        if pieces is not None and maps[label].declared("stock") is None:
            said[name] = pieces
        elif _can_be_asked(maps[label].model, key):
            to_read.setdefault(label, []).append(key)
    for label, keys in to_read.items():
        sync_keys(label, keys, store=store)
    return said


def _can_be_asked(model: type, key: str) -> bool:
    """False for a number that no column holds: SQLite cannot even be asked for it."""
    value = model._meta.pk.to_python(key)  # type: ignore[attr-defined]
    return not (isinstance(value, int) and abs(value) > MOST_OF_A_NUMBER)


def keep(said: Mapping[Name, int], *, store: int = 1) -> None:
    """Keep the pieces of items whose shop has no number of its own, until they are said anew."""
    alias = router.db_for_write(Item)
    rows = Item.objects.using(alias).filter(store=store)
    with transaction.atomic(using=alias):
        # In order, so that two messages never wait for each other in a circle.
        by_ref = sorted((ref_of(*name), pieces) for name, pieces in said.items())
        moved = [
            rows.filter(ref=ref).exclude(stock=pieces).update(stock=pieces)
            for ref, pieces in by_ref
        ]
        if any(moved):
            state.bump("catalogue", store)
