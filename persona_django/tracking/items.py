"""From the shop's own products to the catalogue's item ids."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from django.db import router
from numpy.typing import NDArray

from persona_django.breaker import database_call
from persona_django.catalogue import state
from persona_django.catalogue.models import Item, State
from persona_django.catalogue.refs import label_of, own_key, parse_seed, ref_of, refs_of
from persona_django.catalogue.registry import item_maps
from persona_django.catalogue.snapshot import Snapshot, current_snapshot
from persona_django.columns.read import read_queryset
from persona_django.exceptions import BadEvent

Name = tuple[str, str]
"""Label of a model and key of a row."""
Named = tuple[int, Name]
"""A store, and a name in it."""

REFS_AT_A_TIME = 500
"""Of one query, because SQLite takes no more parameters than some thousand."""


def name_of(product: Any) -> tuple[str, str]:
    """Model label and key of a product: an object of the shop, a pair, or `shop.product:31`."""
    if isinstance(product, str):
        return parse_seed(product)
    if isinstance(product, tuple):
        label, key = product
        return (label := str(label).lower()), own_key(label, key)
    # The class as the object gives it: a lazy object stands for another one's.
    model = product.__class__
    if not hasattr(model, "_meta"):
        raise BadEvent(f"{model.__name__} is no product. Pass an object of a registered model.")
    if product.pk is None:
        raise BadEvent(f"This {model._meta.label} is not saved yet, so nothing can point to it.")
    label = label_of(model)
    return label, own_key(label, product.pk)


def is_registered(label: str) -> bool:
    """Whether products of this model are items."""
    return label in item_maps()


def known_stores(stores: Iterable[int]) -> set[int]:
    """Those of the stores that there are: the first one always, another once it was synced. At
    most one query, however many are asked about."""
    others = set(stores) - {1}
    if not others:
        return {1}
    with database_call(router.db_for_write(State)):
        return {1} | others.intersection(state.stores())


def find_item(label: str, key: str, store: int = 1) -> int:
    """The item id of one product, 0 when unknown. No query while the snapshot knows it."""
    snapshot = current_snapshot(store)
    if snapshot is not None and (found := snapshot.item_of(label, key)):
        return int(found)
    # Newer than the snapshot, or there is none yet.
    alias = router.db_for_read(Item)
    rows = Item.objects.using(alias).filter(store=store, ref=ref_of(label, key))
    with database_call(alias):
        return int(rows.values_list("id", flat=True).first() or 0)


def find_items(named: Sequence[Name], store: int = 1) -> list[int]:
    """The item id of each product, 0 when unknown. At most one query, for what is newer than the
    snapshot, however many there are."""
    found = find_in_stores([(store, name) for name in named])
    return [found[store, name] for name in named]


def find_in_stores(named: Collection[Named]) -> dict[Named, int]:
    """As `find_items`, of any stores: what is newer than their snapshots takes one query."""
    refs_in: dict[int, dict[int, None]] = {}
    ref_of_each = {(store, name): ref_of(*name) for store, name in named}
    for (store, _), ref in ref_of_each.items():
        refs_in.setdefault(store, {})[ref] = None
    found: dict[tuple[int, int], int] = {}
    for store, refs in refs_in.items():
        snapshot = current_snapshot(store)
        if snapshot is not None:
            known = snapshot.items_of_refs(np.array(list(refs), dtype=np.int64)).tolist()
            found.update({(store, ref): id_ for ref, id_ in zip(refs, known, strict=True) if id_})
    asked = ((store, ref) for store, refs in refs_in.items() for ref in refs)
    missing = [one for one in asked if one not in found]
    alias = router.db_for_read(Item)
    for start in range(0, len(missing), REFS_AT_A_TIME):
        stores, some = map(set, zip(*missing[start : start + REFS_AT_A_TIME], strict=True))
        # Also a ref of one of the stores that was asked of another: nobody will look it up.
        rows = Item.objects.using(alias).filter(store__in=stores, ref__in=some)
        with database_call(alias):
            found.update(
                ((store, ref), id_)
                for store, ref, id_ in rows.values_list("store", "ref", "id")
                if ref is not None
            )
    return {one: found.get((one[0], ref), 0) for one, ref in ref_of_each.items()}


def sensitive_among(item_ids: Iterable[int], store: int = 1) -> set[int]:
    """Those of the items of which nothing may be stored, from whatever door it comes.

    An item is sensitive by its map or its category, or because a variant of it is. Asks no query
    of what the snapshot knows.
    """
    wanted = {item_id for item_id in item_ids if item_id}
    snapshot = current_snapshot(store)
    sensitive: set[int] = set()
    if snapshot is not None and wanted:
        sensitive = wanted & snapshot.sensitive_items
        asked = list(wanted)
        rows = snapshot.rows_of(asked).tolist()
        wanted = {item_id for item_id, row in zip(asked, rows, strict=True) if row < 0}
    return sensitive | (_sensitive_rows(wanted, store) if wanted else set())


def sensitive_in_stores(found: Mapping[Named, int]) -> set[int]:
    """As `sensitive_among`, of what `find_in_stores` found."""
    sensitive: set[int] = set()
    for store in {store for store, _ in found}:
        here = (item_id for (at_store, _), item_id in found.items() if at_store == store)
        sensitive |= sensitive_among(here, store)
    return sensitive


def every_sensitive(store: int = 1) -> frozenset[int]:
    """All items of which nothing may be stored, as the mirror has them now, in a few queries."""
    every = Item.objects.using(router.db_for_read(Item)).filter(store=store).order_by()
    rows = list(every.filter(sensitive=True).values_list("pk", "group_ref"))
    found = {pk for pk, _ in rows}
    groups = list({group for _, group in rows if group})
    for start in range(0, len(groups), REFS_AT_A_TIME):
        members = every.filter(group_ref__in=groups[start : start + REFS_AT_A_TIME])
        found.update(members.values_list("pk", flat=True))
    return frozenset(found)


def _sensitive_rows(item_ids: set[int], store: int) -> set[int]:
    """As `sensitive_among`, of what is newer than the snapshot, in two queries."""
    alias = router.db_for_read(Item)
    every = Item.objects.using(alias).filter(store=store)
    with database_call(alias):
        rows = list(every.filter(pk__in=item_ids).values_list("pk", "sensitive", "group_ref"))
        groups = {group for _, _, group in rows if group}
        marked = every.filter(group_ref__in=groups, sensitive=True)
        with_marked = set(marked.values_list("group_ref", flat=True)) if groups else set()
    return {pk for pk, is_sensitive, group in rows if is_sensitive or group in with_marked}


def items_of_refs(refs: NDArray[np.int64], store: int = 1) -> NDArray[np.int64]:
    """Item ids of refs, 0 where unknown; no query once there is a snapshot."""
    snapshot = current_snapshot(store)
    if snapshot is not None:
        return snapshot.items_of_refs(refs)
    alias = router.db_for_read(Item)
    rows = Item.objects.using(alias).filter(store=store, ref__in=set(refs.tolist()))
    with database_call(alias):
        found = dict(rows.values_list("ref", "id"))
    return np.array([found.get(ref, 0) for ref in refs.tolist()], dtype=np.int64)


def families(items: NDArray[np.int64], snapshot: Snapshot) -> NDArray[np.int64]:
    """The family of each item; 0 where it is unknown or where a member is sensitive."""
    group = snapshot.group_of(items)
    sensitive = np.unique(snapshot.group_id[snapshot.sensitive])
    return np.where(np.isin(group, sensitive), 0, group) if len(sensitive) else group


class ItemIds:
    """Item ids of any number of products, from one reading of the catalogue's two columns."""

    def __init__(self, store: int = 1) -> None:
        rows = Item.objects.using(router.db_for_read(Item)).filter(store=store)
        refs, ids = read_queryset(
            rows.filter(ref__isnull=False).order_by().values_list("ref", "id"), "ii"
        )
        order = np.argsort(refs, kind="stable")
        self._refs: NDArray[np.int64] = refs[order]
        self._ids: NDArray[np.int64] = ids[order]

    def __len__(self) -> int:
        return len(self._ids)

    def of(self, label: str, keys: Sequence[Any]) -> NDArray[np.int64]:
        """The id of each key, 0 where it is unknown. Keys are best given once each."""
        wanted = refs_of(label, keys)
        if not len(self._refs):
            return np.zeros(len(wanted), dtype=np.int64)
        places = np.minimum(np.searchsorted(self._refs, wanted), len(self._refs) - 1)
        return np.where(self._refs[places] == wanted, self._ids[places], 0)
