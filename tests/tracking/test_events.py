"""The event log as columns."""

from __future__ import annotations

import re
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from django.db import connections, router
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from persona_django.identity.models import Standing, Visitor
from persona_django.tracking.events import _places, _settled, read_events
from persona_django.tracking.ingest import NewEvent, insert
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Basis, Kind
from tests.plans import analyse, walks_through_all

pytestmark = pytest.mark.django_db


def happened(kind: Kind = Kind.VIEW, shopper: int = 1, item_id: int = 7, **fields: Any) -> None:
    happened.uid += 1  # type: ignore[attr-defined]
    at = fields.pop("at", 1_700_000_000)
    event = NewEvent(
        kind=kind, shopper=shopper, item_id=item_id, uid=happened.uid, at=at, **fields
    )
    insert([event])


happened.uid = 0  # type: ignore[attr-defined]


def test_events_come_back_as_they_were_recorded():
    happened(
        Kind.PURCHASE,
        shopper=5,
        item_id=9,
        order=3,
        quantity=4,
        basis=Basis.AGGREGATE,
        value=2_047,
        # The largest numbers there are, so that none reaches into another's place.
        context=2**18 - 1,
    )

    events = read_events()

    row = {name: getattr(events, name).tolist() for name in events.__dataclass_fields__}
    assert row == {
        "shopper": [5],
        "item": [9],
        "kind": [Kind.PURCHASE],
        "at": [1_700_000_000],
        "order": [3],
        "quantity": [4],
        "basis": [Basis.AGGREGATE],
        "value": [2_047],
        "context": [2**14 - 2**3],
    }


def test_no_events_are_empty_columns():
    events = read_events()

    assert len(events) == 0
    assert events.item.dtype == np.int64


def test_only_the_kinds_store_and_time_asked_for_are_read():
    happened(Kind.VIEW)
    happened(Kind.CLICK)
    happened(Kind.CLICK, store=2)
    happened(Kind.CLICK, at=1_600_000_000)

    clicks = read_events(kinds=[Kind.CLICK], since=1_650_000_000)

    assert clicks.kind.tolist() == [Kind.CLICK]
    assert len(read_events(2)) == 1


def test_the_last_days_of_a_long_log_are_found_without_walking_through_it():
    """Of 3,000 old events, four of today, one of them told late, and an import that came last."""
    now, long_ago = 1_700_000_000, 1_600_000_000
    times = [*[long_ago] * 3_000, now, now + 9, now + 5, *[long_ago] * 50, now + 1, long_ago]
    insert(
        NewEvent(kind=Kind.VIEW, shopper=1, item_id=7, uid=uid, at=at)
        for uid, at in enumerate(times, 1)
    )
    analyse(Event)

    with CaptureQueriesContext(connections[router.db_for_read(Event)]) as asked:
        events = read_events(since=now)

    assert sorted(events.at.tolist()) == [now, now + 1, now + 5, now + 9]
    statements = [one["sql"] for one in asked]
    (beginning,) = (one for one in statements if "MIN(" in one)
    assert not walks_through_all(beginning)
    # PostgreSQL copies rows out, which no log of statements has.
    starts = [int(low) for one in statements for low in re.findall(r"c\d BETWEEN (\d+)", one)]
    assert all(low >= Event.objects.filter(at__gte=now).earliest("id").pk for low in starts)


def test_where_nothing_happened_lately_nothing_is_read():
    happened()

    assert len(read_events(since=1_800_000_000)) == 0


def test_a_visitor_counts_as_the_account_they_are_linked_to():
    agreed = {"purposes": "measure", "standing": Standing.QUALIFIED}
    Visitor.objects.create(key=1, account=99, **agreed)
    Visitor.objects.create(key=2, account=99, **agreed)
    Visitor.objects.create(key=3, **agreed)
    for shopper in (1, 2, 3, 4):
        happened(shopper=shopper)

    assert sorted(read_events().shopper.tolist()) == [3, 4, 99, 99]


def test_a_visitor_who_took_consent_back_teaches_nothing_any_more():
    Visitor.objects.create(key=1, purposes="")
    happened(shopper=1)
    happened(shopper=2)

    assert read_events().shopper.tolist() == [2]


@pytest.mark.parametrize(
    "fields",
    [{"standing": Standing.NEW}, {"standing": Standing.ROBOT}, {"rank": 201}],
    ids=["passed by", "robot", "one of too many of a network"],
)
def test_whose_doings_do_not_count_teaches_nothing(fields):
    agreed = {"purposes": "measure", "standing": Standing.QUALIFIED, "rank": 200}
    Visitor.objects.create(key=1, **{**agreed, **fields})
    Visitor.objects.create(key=2, **agreed)
    Visitor.objects.create(key=3, **{**agreed, "standing": Standing.CLEARED})
    for shopper in (1, 2, 3, 4):
        happened(shopper=shopper)

    assert sorted(read_events().shopper.tolist()) == [2, 3, 4]


@given(
    st.lists(st.integers(-(2**63), 2**63 - 1), max_size=60),
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=30),
)
def test_places_of_shoppers_are_found_as_by_looking_at_each(shoppers, keys):
    shoppers += keys[::2]
    ordered = sorted(set(keys))

    place, rows = _places(np.array(shoppers, dtype=np.int64), np.array(ordered, dtype=np.int64))

    assert [shoppers[row] for row in rows] == [ordered[at] for at in place]
    assert rows.tolist() == [at for at, one in enumerate(shoppers) if one in set(keys)]


def test_a_refund_takes_back_the_latest_purchase_before_it():
    happened(Kind.PURCHASE, quantity=2, at=1_000)
    happened(Kind.PURCHASE, quantity=3, at=2_000)
    happened(Kind.PURCHASE, quantity=5, at=4_000)
    happened(Kind.REFUND, quantity=4, at=3_000)
    happened(Kind.PURCHASE, quantity=1, at=1_500, shopper=2)
    happened(Kind.PURCHASE, quantity=1, at=1_500, item_id=8)
    happened(Kind.VIEW)

    events = read_events()

    bought = events.take(events.kind == Kind.PURCHASE)
    mine = bought.take((bought.shopper == 1) & (bought.item == 7))
    assert dict(zip(mine.at.tolist(), mine.quantity.tolist(), strict=True)) == {1000: 1, 4000: 5}
    assert len(bought) == 4
    assert Kind.REFUND not in events.kind
    assert Kind.VIEW in events.kind


def test_a_refund_of_nothing_we_know_takes_nothing():
    happened(Kind.REFUND)
    happened(Kind.VIEW)

    assert read_events().kind.tolist() == [Kind.VIEW]


def test_a_refund_is_taken_off_the_order_that_it_names():
    happened(Kind.PURCHASE, at=1_000, order=11)
    happened(Kind.PURCHASE, at=2_000, order=22)
    happened(Kind.REFUND, at=3_000, order=11)

    assert read_events().order.tolist() == [22]


def test_what_an_order_cannot_take_back_is_taken_off_the_purchases_before():
    happened(Kind.PURCHASE, at=1_000, quantity=5)
    happened(Kind.PURCHASE, at=2_000, order=22, quantity=2)
    happened(Kind.PURCHASE, at=4_000, order=33)
    happened(Kind.REFUND, at=3_000, order=22, quantity=3)

    events = read_events()

    assert dict(zip(events.at.tolist(), events.quantity.tolist(), strict=True)) == {
        1_000: 4,
        4_000: 1,
    }


@pytest.mark.parametrize("arrived", list(permutations(range(4))))
def test_what_is_left_of_an_order_hangs_neither_on_what_came_in_first_nor_on_clocks(arrived):
    """A refund of one piece of three, told before its purchase by a clock that is behind."""
    told = [
        {"kind": Kind.REFUND, "at": 900, "order": 11, "quantity": 1},
        {"kind": Kind.PURCHASE, "at": 1_000, "order": 11, "quantity": 3},
        {"kind": Kind.PURCHASE, "at": 2_000, "order": 22, "quantity": 2},
        {"kind": Kind.REFUND, "at": 2_100, "order": 22, "quantity": 2},
    ]
    for number in arrived:
        happened(**told[number])

    events = read_events()

    assert list(zip(events.order.tolist(), events.quantity.tolist(), strict=True)) == [(11, 2)]


def test_a_refund_takes_nothing_from_what_was_bought_after_it():
    happened(Kind.PURCHASE, at=1_000)
    happened(Kind.REFUND, at=2_000)
    happened(Kind.REFUND, at=2_500)
    happened(Kind.PURCHASE, at=3_000)
    happened(Kind.REFUND, at=5_000, shopper=2)
    happened(Kind.PURCHASE, at=6_000, shopper=2)

    assert sorted(read_events().at.tolist()) == [3_000, 6_000]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-4, 4).filter(bool)), max_size=30))
def test_pieces_go_out_the_last_in_first(moves):
    moves.sort(key=lambda move: move[0])
    group, pieces = (
        (np.array(column, dtype=np.int64) for column in zip(*moves, strict=True))
        if moves
        else (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
    )
    expected = pieces.tolist()
    for at, change in enumerate(pieces.tolist()):
        for earlier in range(at - 1, -1, -1):
            if change < 0 and group[earlier] == group[at] and expected[earlier] > 0:
                taken = min(expected[earlier], -expected[at])
                expected[earlier] -= taken
                expected[at] += taken

    assert _settled(group, pieces).tolist() == expected


def test_whoever_waits_hears_how_many_events_were_read():
    happened(Kind.VIEW)
    heard: list[int] = []

    read_events(progress=heard.append)

    assert heard[-1] == 1


@pytest.mark.parametrize("goes", [True, False])
def test_purchases_that_change_while_they_are_read_are_as_they_are_then(goes):
    """What was seen and what was bought are read one after the other."""
    happened(Kind.VIEW, item_id=7)
    for item_id, order in ((8, 5), (9, 6)):
        happened(Kind.PURCHASE, item_id=item_id, order=order, quantity=2)

    def meanwhile(done: int) -> None:
        changed = Event.objects.filter(item_id=8)
        if goes:
            changed.delete()
        else:
            changed.update(item_id=10)

    found = read_events(progress=meanwhile)

    columns = (found.item.tolist(), found.order.tolist(), found.quantity.tolist())
    rest = [] if goes else [(10, 5, 2)]
    assert sorted(zip(*columns, strict=True)) == [(7, 0, 1), (9, 6, 2), *rest]
