"""The catalogue as columns: families, orders and keys are right; a damaged one never serves."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import DatabaseError
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from persona_django.artefacts import store as artefacts
from persona_django.artefacts.models import Artefact, ArtefactPart
from persona_django.catalogue import snapshot as module
from persona_django.catalogue.building import families
from persona_django.catalogue.models import Item, State
from persona_django.catalogue.refs import refs_of
from persona_django.catalogue.snapshot import (
    Snapshot,
    build_snapshot,
    current_snapshot,
    forget,
    snapshot_is_stale,
)
from persona_django.catalogue.state import bump, point, read_state
from persona_django.catalogue.sync import sync
from tests.catalogue.tables import without_tables
from tests.shop.models import Brand, Category, Gift, Product

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path) -> Iterator[None]:
    with override_settings(PERSONA={"CACHE_FOLDER": str(tmp_path / "cache"), "BASES_KEPT": 2}):
        yield


def made(name: str = "Sencha", *, category: str = "", **fields: Any) -> Product:
    place = Category.objects.get_or_create(path=category)[0] if category else None
    return Product.objects.create(**{"name": name, "price": 4, "category": place, **fields})


def taken() -> Snapshot:
    """Sync, build and map."""
    sync()
    build_snapshot()
    found = current_snapshot()
    assert found is not None
    return found


def item_id(obj: Any) -> int:
    return Item.objects.get(key=str(obj.pk), ref__isnull=False).pk


def test_before_the_first_one_there_is_none():
    assert current_snapshot() is None


def test_an_empty_shop_has_an_empty_snapshot():
    found = taken()

    assert len(found) == 0
    assert found.item_of("shop.product", 1) == 0
    assert found.rows_of([1, 2]).tolist() == [-1, -1]
    assert found.group_of([1]).tolist() == [0]
    assert found.group_rows([1]).tolist() == [-1]
    assert found.members(1).tolist() == []
    assert found.rows_in_category(0).tolist() == []


def test_columns_say_what_the_mirror_says():
    brand = Brand.objects.create(name="Teahouse")
    tea = made(category="Drinks > Tea", brand=brand, list_price=6, stock=3)
    made("Kettle", category="Kitchen", is_active=False)
    gift = Gift.objects.create(label="Voucher", cents=100)

    found = taken()

    row = int(found.rows_of([item_id(tea)])[0])
    assert found.price[row] == 400
    assert found.list_price[row] == 600
    assert found.stock[row] == 3
    assert found.categories[found.category[row]] == "Drinks > Tea"
    assert found.brands[found.brand[row]] == "Teahouse"
    assert found.available.tolist() == [True, False, True]
    assert found.published_at[row] == int(tea.created.timestamp())
    assert not found.sensitive.any()
    assert (found.label_of(row), found.key_of(row)) == ("shop.product", str(tea.pk))
    other = int(found.rows_of([item_id(gift)])[0])
    assert (found.label_of(other), found.key_of(other)) == ("shop.gift", str(gift.pk))
    assert (found.category[other], found.brand[other], found.stock[other]) == (-1, -1, -1)
    assert np.isnan(found.margin[other])
    assert found.item_id.tolist() == sorted(found.item_id.tolist())
    assert not found.price.flags.writeable


def test_items_are_found_by_the_shops_keys():
    products = [made(f"p{n}") for n in range(5)]
    found = taken()

    refs = refs_of("shop.product", [product.pk for product in products])

    assert found.items_of_refs(refs).tolist() == [item_id(p) for p in products]
    assert found.items_of_refs([1]).tolist() == [0]
    assert found.item_of("shop.product", products[2].pk) == item_id(products[2])
    assert found.item_of("shop.gift", products[2].pk) == 0


def test_a_family_is_led_by_its_oldest_item_and_shows_its_best():
    sold_out = made("S", family="shirt", stock=0)
    hidden = made("M", family="shirt", is_active=False)
    good = made("L", family="shirt")
    better = made("XL", family="shirt")
    alone = made("Mug")
    found = taken()
    family = item_id(sold_out)

    assert found.group_of([item_id(p) for p in (hidden, good, alone)]).tolist() == [
        family,
        family,
        item_id(alone),
    ]
    assert found.members(family).tolist() == [
        item_id(good),
        item_id(better),
        item_id(sold_out),
        item_id(hidden),
    ]
    best = found.group_rows([family, item_id(alone), 999_999])
    assert found.item_id[best[:2]].tolist() == [item_id(good), item_id(alone)]
    assert best[2] == -1
    assert found.members(999_999).tolist() == []


def test_a_retired_item_keeps_its_family_but_is_never_offered():
    leader, variant = made("S", family="shirt"), made("M", family="shirt")
    sync()
    family = item_id(leader)
    Item.objects.filter(pk=family).update(retired_at="2026-01-01T00:00:00Z")
    bump("catalogue")
    build_snapshot()

    found = current_snapshot()

    assert found is not None
    row = int(found.rows_of([family])[0])
    assert (bool(found.retired[row]), bool(found.available[row])) == (True, False)
    assert found.group_of([item_id(variant)]).tolist() == [family]
    assert found.members(family).tolist() == [item_id(variant)]
    assert found.item_id[found.group_rows([family])].tolist() == [item_id(variant)]


def test_a_deleted_row_is_not_in_it_and_its_recycled_key_is_another_item():
    product = made()
    first = taken().item_of("shop.product", product.pk)
    key = product.pk
    product.delete()
    sync()
    assert taken().item_of("shop.product", key) == 0
    made("Something else", pk=key)

    found = taken()

    assert found.item_of("shop.product", key) not in (0, first)
    assert found.rows_of([first]).tolist() == [-1]


def test_rows_of_a_category_come_in_order():
    tea = [made(f"t{n}", category="Tea") for n in range(3)]
    made("mug", category="Mugs")
    made("nowhere")
    found = taken()

    rows = found.rows_in_category(found.category_code("Tea"))

    assert found.item_id[rows].tolist() == [item_id(product) for product in tea]
    assert found.categories == ("Mugs", "Tea")
    assert found.category_code("Nowhere") == -1
    assert found.rows_in_category(-1).tolist() == []


@given(st.lists(st.integers(0, 3), max_size=12))
def test_a_family_is_its_smallest_item_id(groups: list[int]):
    ids = np.arange(10, 10 + len(groups), dtype=np.int64)

    found = families(ids, np.array(groups, dtype=np.int64))

    expected = [ids[groups.index(group) if group else at] for at, group in enumerate(groups)]
    assert found.tolist() == expected


def test_a_process_maps_a_snapshot_once_and_follows_the_next():
    made()
    first = taken()
    assert current_snapshot() is first

    made("Another")
    second = taken()

    assert second is not first
    assert (len(first), len(second)) == (1, 2)
    assert second.revision > first.revision


def test_old_snapshots_are_pruned_but_the_one_in_use_is_not():
    made()
    for _ in range(4):
        taken()

    assert Artefact.objects.count() == 2
    assert Artefact.objects.filter(pk=read_state()["snapshot"]).exists()


def test_a_snapshot_of_an_older_catalogue_never_replaces_a_newer_one():
    made()
    newer = taken()
    used = read_state()["snapshot"]
    State.objects.filter(name="catalogue").update(value=0)

    build_snapshot()

    assert read_state(fresh=True)["snapshot"] == used
    assert current_snapshot() is newer


def test_a_snapshot_is_stale_once_the_catalogue_moved():
    assert snapshot_is_stale()
    made()
    taken()
    assert not snapshot_is_stale()
    made("Another")
    sync()

    assert snapshot_is_stale()


def damage_newest() -> int:
    artefact_id = build_snapshot()
    part = ArtefactPart.objects.get(artefact_id=artefact_id)
    data = bytearray(bytes(part.data))
    data[len(data) // 2] ^= 1
    part.data = bytes(data)
    part.save()
    read_state(fresh=True)
    return artefact_id


def test_a_damaged_snapshot_is_logged_and_the_last_good_one_serves(
    caplog: pytest.LogCaptureFixture,
):
    made()
    good = taken()
    made("Another")
    sync()
    damage_newest()

    with caplog.at_level(logging.ERROR):
        found = [current_snapshot() for _ in range(5)]

    assert found == [good] * 5
    assert caplog.text.count("cannot be used") == 1
    assert "persona_sync" in caplog.text


def test_a_damaged_first_snapshot_is_none_until_a_sound_one_comes():
    made()
    sync()
    damage_newest()
    assert current_snapshot() is None
    assert current_snapshot() is None

    assert len(taken()) == 1


def test_a_damaged_snapshot_is_tried_again_after_a_while(monkeypatch: pytest.MonkeyPatch):
    made()
    sync()
    artefact_id = damage_newest()
    assert current_snapshot() is None
    part = ArtefactPart.objects.get(artefact_id=artefact_id)
    data = bytearray(bytes(part.data))
    data[len(data) // 2] ^= 1
    part.data = bytes(data)
    part.save()
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.0)

    assert current_snapshot() is not None


@pytest.mark.parametrize(
    "arrays",
    [{"revision": np.array([1])}, {"revision": np.array([1]), "labels_run": np.array([300])}],
)
def test_arrays_of_another_shape_do_not_serve(arrays: dict[str, Any]):
    artefact_id = artefacts.save("snapshot/1", arrays, schema=module.SCHEMA)
    point("snapshot", artefact_id, fence=9)

    assert current_snapshot() is None


def test_a_layout_of_another_release_does_not_serve():
    made()
    taken()
    Artefact.objects.update(schema=module.SCHEMA + 1)
    forget()

    assert current_snapshot() is None


def test_threads_that_ask_at_once_get_one_and_the_same():
    made()
    sync()
    build_snapshot()
    read_state()
    loads: list[int] = []
    sound = artefacts.load

    def slowly(artefact_id: int, *, schema: int) -> Any:
        loads.append(artefact_id)
        threading.Event().wait(0.05)
        return arrays

    arrays = sound(read_state()["snapshot"], schema=module.SCHEMA)
    forget()
    found: list[Snapshot | None] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(artefacts, "load", slowly)
        threads = [
            threading.Thread(target=lambda: found.append(current_snapshot())) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert len(loads) == 1
    assert len(set(map(id, found))) == 1
    assert found[0] is not None


def test_while_one_thread_maps_the_next_the_others_go_on_with_the_last():
    made()
    last = taken()
    made("Another")
    sync()
    build_snapshot()
    read_state(fresh=True)

    with module._lock:
        assert current_snapshot() is last

    assert current_snapshot() is not last


@pytest.mark.django_db(transaction=True)
def test_without_tables_there_is_no_snapshot_and_the_log_says_once_what_to_do(
    caplog: pytest.LogCaptureFixture,
):
    made()
    last = taken()
    with without_tables(), caplog.at_level(logging.WARNING):
        assert read_state(fresh=True) == {}
        assert current_snapshot() is None
        assert current_snapshot() is None

    assert last is not None
    assert caplog.text.count("manage.py migrate") == 1


@pytest.mark.django_db(transaction=True)
def test_a_missing_table_of_artefacts_costs_the_snapshot_only(
    caplog: pytest.LogCaptureFixture,
):
    made()
    last = taken()
    point("snapshot", 999, fence=10**6)
    with without_tables(Artefact, ArtefactPart), caplog.at_level(logging.WARNING):
        assert current_snapshot() is last
        forget()
        read_state(fresh=True)
        assert current_snapshot() is None

    assert caplog.text.count("manage.py migrate") == 1


def test_a_database_that_is_down_is_the_callers_to_handle(monkeypatch: pytest.MonkeyPatch):
    made()
    sync()
    build_snapshot()
    read_state()

    def down(*args: Any, **kwargs: Any) -> Any:
        raise DatabaseError("server closed the connection")

    monkeypatch.setattr(artefacts, "load", down)

    with pytest.raises(DatabaseError):
        current_snapshot()
