"""Makes a snapshot: the mirror's rows as columns, coded, sorted and stored as an artefact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from django.db import router
from django.db.models import Case, IntegerField, Value, When
from django.db.models.functions import Coalesce
from numpy.typing import NDArray

from persona_django import conf
from persona_django.artefacts import store as artefacts
from persona_django.artefacts.packing import pack_texts
from persona_django.catalogue import state
from persona_django.catalogue.layout import SCHEMA
from persona_django.catalogue.models import Item, State
from persona_django.columns.read import read_queryset

UNKNOWN_STOCK = -1


def artefact_name(store: int) -> str:
    """Name under which a store's snapshots are kept."""
    return f"snapshot/{store}"


def build_snapshot(store: int = 1, *, on_part: Callable[[], None] | None = None) -> int:
    """Read the mirror, store it as an artefact, and make it the one that every process maps.

    Returns the artefact's id. The catalogue's revision is its fence: of two built at once, the
    one that read the newer catalogue stays. Running it twice does no harm. `on_part` is called
    as it gets on, and may raise to stop.
    """
    revision = state.read_state(store, fresh=True).get("catalogue", 0)
    arrays = {**_arrays(store, on_part), "revision": np.array([revision])}
    artefact_id = artefacts.save(artefact_name(store), arrays, schema=SCHEMA, on_part=on_part)
    state.point("snapshot", artefact_id, fence=revision, store=store)
    live = state.read_state(store, fresh=True).get("snapshot", 0)
    artefacts.prune(artefact_name(store), conf.current().bases_kept, protect={live})
    return artefact_id


def snapshot_is_stale(store: int = 1) -> bool:
    """True when the catalogue has changed since the snapshot in use was read."""
    rows = State.objects.using(router.db_for_read(State)).filter(store=store)
    made_at = rows.filter(name="snapshot").values_list("fence", flat=True).first()
    revision = rows.filter(name="catalogue").values_list("value", flat=True).first()
    return made_at is None or (revision or 0) > made_at


def _arrays(store: int, on_part: Callable[[], None] | None) -> dict[str, NDArray[Any]]:
    """All columns of one store, in order of item id, with their sort orders."""
    flag = {"output_field": IntegerField()}
    progress = None if on_part is None else lambda rows: on_part()
    rows = (
        Item.objects.using(router.db_for_read(Item))
        .filter(store=store, ref__isnull=False)
        .values_list(
            "id", "ref", "group_ref", "price", "list_price", "published_at",
            Coalesce("stock", Value(UNKNOWN_STOCK)),
            Case(When(available=True, then=Value(1)), default=Value(0), **flag),
            Case(When(sensitive=True, then=Value(1)), default=Value(0), **flag),
            Case(When(retired_at__isnull=False, then=Value(1)), default=Value(0), **flag),
            "margin", "model", "category", "brand", "key",
        )
    )  # fmt: skip
    (
        item_id, ref, group_ref, price, list_price, published_at, stock, available, sensitive,
        retired, margin, model, category, brand, key,
    ) = _sorted(read_queryset(rows, "iiiiiiiiiifssss", progress=progress))  # fmt: skip
    is_retired = retired.astype(bool)
    is_available = available.astype(bool) & ~is_retired
    labels, model_code = _coded(model, blank=False)
    categories, category_code = _coded(category)
    brands, brand_code = _coded(brand)
    group_id = families(item_id, group_ref)
    arrays: dict[str, NDArray[Any]] = {
        "item_id": item_id,
        "group_id": group_id,
        "ref": ref,
        "model": model_code.astype(np.int16),
        "category": category_code,
        "brand": brand_code,
        "price": price,
        "list_price": list_price,
        "available": is_available,
        "stock": np.clip(stock, UNKNOWN_STOCK, 2**31 - 1).astype(np.int32),
        "margin": margin.astype(np.float32),
        "published_at": published_at,
        "sensitive": sensitive.astype(bool),
        "retired": is_retired,
    }
    _add_order(arrays, "ref", np.argsort(ref, kind="stable"))
    best_first = np.lexsort((item_id, stock == 0, ~is_available, is_retired, group_id))
    _add_order(arrays, "group", best_first, of=group_id)
    _add_order(arrays, "category", np.argsort(category_code, kind="stable"))
    for name, texts in (
        ("labels", labels), ("categories", categories), ("brands", brands), ("keys", key),
    ):  # fmt: skip
        arrays[f"{name}_run"], arrays[f"{name}_ends"] = pack_texts(list(texts))
    return arrays


def _sorted(columns: list[NDArray[Any]]) -> list[NDArray[Any]]:
    """Rows in order of the first column; databases promise none here."""
    order = np.argsort(columns[0])
    return [column[order] for column in columns]


def families(item_id: NDArray[np.int64], group_ref: NDArray[np.int64]) -> NDArray[np.int64]:
    """Family of each item: the smallest item id of those that name the same group, else its own.

    Both are (n,) int64; `item_id` ascends, and a `group_ref` of 0 names no group.
    """
    group_id = item_id.copy()
    grouped = np.flatnonzero(group_ref)
    if len(grouped):
        # Rows ascend by item id, so the first of each group is its smallest.
        _, first, member = np.unique(group_ref[grouped], return_index=True, return_inverse=True)
        group_id[grouped] = item_id[grouped][first][member]
    return group_id


def _add_order(
    arrays: dict[str, NDArray[Any]],
    name: str,
    order: NDArray[np.int64],
    of: NDArray[Any] | None = None,
) -> None:
    values = arrays[name] if of is None else of
    arrays[f"{name}_order"] = order.astype(np.int64)
    arrays[f"{name}_sorted"] = values[order].astype(np.int64)


def _coded(
    texts: Sequence[Any] | NDArray[Any], *, blank: bool = True
) -> tuple[list[str], NDArray[np.int32]]:
    """Distinct texts in order, and each row's position among them; -1 for an empty one."""
    known = {text for text in texts if text or not blank}
    ordered = sorted(known)
    codes = {text: code for code, text in enumerate(ordered)}
    row_codes = np.fromiter((codes.get(text, -1) for text in texts), np.int32, len(texts))
    return ordered, row_codes
