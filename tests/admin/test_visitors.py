"""What the admin says of one visitor."""

from __future__ import annotations

import re
from datetime import datetime, timezone

import pytest
import time_machine
from django.db import connections, router
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from persona_django.identity.models import Visitor
from persona_django.tracking.context import Context, Device, Entry
from persona_django.tracking.schema import Kind
from tests.deriving.doings import DAY, HOUR, did, searched
from tests.plans import analyse, plan_of

pytestmark = pytest.mark.django_db
NOON = int(datetime(2026, 3, 1, 12, tzinfo=timezone.utc).timestamp())


def shown(client, key: int) -> list[list[str]]:
    """The cells of the table of visits, row by row."""
    page = client.get(reverse("admin:persona_visitor_change", args=[key])).content.decode()
    body = re.search(r"<tbody>(.*?)</tbody>", page, re.S)
    rows = re.findall(r"<tr>(.*?)</tr>", body[1], re.S) if body else []
    return [re.findall(r"<td>(.*?)</td>", row, re.S) for row in rows]


@time_machine.travel(NOON + DAY, tick=False)
def test_a_visitor_shows_when_they_came_on_what_and_how(admin_client):
    Visitor.objects.create(key=5, purposes="measure")
    evening = Context(entry=Entry.SEARCH, device=Device.PHONE, hour=21, weekday=6).packed()
    did(5, Kind.VIEW, 7, at=NOON, context=evening)
    searched(5, "tea", at=NOON + 600)
    did(5, Kind.VIEW, 8, at=NOON + 1_200, context=evening)
    did(5, Kind.DWELL, 8, at=NOON + 5 * HOUR, context=Context().packed())
    did(5, Kind.VIEW, 8, at=NOON - 31 * DAY)
    did(6, Kind.VIEW, 8, at=NOON)

    later, earlier = shown(admin_client, 5)

    assert later[1:] == ["0", "0", "1", "unknown", "unknown", "-"]
    assert earlier[0].startswith("March 1, 2026")
    assert earlier[1:] == ["20", "2", "3", "phone", "search", "21:00"]


@time_machine.travel(NOON + DAY, tick=False)
def test_of_many_visits_the_last_are_shown(admin_client):
    Visitor.objects.create(key=5, purposes="measure")
    for number in range(25):
        did(5, Kind.VIEW, 7, at=NOON - number * HOUR)

    assert len(shown(admin_client, 5)) == 20


def test_who_did_nothing_has_no_visits(admin_client):
    Visitor.objects.create(key=5, purposes="measure")

    assert shown(admin_client, 5) == []


def test_visitors_stand_newest_first_with_what_matters_in_sight(admin_client):
    for key, day in ((9, 1), (5, 3), (7, 2)):
        visitor = Visitor.objects.create(key=key, purposes="measure,personalise", reason="fast")
        joined = datetime(2026, 3, day, tzinfo=timezone.utc)
        Visitor.objects.filter(pk=visitor.pk).update(created_at=joined)

    page = admin_client.get(reverse("admin:persona_visitor_changelist")).content.decode()

    assert re.findall(r"/admin/persona/visitor/(\d+)/change/", page) == ["5", "7", "9"]
    assert "<h2>newest first</h2>" in page
    columns = re.findall(r'<th scope="col" class="[^"]*column-(\w+)', page)
    assert columns == ["created_at", "standing", "reason", "agreed_to", "signed_in"]
    assert "measure, personalise" in page and "sortable" not in page


def test_the_newest_visitors_are_found_by_an_index(admin_client):
    Visitor.objects.bulk_create(Visitor(key=n, purposes="measure") for n in range(5_000))
    analyse(Visitor)
    used = connections[router.db_for_read(Visitor)]
    if used.vendor == "mysql":
        pytest.skip("it sorts so few rows rather than read them by an index, unlike many")

    with CaptureQueriesContext(used) as run:
        admin_client.get(reverse("admin:persona_visitor_changelist"))

    (listed,) = [one["sql"] for one in run if "created_at" in one["sql"] and "ORDER" in one["sql"]]
    assert "persona_visitor_by_age" in plan_of(listed)
