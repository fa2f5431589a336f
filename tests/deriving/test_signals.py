"""What silence and coming back say, by what somebody did."""

from __future__ import annotations

import time

import pytest

from persona_django.catalogue import state
from persona_django.catalogue.models import Item
from persona_django.catalogue.snapshot import build_snapshot
from persona_django.deriving import derive
from persona_django.identity import visitors
from persona_django.identity.keys import keyed
from persona_django.identity.models import Restriction
from persona_django.identity.visitors import Recognised
from persona_django.tracking.context import Context, Device, Sender
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Basis, Kind
from tests.deriving.doings import (
    DAY,
    HOUR,
    ago,
    did,
    look_again,
    rows_of_derived,
    saw,
    visitor,
    worked_out,
)
from tests.factories import product, read_catalogue
from tests.training.history import buy, customers

pytestmark = pytest.mark.django_db


def test_coming_back_to_an_item_in_another_visit_is_a_revisit(items):
    did(1, Kind.VIEW, items[0], at=ago(5 * HOUR))
    did(1, Kind.VIEW, items[1], at=ago(2 * HOUR))
    did(1, Kind.VIEW, items[0], at=ago(2 * HOUR - 60))
    did(2, Kind.VIEW, items[0], at=ago(2 * HOUR))

    look_again()

    assert worked_out() == [(1, "revisit", items[0], 1_000)]


def test_loading_a_page_again_is_no_revisit(items):
    for seconds in (0, 60, 1_700):
        did(1, Kind.VIEW, items[0], at=ago(5 * HOUR) + seconds)

    look_again()

    assert worked_out() == []


def test_another_variant_of_the_family_is_a_revisit_too(variants):
    did(1, Kind.VIEW, variants[0], at=ago(5 * HOUR))
    did(1, Kind.VIEW, variants[1], at=ago(2 * HOUR))

    look_again()

    assert worked_out() == [(1, "revisit", variants[1], 1_000)]


def test_a_visit_that_still_goes_on_says_nothing_yet(items):
    did(1, Kind.VIEW, items[0], at=ago(5 * HOUR))
    did(1, Kind.VIEW, items[0], at=ago(60))

    look_again()

    assert worked_out() == []


def test_a_derived_event_keeps_the_circumstances_of_what_it_follows_from(items):
    evening = Context(sender=Sender.PAGE, device=Device.PHONE, hour=20, weekday=6).packed()
    did(1, Kind.VIEW, items[0], at=ago(5 * HOUR), basis=Basis.CUSTOMER)
    did(1, Kind.VIEW, items[0], at=ago(2 * HOUR), basis=Basis.CUSTOMER, context=evening)

    look_again()

    (row,) = Event.objects.filter(kind=Kind.REVISIT)
    found = Context.unpacked(row.context)
    assert (found.sender, found.device, found.hour) == (Sender.TASK, Device.PHONE, 20)
    assert row.basis == Basis.CUSTOMER


def test_what_was_seen_above_the_chosen_one_was_passed_over_more_surely_than_below(items):
    did(1, Kind.VIEW, items[4], at=ago(3 * HOUR))
    saw(1, items[:4], at=ago(3 * HOUR), seen=[0, 1, 2], chosen=[1])
    did(1, Kind.CLICK, items[1], at=ago(3 * HOUR - 9))

    look_again()

    assert worked_out() == [(1, "skip", items[0], 600), (1, "skip", items[2], 400)]


def test_where_the_visit_went_on_elsewhere_it_is_a_weak_sign_and_where_it_ended_none(items):
    saw(1, items[:2], at=ago(3 * HOUR), seen=[0])
    did(1, Kind.VIEW, items[4], at=ago(3 * HOUR - 30))
    saw(2, items[:2], at=ago(3 * HOUR), seen=[0])
    did(2, Kind.DWELL, items[4], at=ago(3 * HOUR - 30), value=30)

    look_again()

    assert worked_out() == [(1, "skip", items[0], 100)]


def test_passed_over_again_and_again_is_one_skip_that_is_surer(items):
    for minutes in (0, 5, 10):
        saw(1, items[:1], at=ago(3 * HOUR) + minutes * 60, seen=[0])
    did(1, Kind.VIEW, items[4], at=ago(3 * HOUR) + 15 * 60)

    look_again()

    assert worked_out() == [(1, "skip", items[0], 271)]


def played(shopper: int, item: int, *shares: int, hours_ago: float) -> None:
    """A medium in one visit, as the script tells of it: by quarters, and when it was left."""
    at = ago(hours_ago * HOUR)
    for seconds, share in enumerate((0, *shares)):
        kind = Kind.FINISH if share > 950 else Kind.PROGRESS if seconds else Kind.PLAY
        did(shopper, kind, item, at=at + seconds, value=share)


def test_what_was_left_early_again_and_again_is_a_skip_that_grows_surer(items):
    for hours in (20, 15, 10, 5):
        played(1, items[0], 40, hours_ago=hours)
    for hours in (15, 10):
        # Interrupted, or in another mood.
        played(2, items[0], 40, hours_ago=hours)

    look_again()

    assert worked_out(Kind.SKIP) == [(1, "skip", items[0], 271), (1, "skip", items[0], 344)]
    # Coming back only to leave again is no coming back.
    assert [row[:3] for row in worked_out(Kind.REVISIT)] == [
        (1, "revisit", items[0]),
        (2, "revisit", items[0]),
    ]


def test_what_was_left_early_by_one_person_on_two_devices_was_left_by_one(items):
    for key in (1, 2):
        visitor(key, account=99)
    for key, hours in ((1, 15), (2, 10), (1, 5)):
        played(key, items[0], 40, hours_ago=hours)

    look_again()

    assert worked_out(Kind.SKIP) == [(1, "skip", items[0], 271)]


@pytest.mark.parametrize("shares", [(250,), (240, 260), (40, 990)])
def test_who_went_on_with_it_once_has_not_left_it_again_and_again(items, shares):
    for hours in (20, 15, 5, 3):
        played(1, items[0], 40, hours_ago=hours)
    played(1, items[0], *shares, hours_ago=10)

    look_again()

    assert worked_out(Kind.SKIP) == []


@pytest.mark.parametrize("kind", [Kind.SAVE, Kind.CART_ADD, Kind.PURCHASE, Kind.DISMISS])
def test_who_heard_enough_to_want_it_or_refused_it_did_not_leave_it(items, kind):
    for hours in (15, 10, 5):
        played(1, items[0], 40, hours_ago=hours)
    did(1, kind, items[0], at=ago(5 * HOUR) + 9)

    look_again()

    assert worked_out(Kind.SKIP) == []


@pytest.mark.parametrize("hours", [(32 * 24, 31 * 24, 5), (10, 5, 0.1)])
def test_what_was_left_long_ago_or_in_a_visit_that_goes_on_counts_not(items, hours):
    for one in hours:
        played(1, items[0], 40, hours_ago=one)

    look_again()

    assert worked_out(Kind.SKIP) == []


@pytest.mark.parametrize("kind", [Kind.VIEW, Kind.CART_ADD, Kind.DISMISS])
def test_what_was_looked_at_or_refused_in_the_same_visit_was_not_passed_over(items, kind):
    did(1, kind, items[0], at=ago(3 * HOUR))
    saw(1, items[:2], at=ago(3 * HOUR - 30), seen=[0, 1], dismissed=[1])
    did(1, Kind.VIEW, items[4], at=ago(3 * HOUR - 60))

    look_again()

    assert worked_out() == []


def test_a_cart_left_alone_for_a_day_is_abandoned(items):
    did(1, Kind.CART_ADD, items[0], at=ago(26 * HOUR))
    did(2, Kind.CART_ADD, items[0], at=ago(22 * HOUR))

    look_again()

    assert worked_out() == [(1, "cart_abandoned", items[0], 600)]


def test_who_came_back_and_left_it_again_meant_it_more_surely(items):
    did(1, Kind.CART_ADD, items[0], at=ago(26 * HOUR))
    did(1, Kind.VIEW, items[1], at=ago(20 * HOUR))

    look_again()

    assert worked_out() == [(1, "cart_abandoned", items[0], 900)]


@pytest.mark.parametrize("kind", [Kind.CART_REMOVE, Kind.PURCHASE, Kind.ORDERED])
def test_what_was_bought_or_taken_out_was_not_left(items, kind):
    did(1, Kind.CART_ADD, items[0], at=ago(26 * HOUR))
    did(1, kind, 0 if kind == Kind.ORDERED else items[0], at=ago(25 * HOUR))

    look_again()

    assert worked_out() == []


def test_of_several_additions_the_last_counts(items):
    did(1, Kind.CART_ADD, items[0], at=ago(30 * HOUR))
    did(1, Kind.CART_ADD, items[0], at=ago(10 * HOUR))

    look_again()

    assert worked_out() == []


def test_the_shops_own_orders_settle_the_cart_of_a_customer_who_is_linked(db, settings):
    settings.PERSONA = {**settings.PERSONA, "LEARN_FROM_ORDERS": False}
    tea, mug = product("Tea"), product("Mug")
    read_catalogue()
    (anna,) = customers(1)
    account = keyed("customer", str(anna.pk))
    visitor(1, account=account)
    visitor(2, account=account)
    ids = {p.pk: Item.objects.get(key=str(p.pk), title=p.name).pk for p in (tea, mug)}
    did(1, Kind.CART_ADD, ids[tea.pk], at=ago(30 * HOUR))
    did(2, Kind.CART_ADD, ids[mug.pk], at=ago(30 * HOUR))
    buy([anna], [mug], days_ago=1)

    look_again()

    assert [row[1:3] for row in worked_out()] == [("cart_abandoned", ids[tea.pk])]


def test_who_signs_in_half_way_is_one_person(items):
    visitor(1, account=99)
    visitor(2, account=99)
    did(1, Kind.VIEW, items[0], at=ago(5 * HOUR))
    did(2, Kind.VIEW, items[0], at=ago(5 * HOUR - 60))
    did(2, Kind.VIEW, items[0], at=ago(2 * HOUR))

    look_again()

    assert worked_out() == [(2, "revisit", items[0], 1_000)]


def test_who_withdrew_in_one_browser_is_nobody_of_theirs_in_another(items):
    visitor(1, account=99, purposes="")
    visitor(2, account=99)
    did(1, Kind.VIEW, items[0], at=ago(5 * HOUR))
    did(2, Kind.VIEW, items[0], at=ago(2 * HOUR))

    look_again()

    assert worked_out() == []


def test_what_was_worked_out_of_one_browser_goes_when_it_takes_its_consent_back(items):
    first, _ = visitor(1, account=99), visitor(2, account=99)
    did(1, Kind.VIEW, items[0], at=ago(5 * HOUR))
    did(2, Kind.VIEW, items[0], at=ago(2 * HOUR))
    look_again()
    assert worked_out() == [(2, "revisit", items[0], 1_000)]

    visitors.write(Recognised(withdrawn=first.key))
    look_again()

    assert worked_out() == []


def test_nothing_is_worked_out_of_who_withdrew_paused_or_was_imported_without_a_name(items):
    visitor(1, purposes="")
    Restriction.objects.create(key=2, kind=Restriction.Kind.PAUSED, at=1)
    visitor(3, account=4)
    Restriction.objects.create(key=4, kind=Restriction.Kind.ERASED, at=1)
    for shopper, basis in [(1, 1), (2, 1), (3, 1), (5, Basis.AGGREGATE)]:
        did(shopper, Kind.VIEW, items[0], at=ago(5 * HOUR), basis=basis)
        did(shopper, Kind.VIEW, items[0], at=ago(2 * HOUR), basis=basis)

    look_again()

    assert worked_out() == []


def test_sensitive_and_unknown_items_are_never_derived_from(items):
    # As the map of a shop marks them.
    Item.objects.filter(pk=items[0]).update(sensitive=True)
    build_snapshot()
    state.forget()
    for item in (items[0], 987_654):
        did(1, Kind.VIEW, item, at=ago(5 * HOUR))
        did(1, Kind.VIEW, item, at=ago(2 * HOUR))
        did(1, Kind.CART_ADD, item, at=ago(2 * DAY))

    look_again()

    assert worked_out() == []


def test_before_there_is_a_catalogue_nothing_is_worked_out_and_nothing_is_lost(db):
    did(1, Kind.VIEW, 5, at=ago(5 * HOUR))

    assert derive.derive(beat=lambda: None) is None
    assert rows_of_derived() == set()


def test_a_cart_of_ten_thousand_lines_is_looked_at_in_seconds(items):
    at = ago(2 * DAY)
    Event.objects.bulk_create(
        Event(shopper=1, uid=n, kind=Kind.CART_ADD, item_id=items[n % 6], at=at + n % 3_000)
        for n in range(1, 10_001)
    )
    began = time.monotonic()

    look_again()

    assert time.monotonic() - began < 5
    assert len(worked_out(Kind.CART_ABANDONED)) == 6
