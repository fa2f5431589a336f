"""Items follow the shop when it changes its keys or its model, and keep what was learnt."""

from __future__ import annotations

import io
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from persona_django.catalogue.models import Item
from persona_django.catalogue.refs import ref_of
from persona_django.catalogue.remap import remap
from persona_django.catalogue.snapshot import current_snapshot
from persona_django.catalogue.state import read_state
from persona_django.catalogue.sync import sync
from persona_django.exceptions import NotRegistered, PersonaError
from tests.second_writer import beside_a_second_writer
from tests.shop.models import Gift, Product

pytestmark = pytest.mark.django_db


def product(name: str = "Sencha", **fields: Any) -> Product:
    return Product.objects.create(**{"name": name, "price": 4, **fields})


def ids() -> dict[str, int]:
    rows = Item.objects.filter(ref__isnull=False)
    return {f"{item.model}:{item.key}": item.pk for item in rows}


def test_products_that_became_another_model_keep_their_items():
    old = [product(f"p{n}", family="x") for n in range(3)]
    sync()
    before = ids()
    new = [Gift.objects.create(label=p.name, cents=400) for p in old]
    Product.objects.all()._raw_delete("default")

    move = remap(
        "shop.Product",
        "shop.Gift",
        {str(p.pk): str(g.pk) for p, g in zip(old, new, strict=True)},
    )
    report = sync()

    assert (move.moved, move.unnamed, move.unknown, move.replaced) == (3, 0, 0, 0)
    assert (report.added, report.changed, report.retired) == (0, 3, 0)
    after = ids()
    for p, g in zip(old, new, strict=True):
        assert after[f"shop.gift:{g.pk}"] == before[f"shop.product:{p.pk}"]
    assert set(Item.objects.values_list("group_ref", flat=True)) == {0}


def test_without_a_list_of_keys_every_item_keeps_its_key():
    first = product()
    sync()
    Item.objects.update(model="old.product", ref=ref_of("old.product", first.pk))

    assert remap("old.Product", "shop.Product").moved == 1

    assert sync().changed == 1
    assert Item.objects.get().model == "shop.product"


def test_an_item_made_under_the_new_key_gives_way_to_the_one_with_the_history():
    old = product()
    sync()
    before = ids()[f"shop.product:{old.pk}"]
    new = Gift.objects.create(label="Sencha", cents=400)
    Product.objects.all()._raw_delete("default")
    sync(models=["shop.gift"])
    assert len(ids()) == 2

    move = remap("shop.product", "shop.gift", {str(old.pk): str(new.pk)})

    assert move.replaced == 1
    assert ids() == {f"shop.gift:{new.pk}": before}
    gone = Item.objects.get(ref=None)
    assert (gone.digest, gone.retired_at is None) == (0, False)


def test_two_items_may_swap_their_keys():
    a, b = product("a"), product("b")
    sync()
    before = ids()

    remap("shop.product", "shop.product", {str(a.pk): str(b.pk), str(b.pk): str(a.pk)})

    after = ids()
    assert after[f"shop.product:{a.pk}"] == before[f"shop.product:{b.pk}"]
    assert after[f"shop.product:{b.pk}"] == before[f"shop.product:{a.pk}"]


def test_what_is_not_named_stays_and_what_is_unknown_is_counted():
    product()
    sync()

    move = remap("shop.product", "shop.gift", {"no such key": "x"})

    assert (move.moved, move.unnamed, move.unknown) == (0, 1, 1)
    assert read_state(fresh=True)["catalogue"] == 1


def test_keys_that_cannot_be_are_refused_before_anything_moves():
    with pytest.raises(PersonaError, match="129"):
        remap("shop.product", "shop.gift", {"1": "x" * 129})
    with pytest.raises(PersonaError, match="same new key"):
        remap("shop.product", "shop.gift", {"1": "x", "2": "x"})
    with pytest.raises(NotRegistered):
        remap("shop.product", "shop.nothing")


def run(*args: Any, **options: Any) -> str:
    out = io.StringIO()
    call_command("persona_remap", *args, stdout=out, **options)
    return out.getvalue()


def test_the_command_moves_what_its_file_names(tmp_path: Path):
    old = product()
    sync()
    before = ids()[f"shop.product:{old.pk}"]
    key = uuid.uuid4()
    Gift.objects.create(pk=key, label="Sencha", cents=400)
    file = tmp_path / "keys.csv"
    file.write_text(f"\ufeff{old.pk},{key}\n\nnobody,somebody\n", "utf-8")

    dry = run("shop.Product", "shop.Gift", str(file), "--dry-run")
    assert list(ids()) == [f"shop.product:{old.pk}"]
    sync(models=["shop.gift"])
    done = run("shop.Product", "shop.Gift", str(file))

    assert "1 item would move" in dry
    assert "1 item moved; 0 are not in the file" in done
    assert "1 key of the file belongs to no item" in done
    assert "If a sync ran after the keys had changed" in done
    assert "out of the way" in done
    assert ids() == {f"shop.gift:{key}": before}
    snapshot = current_snapshot()
    assert snapshot is not None
    assert snapshot.item_of("shop.gift", key) == before


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"1,2,3\n", "Line 1"),
        (b"1,a\n2\n", "Line 2"),
        (b"1,a\n,b\n", "Line 2"),
        (b"1,a\n1,b\n", "second time"),
        (b"1,a\n2,a\n", "second time"),
        (b"1,\xff\n", "cannot be read"),
    ],
)
def test_a_file_that_is_not_two_keys_a_line_is_refused(tmp_path: Path, content: bytes, told: str):
    file = tmp_path / "keys.csv"
    file.write_bytes(content)

    with pytest.raises(CommandError, match=told):
        run("shop.Product", "shop.Gift", str(file))


def test_a_file_that_is_not_there_or_a_model_that_is_unknown_is_said(tmp_path: Path):
    with pytest.raises(CommandError, match="cannot be read"):
        run("shop.Product", "shop.Gift", str(tmp_path / "none.csv"))
    with pytest.raises(CommandError, match=r"persona\.py"):
        run("shop.Product", "shop.Nothing")


def test_keys_are_changed_on_sqlite_while_others_write(tmp_path):
    with beside_a_second_writer(tmp_path):
        item = Item.objects.create(
            model="shop.product", key="1", ref=ref_of("shop.product", "1"), title="Sencha"
        )

        move = remap("shop.Product", "shop.Product", {"1": "sencha"})

        assert move.moved == 1
        assert ids() == {"shop.product:sencha": item.pk}
