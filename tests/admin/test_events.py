"""Events are narrowed and searched by what has an index, and read in words."""

from __future__ import annotations

import re
import time
from datetime import datetime, timezone

import pytest
from django.db import connections, router
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from persona_django.catalogue.models import Item
from persona_django.feedback.models import ServedSlate
from persona_django.identity.models import Visitor
from persona_django.tracking.models import Event, Intent
from persona_django.tracking.schema import Kind
from tests import factories
from tests.plans import analyse, walks_through_all

pytestmark = pytest.mark.django_db
ADDRESS = "/admin/persona/event/"
HOUR, DAY = 3_600, 86_400
NOON = int(datetime(2026, 3, 1, 12, tzinfo=timezone.utc).timestamp())


def happened(uid: int, kind: Kind = Kind.VIEW, **more: int) -> Event:
    return Event.objects.create(
        **{"shopper": 1, "uid": uid, "kind": kind, "item_id": 0, "at": NOON, **more}
    )


def uids(client, **asked: str) -> list[int]:
    """What the list shows, by the numbers of its rows, newest first."""
    page = client.get(ADDRESS, asked).content.decode()
    shown = [int(pk) for pk in re.findall(r"/admin/persona/event/(\d+)/change/", page)]
    names = dict(Event.objects.values_list("pk", "uid"))
    return [names[pk] for pk in shown]


def test_events_are_narrowed_to_the_last_hours_and_days(admin_client):
    now = int(time.time())
    for uid, age in enumerate((60, 2 * HOUR, 2 * DAY, 20 * DAY, 90 * DAY)):
        happened(uid, at=now - age)

    found = {
        when: uids(admin_client, when=when)
        for when in ("hour", "day", "week", "month", "before", "x")
    }

    assert found == {
        "hour": [0],
        "day": [0, 1],
        "week": [0, 1, 2],
        "month": [0, 1, 2, 3],
        "before": [4],
        "x": [0, 1, 2, 3, 4],
    }


@override_settings(TIME_ZONE="Europe/Berlin")
def test_any_day_and_any_minute_is_reached_by_the_clock_of_the_reader(admin_client):
    midnight = NOON - 13 * HOUR
    for uid, at in enumerate((midnight - 1, midnight, NOON, NOON + 60, midnight + DAY)):
        happened(uid, at=at)

    assert uids(admin_client, q="2026-03-01") == [3, 2, 1]
    assert uids(admin_client, q="2026-03-01 13:00") == [2]
    assert uids(admin_client, q="2026-02-31") == []


def test_a_shopper_is_found_by_their_number_and_a_page_leads_to_it(admin_client):
    Visitor.objects.create(key=-77, purposes="measure")
    own = happened(1, shopper=-77)
    happened(2, shopper=78)
    link = f'<a href="{ADDRESS}?q=-77">-77</a>'

    assert uids(admin_client, q="-77") == [1]
    assert uids(admin_client, q="9" * 19) == []
    for name, key in (("event", own.pk), ("visitor", -77)):
        page = admin_client.get(reverse(f"admin:persona_{name}_change", args=[key]))
        assert link in page.content.decode()


def test_an_item_is_found_by_its_title_and_by_its_number_in_the_shop(admin_client):
    tea, mug = factories.product("Green tea"), factories.product("Stoneware mug")
    factories.read_catalogue()
    happened(1, item_id=factories.item_id(tea))
    happened(2, item_id=factories.item_id(mug))

    assert uids(admin_client, q="green") == [1]
    assert uids(admin_client, q=str(Item.objects.get(title="Stoneware mug").key)) == [2]
    assert uids(admin_client, q="pot") == []


def test_a_kind_is_filtered_by_among_the_newest_of_what_else_is_asked_for(
    admin_client, monkeypatch
):
    monkeypatch.setattr("persona_django.admin.readonly.UncountedPaginator.COUNT_UP_TO", 3)
    for uid, shopper in enumerate((1, 1, 1, 2)):
        kind = Kind.CART_ADD if uid in (0, 2) else Kind.VIEW
        happened(uid, kind, shopper=shopper, at=NOON + uid)

    assert uids(admin_client, kind=str(int(Kind.CART_ADD))) == [2]
    assert uids(admin_client, kind=str(int(Kind.CART_ADD)), q="1") == [2, 0]
    assert uids(admin_client, kind=str(int(Kind.VIEW)), q="2026-03-01") == [3, 1]
    assert uids(admin_client, kind="x") == [3, 2, 1, 0]


@override_settings(PERSONA={"EVENT_KINDS": {"fitted": {"number": 70, "weight": 1.0}}})
def test_kinds_of_the_shop_can_be_filtered_by(admin_client):
    happened(1, kind=70)

    page = admin_client.get(ADDRESS).content.decode()

    assert re.search(r'<a href="\?kind=70">\s*fitted', page)
    assert uids(admin_client, kind="70") == [1]


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (Kind.ENGAGE, 1_000, "100 %"),
        (Kind.PROGRESS, 345, "34 %"),
        (Kind.SKIP, 800, "80 %"),
        (Kind.DWELL, 12, "12 s"),
        (Kind.VIEW, 0, "-"),
        (70, 41, "41"),
    ],
)
def test_a_value_is_a_share_in_per_cent_or_a_time(admin_client, kind, value, said):
    event = happened(1, kind, value=value)

    listed = admin_client.get(ADDRESS).content.decode()
    opened = admin_client.get(reverse("admin:persona_event_change", args=[event.pk]))

    assert f'<td class="field-said">{said}</td>' in listed
    assert f'<div class="readonly">{said}</div>' in opened.content.decode()


@pytest.mark.parametrize(
    "asked",
    [
        {"when": "hour"},
        {"q": "2026-03-01"},
        {"q": "5"},
        {"q": "tea"},
        {"kind": "11"},
        {"kind": "11", "q": "5"},
        {"kind": "11", "when": "before"},
    ],
    ids=str,
)
def test_nothing_that_is_asked_for_walks_through_all_events(admin_client, monkeypatch, asked):
    monkeypatch.setattr("persona_django.admin.readonly.UncountedPaginator.COUNT_UP_TO", 60)
    tea = factories.product("Tea")
    factories.read_catalogue()
    now = int(time.time())
    Event.objects.bulk_create(
        Event(
            shopper=n % 500,
            uid=n,
            kind=Kind.CART_ADD if n % 40 else Kind.VIEW,
            item_id=factories.item_id(tea) if n % 50 else 0,
            at=now - 600 * n,
        )
        for n in range(5_000)
    )
    analyse(Event)
    events = connections[router.db_for_read(Event)]

    with CaptureQueriesContext(events) as run:
        admin_client.get(ADDRESS, asked)

    asked_of_events = [
        one["sql"]
        for one in run
        if re.search(r"FROM .persona_event.", one["sql"]) and " WHERE " in one["sql"]
    ]
    assert len(asked_of_events) >= 2
    assert [sql for sql in asked_of_events if walks_through_all(sql)] == []


def test_no_column_of_a_long_list_is_sorted_by_and_no_choice_is_counted(admin_client):
    happened(1)

    page = admin_client.get(ADDRESS, {"_facets": "True", "o": "4"}).content.decode()

    assert "sortable" not in page and "?o=" not in page
    assert "Show counts" not in page and "Hide counts" not in page
    assert "newest first" in page


@pytest.mark.parametrize("model", [Intent, ServedSlate])
def test_what_else_grows_by_the_minute_is_narrowed_by_time_alike(admin_client, model):
    more = {"kind": 2} if model is Intent else {"items": b"", "block": "similar-items"}
    for uid, at in ((1, NOON), (2, NOON + DAY)):
        model.objects.create(shopper=1, uid=uid, at=at, **more)
    address = reverse(f"admin:persona_{model._meta.model_name}_changelist")

    first = model.objects.get(uid=1)
    for asked in ({"q": "2026-03-01"}, {"when": "before", "q": "2026-03-01"}):
        page = admin_client.get(address, asked).content.decode()
        change = r"/admin/persona/\w+/(\d+)/change/"
        assert re.findall(change, page) == [str(first.pk)]


def test_no_item_is_left_out_of_a_search_by_its_title(admin_client):
    Item.objects.bulk_create(
        Item(store=1, model="shop.product", key=str(key), ref=key, title=f"Tea {key}")
        for key in range(1, 131)
    )
    for uid, item in enumerate(Item.objects.values_list("pk", flat=True)):
        happened(uid, item_id=item)
    happened(1_000)

    found = admin_client.get(ADDRESS, {"q": "tea"}).context["cl"]

    assert found.result_count == 130
