"""Files of orders and events, as somebody imports them."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from persona_django.catalogue.models import Item
from persona_django.exceptions import BadImport
from persona_django.identity.keys import keyed
from persona_django.importing import files, runs
from persona_django.importing.models import ImportRun
from persona_django.importing.runs import Options, import_file
from persona_django.tracking import writing
from persona_django.tracking.events import read_events
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Basis, Kind
from tests.importing.files import EVENTS, SHOP, refused, rows
from tests.tracking.catalogue import gift, item_of, product, stocked

pytestmark = pytest.mark.django_db


def test_a_line_becomes_a_purchase_with_price_time_and_quantity(file):
    tea, item = stocked()
    path = file(f"17850,{tea.pk},purchase,2010-12-01T08:26:00,2.55,6,536365")

    report = import_file(path, SHOP)

    assert (report.lines, report.stored, report.repeated, report.rejected) == (1, 1, 0, 0)
    assert report.rejects is None
    assert rows("kind", "item_id", "at", "quantity", "price", "basis") == [
        (Kind.PURCHASE, item, 1_291_191_960, 6, 255, Basis.AGGREGATE)
    ]
    assert rows("shopper", "order") == [
        (keyed("aggregate", "17850"), keyed("order", "import\x00536365"))
    ]


@pytest.mark.parametrize(
    ("basis", "purpose"),
    [("aggregate", "aggregate"), ("customer", "customer"), ("consent", "customer")],
)
def test_the_basis_decides_under_which_key_a_customer_is_kept(file, basis, purpose):
    tea, _ = stocked()
    path = file(f"anna,{tea.pk},purchase,2010-12-01,1,1,1")

    import_file(path, Options(model="shop.product", basis=basis))

    assert rows("shopper", "basis") == [(keyed(purpose, "anna"), Basis.of(basis))]


def test_the_plain_customer_and_order_are_stored_nowhere(file):
    tea, _ = stocked()
    import_file(file(f"anna@shop.example,{tea.pk},purchase,2010-12-01,1,1,INV77"), SHOP)

    stored = str(list(Event.objects.values())) + str(list(ImportRun.objects.values()))

    assert "anna" not in stored
    assert "INV77" not in stored


def test_importing_a_file_twice_changes_nothing(file):
    tea, _ = stocked()
    path = file(
        f"1,{tea.pk},purchase,2010-12-01,1,1,A",
        f"1,{tea.pk},purchase,2010-12-01,1,1,A",
        f"2,{tea.pk},purchase,2010-12-02,1,1,B",
    )
    first = import_file(path, SHOP)
    before = rows("shopper", "uid", "quantity")

    again = import_file(path, SHOP)
    anew = import_file(path, SHOP, restart=True)

    assert first.stored == 3
    assert again.was_done and not first.was_done
    assert (anew.stored, anew.repeated) == (0, 3)
    assert rows("shopper", "uid", "quantity") == before


def test_files_that_overlap_store_what_they_share_once(file):
    tea, _ = stocked()
    shared = [f"1,{tea.pk},purchase,2010-12-0{day},1,1,A{day}" for day in (1, 2, 3)]
    import_file(file(*shared[:2], name="first.csv"), SHOP)

    report = import_file(file(*shared[1:], name="second.csv"), SHOP)

    assert (report.stored, report.repeated) == (1, 1)
    assert Event.objects.count() == 3


def test_the_same_event_twice_is_one_and_the_same_order_line_twice_is_two(file):
    tea, _ = stocked()
    line = f"1,{tea.pk},purchase,2010-12-01,1,1,A"

    orders = import_file(file(line, line), SHOP)
    Event.objects.all().delete()
    events = import_file(file(line, line), EVENTS)

    assert (orders.stored, orders.repeated) == (2, 0)
    assert (events.stored, events.repeated) == (1, 1)


def test_a_return_and_a_negative_quantity_are_refunds(file):
    tea, _ = stocked()
    path = file(
        f"1,{tea.pk},purchase,2010-12-01,1,5,A",
        f"1,{tea.pk},return,2010-12-02,1,-2,CA",
        f"1,{tea.pk},purchase,2010-12-03,1,-1,CB",
        f"1,{tea.pk},return,2010-12-04,1,1,CC",
    )

    import_file(path, SHOP)

    assert rows("kind", "quantity") == [
        (Kind.PURCHASE, 5),
        (Kind.REFUND, 2),
        (Kind.REFUND, 1),
        (Kind.REFUND, 1),
    ]
    assert read_events().quantity.tolist() == [1]


def test_an_order_without_a_customer_has_a_buyer_of_its_own(file):
    tea, _ = stocked()
    path = file(*(f",{tea.pk},purchase,2010-12-01,1,1,{order}" for order in "AAB"))

    import_file(path, SHOP)

    shoppers = [shopper for (shopper,) in rows("shopper")]
    assert len(set(shoppers)) == 2


def test_events_of_every_kind_come_in_under_the_words_shops_use(file):
    tea, item = stocked()
    words = ["view", "pv", "click", "cart", "remove_from_cart", "favorite", "Purchase"]
    path = file(*(f"7,{tea.pk},{word},157008240{n},,," for n, word in enumerate(words)))

    report = import_file(path, EVENTS)

    assert report.rejected == 0
    kinds = [Kind(kind).name for (kind,) in rows("kind")]
    assert kinds == ["VIEW", "VIEW", "CLICK", "CART_ADD", "CART_REMOVE", "SAVE", "PURCHASE"]
    assert set(rows("item_id", "quantity", "price")) == {(item, 1, None)}


def test_events_without_a_kind_column_are_views_and_need_a_customer(file):
    tea, _ = stocked()
    path = file(f"1,{tea.pk},2019-10-01 00:00:00 UTC", f",{tea.pk},2019-10-01", header="u,item,t")

    report = import_file(
        path, Options(kind="event", model="shop.product", mapping={"u": "customer", "t": "time"})
    )

    assert rows("kind", "at") == [(Kind.VIEW, 1_569_888_000)]
    assert [row[1] for row in refused(report)] == ["no customer"]


def test_a_file_may_write_the_keys_of_items_in_another_spelling(file):
    voucher = gift()
    item = item_of(voucher)

    options = Options(model="shop.gift")
    import_file(file(f"1,{voucher.pk.hex},purchase,2010-12-01,1,1,A"), options)

    assert rows("item_id") == [(item,)]


def test_items_may_be_named_by_another_field_of_the_product(file):
    _, item = stocked("85123A")
    product("no number")

    options = Options(model="shop.product", item_field="name")
    import_file(file("1,85123A,purchase,2010-12-01,1,1,A"), options)

    assert rows("item_id") == [(item,)]


def test_a_line_with_a_name_of_its_own_is_known_by_it(file):
    tea, _ = stocked()
    header = "user_id,item_id,date,order_id,line"
    first = file(f"1,{tea.pk},2010-12-01,A,77", header=header, name="a.csv")
    corrected = file(f"1,{tea.pk},2010-12-05,A,77", header=header, name="b.csv")
    options = replace(SHOP, mapping={"line": "uid"})

    import_file(first, options)
    report = import_file(corrected, options)

    assert report.repeated == 1


@pytest.mark.parametrize("mapping", [{}, {"line_id": "uid"}])
def test_lines_that_are_numbered_within_their_order_are_all_stored(file, mapping):
    tea, _ = stocked()
    mug, _ = stocked("Mug")
    path = file(
        f"1,{tea.pk},2010-12-01,A,1,1",
        f"1,{mug.pk},2010-12-01,A,2,1",
        f"1,{tea.pk},2010-12-08,B,1,1",
        f"1,{mug.pk},2010-12-08,B,2,1",
        f"1,{mug.pk},2010-12-09,B,2,-1",
        header="user_id,item_id,date,order_id,line_id,quantity",
    )

    report = import_file(path, replace(SHOP, mapping=mapping))

    assert (report.stored, report.repeated) == (5, 0)


def test_lines_without_the_name_that_others_have_are_known_by_what_they_say(file):
    tea, _ = stocked()
    path = file(
        f"1,{tea.pk},2010-12-01,A,",
        f"1,{tea.pk},2010-12-01,A,",
        f"1,{tea.pk},2010-12-08,B, ",
        f"1,{tea.pk},2010-12-09,C,77",
        header="user_id,item_id,date,order_id,uid",
    )

    first = import_file(path, SHOP)
    again = import_file(path, SHOP, restart=True)

    assert (first.stored, first.repeated) == (4, 0)
    assert (again.stored, again.repeated) == (0, 4)


@pytest.mark.parametrize("how", [{}, {"restart": True}, {"dry_run": True}])
@pytest.mark.parametrize("others", [{}, {"time_zone": "Europe/Vienna"}])
def test_the_same_file_for_another_use_is_refused_before_it_counts_twice(file, how, others):
    tea, _ = stocked()
    path = file(f"1,{tea.pk},purchase,2010-12-01,1,1,A")
    import_file(path, SHOP)

    with pytest.raises(BadImport, match=r"--basis aggregate"):
        import_file(path, replace(SHOP, basis="customer", **others), **how)

    assert Event.objects.count() == 1
    assert import_file(path, SHOP).was_done


def test_a_file_of_which_nothing_came_in_may_be_imported_for_another_use(file):
    tea, _ = stocked()
    path = file(f"1,{tea.pk},purchase,2010-12-01,1,1,A")
    import_file(path, replace(SHOP, time_format="%d.%m.%Y"))

    report = import_file(path, replace(SHOP, basis="customer"))

    assert report.stored == 1


@pytest.mark.parametrize("stop_at", range(1, 12))
def test_killed_at_any_write_it_goes_on_there_and_every_count_is_right(file, monkeypatch, stop_at):
    monkeypatch.setattr(files, "CHUNK_LINES", 4)
    monkeypatch.setattr(writing, "_rows_at_once", lambda vendor: 2)
    tea, _ = stocked()
    lines = [f"{n % 3},{tea.pk},purchase,2010-12-01,1,1,A" for n in range(10)]
    lines[2] = lines[7] = "1,POST,purchase,2010-12-01,1,1,A"
    path = file(*lines)
    writes = 0
    really = writing._insert_part

    def insert(connection: Any, values: Any) -> int:
        nonlocal writes
        writes += 1
        if writes == stop_at:
            raise KeyboardInterrupt
        return really(connection, values)

    monkeypatch.setattr(writing, "_insert_part", insert)
    if stop_at <= 5:
        with pytest.raises(KeyboardInterrupt):
            import_file(path, SHOP)
    report = import_file(path, SHOP)

    assert (report.lines, report.stored, report.repeated, report.rejected) == (10, 8, 0, 2)
    assert [row[0] for row in refused(report)] == ["4", "9"]
    assert Event.objects.count() == 8
    assert ImportRun.objects.get().finished_at is not None


def test_an_import_that_goes_on_says_from_where(file, monkeypatch):
    monkeypatch.setattr(files, "CHUNK_LINES", 2)
    tea, _ = stocked()
    path = file(*(f"{n},{tea.pk},purchase,2010-12-01,1,1,A" for n in range(6)))
    kept = runs._Run.keep

    def keep(self: Any, rows: Any, *, lines: int) -> None:
        if self.rows_done == 4:
            raise KeyboardInterrupt
        kept(self, rows, lines=lines)

    with monkeypatch.context() as patched:
        patched.setattr(runs._Run, "keep", keep)
        with pytest.raises(CommandError, match="it goes on here"):
            call_command("persona_import", str(path), "--model", "shop.product")
    said = io.StringIO()
    call_command("persona_import", str(path), "--model", "shop.product", stdout=said)

    assert "Went on after 4 lines" in said.getvalue()
    assert "6 lines, 6 stored" in said.getvalue()


def test_nothing_is_imported_of_sensitive_items(file):
    tea, _ = stocked()
    test, item = stocked("Test")
    Item.objects.filter(pk=item).update(sensitive=True)
    lines = [f"anna,{one.pk},purchase,2010-12-01,1,1,1" for one in (tea, test)]

    report = import_file(file(*lines), SHOP)

    assert (report.stored, report.rejected) == (1, 1)
    assert report.reasons == {"sensitive item": 1}
