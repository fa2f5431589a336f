"""A reconcile page by page, each in another process, finds what one in one go finds."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.db import router, transaction
from django.db.models import F, QuerySet

from persona_django.artefacts import store as artefacts
from persona_django.catalogue import ItemMap, register, registry, walking
from persona_django.catalogue.models import Item
from persona_django.catalogue.state import read_state
from persona_django.catalogue.sync import sync
from persona_django.exceptions import BrokenMap
from tests.catalogue.mirror import item_of, made, plain_map
from tests.shop.models import Gift, Product

pytestmark = pytest.mark.django_db

PLACE = "work/reconcile/1"


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("persona_django.catalogue.reading.PAGE_ROWS", 3)
    monkeypatch.setattr("persona_django.catalogue.walking.KEYS_AT_A_TIME", 2)


class Active(ItemMap):
    title, price, url = "name", "price", "get_absolute_url"

    def queryset(self) -> QuerySet[Product]:
        return Product.objects.filter(is_active=True)


class Vouchers(ItemMap):
    title, price, url = "label", "cents", "get_absolute_url"


def a_changed_shop() -> None:
    """Eleven products and four vouchers in the mirror; then much of it changes unseen."""
    products = [made(f"Tea {number}") for number in range(11)]
    gifts = [Gift.objects.create(label=f"Voucher {number}", cents=5) for number in range(4)]
    sync()
    pks = [product.pk for product in products]
    Product.objects.filter(pk__in=pks[1:4]).update(price=F("price") + 1)
    Product.objects.filter(pk__in=pks[4:7]).update(is_active=False)
    Product.objects.filter(pk__in=pks[7:10])._raw_delete("default")
    Gift.objects.filter(pk=gifts[0].pk).update(label="Another one")
    Gift.objects.filter(pk=gifts[1].pk)._raw_delete("default")
    Product.objects.bulk_create(Product(name=f"New {number}", price=1) for number in range(5))
    Item.objects.create(model="shop.gone", key="1", ref=77, title="Of a model that is gone")


def mirror() -> list[tuple[Any, ...]]:
    rows = Item.objects.order_by("model", "key", "title").values_list(
        "model", "key", "ref", "title", "price", "digest", "retired_at"
    )
    return [(*row[:-1], row[-1] is None) for row in rows]


@contextmanager
def undone() -> Iterator[None]:
    """What is written meanwhile, on the database of the mirror, is taken back."""
    alias = router.db_for_write(Item)
    with transaction.atomic(using=alias):
        yield
        transaction.set_rollback(True, using=alias)


def in_one_go() -> list[tuple[Any, ...]]:
    """What the mirror would hold after a sync."""
    with undone():
        sync()
        return mirror()


def nothing() -> None:
    """Nobody has to be told."""


def chunk(beat: Callable[[], None] = nothing) -> bool:
    """One message's worth, with no time at all: one page. As in a process of its own."""
    walk = walking.recall()
    if walk.advance(seconds=0, beat=beat):
        walking.discard()
        walk.finish()
        return True
    walking.keep(walk)
    return False


def chunks() -> int:
    done = 1
    while not chunk():
        done += 1
        assert done < 100
    return done


def test_page_by_page_ends_with_the_same_mirror_as_in_one_go(own_maps: None):
    register(Product)(Active)
    register(Gift)(Vouchers)
    a_changed_shop()
    wanted = in_one_go()
    assert mirror() != wanted

    messages = chunks()

    # Four pages of products, two of vouchers, four of what left; more where a page came up empty.
    assert messages >= 10
    assert mirror() == wanted
    assert artefacts.newest(PLACE) is None


def test_with_time_enough_all_of_it_is_one_chunk(own_maps: None):
    register(Product)(Active)
    register(Gift)(Vouchers)
    a_changed_shop()
    wanted = in_one_go()

    assert walking.recall().advance(seconds=60, beat=nothing)

    assert mirror() == wanted


class Killed(BaseException):
    """Ends a process at once: nothing of ours catches it."""


@pytest.mark.parametrize("page", range(1, 11))
def test_killed_at_any_page_it_goes_on_and_ends_the_same(page: int, own_maps: None):
    register(Product)(Active)
    register(Gift)(Vouchers)
    a_changed_shop()
    wanted = in_one_go()
    with undone():
        unharmed = chunks()
    pages = iter(range(1, page + 1))

    def kill_at_the_last() -> None:
        if next(pages) == page:
            raise Killed

    before = 0
    with pytest.raises(Killed):
        while not chunk(kill_at_the_last):
            before += 1
    after = chunks()

    assert mirror() == wanted
    assert before + after <= unharmed + 1, "only the page it died at was done again"


def test_what_was_looked_at_is_not_looked_at_again_after_a_kill(own_maps: None):
    register(Product)(Active)
    for number in range(9):
        made(f"Tea {number}")
    sync()
    chunk()
    first, last = Product.objects.order_by("pk").first(), Product.objects.order_by("pk").last()
    assert first and last
    Product.objects.update(name="Renamed")

    chunks()

    assert item_of(first).title == "Tea 0", "its page was over; the next reconcile finds it"
    assert item_of(last).title == "Renamed"


def test_a_product_that_came_in_behind_the_page_is_not_taken_for_one_that_left(own_maps: None):
    register(Gift)(Vouchers)
    for number in range(5):
        Gift.objects.create(label=f"Voucher {number}", cents=5)
    chunk()

    late = Gift.objects.create(pk="00000000-0000-0000-0000-000000000001", label="Late", cents=1)
    sync(models=[Gift])
    chunks()

    assert item_of(late).retired_at is None


def test_every_chunk_that_changed_something_tells_the_snapshot(own_maps: None):
    register(Product)(Active)
    for number in range(7):
        made(f"Tea {number}")
    seen = [read_state(fresh=True).get("catalogue", 0)]

    over = False
    while not over:
        over = chunk()
        seen.append(read_state(fresh=True).get("catalogue", 0))

    # Three pages with new products, then nothing but looking.
    assert seen[3] == seen[0] + 3
    assert seen[-1] == seen[3]


def test_the_log_says_once_what_all_chunks_found(own_maps: None, caplog: pytest.LogCaptureFixture):
    register(Product)(Active)
    for number in range(7):
        made(f"Tea {number}")

    with caplog.at_level(logging.INFO, "persona_django.catalogue"):
        chunks()
        chunks()

    (said,) = [text for text in caplog.messages if "Signals had missed" in text]
    assert "7 added" in said


def test_a_broken_map_is_told_at_the_end_and_the_others_are_read(own_maps: None):
    register(Product)(Active)
    register(Gift)(Vouchers)
    made()
    Gift.objects.create(label="Voucher", cents=5)
    sync()
    Gift.objects.update(label="Renamed")

    def fails(self: ItemMap) -> QuerySet[Product]:
        raise RuntimeError("no such season")

    with registry.isolated():
        register(Product)(plain_map())
        register(Gift)(Vouchers)
        item_map = registry.item_maps()["shop.product"]
        type(item_map).queryset = fails  # type: ignore[method-assign]
        with pytest.raises(BrokenMap, match="no such season"):
            chunks()

    assert Item.objects.get(model="shop.gift").title == "Renamed"
    assert Item.objects.get(model="shop.product").retired_at is None
    assert artefacts.newest(PLACE) is None


def test_a_map_that_was_taken_out_meanwhile_has_its_items_retired(own_maps: None):
    with registry.isolated():
        register(Product)(Active)
        for number in range(7):
            made(f"Tea {number}")
        sync()
        assert not chunk()

    chunks()

    assert not Item.objects.filter(retired_at=None).exists()


def test_a_queryset_that_cannot_be_paged_is_one_chunk(own_maps: None):
    for number in range(7):
        made(f"Tea {number}")
    names = [f"Tea {number}" for number in range(5)]

    def narrowed(self: ItemMap) -> QuerySet[Product]:
        return Product.objects.filter(name__in=names).order_by("name")[:5]

    register(Product)(plain_map())
    item_map = registry.item_maps()["shop.product"]
    type(item_map).queryset = narrowed  # type: ignore[method-assign]
    chunk()

    assert Item.objects.count() == 5
    assert chunks() == 2
    assert Item.objects.filter(retired_at=None).count() == 5


def test_keys_that_their_text_does_not_give_back_are_read_in_one_chunk(
    own_maps: None, monkeypatch: pytest.MonkeyPatch
):
    register(Gift)(Vouchers)
    for number in range(7):
        Gift.objects.create(label=f"Voucher {number}", cents=5)

    def refuse(value: Any) -> Any:
        if isinstance(value, str):
            raise ValidationError("no such key")
        return value

    monkeypatch.setattr(Gift._meta.pk, "to_python", refuse)

    assert chunks() <= 3
    assert Item.objects.filter(retired_at=None).count() == 7


@pytest.mark.parametrize("spoil", ["old", "lost", "of another layout", "of other fields"])
def test_a_place_that_cannot_be_gone_on_from_is_the_beginning(
    spoil: str, own_maps: None, monkeypatch: pytest.MonkeyPatch
):
    register(Product)(Active)
    for number in range(7):
        made(f"Tea {number}")
    chunk()
    Product.objects.update(name="Renamed")

    if spoil == "old":
        walk = walking.recall()
        walk.since = time.time() - 2 * walking.OLDEST.total_seconds()
        walking.keep(walk)
    elif spoil == "lost":
        walking.discard()
    elif spoil == "of other fields":
        text = json.dumps({"since": time.time(), "report": {}, "behind": "31"}).encode()
        walk_of = {"walk": np.frombuffer(text, dtype=np.uint8)}
        artefacts.save("work/reconcile/1", walk_of, schema=walking.SCHEMA)
    else:
        monkeypatch.setattr("persona_django.catalogue.walking.SCHEMA", 99)
    chunks()

    assert set(Item.objects.values_list("title", flat=True)) == {"Renamed"}
