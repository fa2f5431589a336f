"""Sensitive categories: their names are kept of nobody, nor what was kept before they were so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from django.core.cache import cache
from django.db import connections, router
from django.test.utils import CaptureQueriesContext

from persona_django.catalogue import paced
from persona_django.catalogue.models import Item
from persona_django.columns import ageing
from persona_django.feedback import retention, served
from persona_django.feedback import sensitive as slates_of_sensitive
from persona_django.feedback.models import ServedSlate
from persona_django.feedback.served import SlateNews
from persona_django.feedback.slates import read_slates
from persona_django.tracking import sensitive
from persona_django.tracking.models import Event, Intent, SearchTerm
from persona_django.tracking.schema import Kind
from tests.browsing import ask_for_consent
from tests.deriving.doings import DAY, ago, bits, did, saw, searched
from tests.factories import item_id, product, read_catalogue
from tests.plans import analyse, walks_through_all
from tests.reporting import event, reasons, send, told, visitor

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shop(settings):
    ask_for_consent(settings)
    settings.PERSONA = {**settings.PERSONA, "SENSITIVE_CATEGORIES": ("Health > Tests", "Adult")}
    cache.clear()


@pytest.mark.parametrize(
    "words",
    [
        "Health > Tests",
        "health>tests",
        "HEALTH > Tests > Pregnancy",
        "Tests",
        "adult",
        "Adult/Toys",
    ],
)
def test_the_names_of_sensitive_categories_are_kept_of_nobody(words):
    response = send(
        visitor(),
        event("filter", name="category", value=words),
        event("filter", name=words, value="red"),
        event("search", words=words),
        event("search", words="test kitchen"),
    )

    assert told(response) == "rrra"
    assert reasons(response) == {"sensitive": 3}
    assert Intent.objects.values_list("words", flat=True).get() == "test kitchen"


def test_a_category_below_is_known_by_its_own_name_once_the_shop_sells_something_of_it():
    product("Kit", category="Health > Tests > Pregnancy")
    read_catalogue()

    response = send(visitor(), event("search", words="pregnancy"), event("search", words="health"))

    assert told(response) == "ra"
    assert reasons(response) == {"sensitive": 1}


@pytest.mark.parametrize("kind", [Kind.VIEW, Kind.PURCHASE])
def test_what_was_kept_of_an_item_before_it_was_sensitive_goes_with_the_hourly_job(kind):
    kit, tea = product("Kit"), product("Tea")
    read_catalogue()
    for day in (0, 1, 30, 80):
        did(1, kind, item_id(kit), at=ago(day * DAY))
        did(2, kind, item_id(tea), at=ago(day * DAY))
    assert retention.delete_old(beat=lambda: None) == 0

    Item.objects.filter(pk=item_id(kit)).update(sensitive=True)

    assert retention.delete_old(beat=lambda: None) == 4
    assert set(Event.objects.values_list("item_id", flat=True)) == {item_id(tea)}


def test_what_was_asked_for_before_its_category_was_sensitive_goes_as_well():
    searched(1, "adult", at=ago(60))
    searched(1, "tea", at=ago(60))
    SearchTerm.objects.create(term=1, words="adult", visitors=9, last_at=ago(60))
    SearchTerm.objects.create(term=2, words="tea", visitors=9, last_at=ago(60))

    assert retention.delete_old(beat=lambda: None) == 2

    assert Intent.objects.get().words == SearchTerm.objects.get().words == "tea"


def test_what_was_served_before_it_was_sensitive_is_taken_out_of_its_slates():
    made = [product("Kit"), product("Tea")]
    read_catalogue()
    kit, tea = map(item_id, made)
    both = saw(1, [tea, kit, tea + 99], at=ago(DAY), seen=[0, 1, 2], chosen=[1], dismissed=[1, 2])
    last = saw(1, [0, tea, kit], at=ago(40 * DAY), seen=[1, 2], chosen=[2])
    other = saw(2, [tea], at=ago(DAY), seen=[0], chosen=[0])
    alone = saw(2, [kit, 0, kit], at=ago(80 * DAY), seen=[0], chosen=[0], dismissed=[2])
    before = {row.pk: row for row in ServedSlate.objects.all()}
    assert retention.delete_old(beat=lambda: None) == 0
    assert {row.pk: row for row in ServedSlate.objects.all()} == before

    Item.objects.filter(pk=kit).update(sensitive=True)

    assert retention.delete_old(beat=lambda: None) == 1
    assert not ServedSlate.objects.filter(pk=alone.pk).exists()
    found = read_slates([1, 2], since=0)
    assert kit not in found.item
    both, last, other = (ServedSlate.objects.get(pk=one.pk) for one in (both, last, other))
    assert (both.seen, both.clicked, both.dismissed) == (bits([0, 2]), 0, bits([2]))
    assert (last.seen, last.clicked) == (bits([1]), 0)
    assert (other.seen, other.clicked) == (1, 1)
    assert found.item[found.is_seen].tolist() == [tea, tea + 99, tea, tea]
    assert retention.delete_old(beat=lambda: None) == 0


def test_a_slate_that_was_emptied_goes_on_with_what_may_be_kept():
    made = [product(name) for name in ("Kit", "Tea", "Cake")]
    read_catalogue()
    kit, tea, cake = map(item_id, made)
    Item.objects.filter(pk=kit).update(sensitive=True)
    news = SlateNews(
        uid=5,
        at=ago(60),
        context=0,
        block="similar-items",
        version=7,
        items={1: kit, 2: tea},
        seen=3,
    )
    served.merge(1, 1, [news])
    retention.delete_old(beat=lambda: None)

    assert served.merge(1, 1, [replace(news, items={2: tea, 3: cake}, seen=4)]) == [True]

    found = read_slates([1], since=0)
    assert found.item[found.is_seen].tolist() == [tea, cake]


def test_a_chunk_of_the_job_ends_after_each_delete_and_comes_to_an_end(monkeypatch):
    monkeypatch.setattr(ageing, "MOST_ROWS", 3)
    kit = product("Kit")
    read_catalogue()
    Item.objects.filter(pk=item_id(kit)).update(sensitive=True)
    for n in range(10):
        did(1, Kind.VIEW, item_id(kit), at=ago(n))

    chunks = [retention.delete_some(seconds=0, beat=lambda: None) for _ in range(5)]

    assert chunks == [False] * 4 + [True]
    assert not Event.objects.exists()


def test_slates_are_emptied_by_chunks_that_stay_done(settings, monkeypatch):
    settings.PERSONA = {**settings.PERSONA, "WRITE_CHUNK_ROWS": 3}
    monkeypatch.setattr(paced, "CHUNK_ROWS", 3)
    made = [product("Kit"), product("Tea")]
    read_catalogue()
    kit, tea = map(item_id, made)
    Item.objects.filter(pk=kit).update(sensitive=True)
    for n in range(10):
        saw(1, [kit, tea], at=ago(n))
    left = []

    def look() -> bool:
        is_done = retention.delete_some(seconds=0, beat=lambda: None)
        left.append(np.count_nonzero(read_slates([1], since=0).item == kit))
        return is_done

    assert [look() for _ in range(5)] == [False] * 4 + [True]
    assert left == [7, 4, 1, 0, 0]


def test_the_log_is_looked_through_by_an_index():
    kit = product("Kit")
    read_catalogue()
    Item.objects.filter(pk=item_id(kit)).update(sensitive=True)
    Event.objects.bulk_create(
        Event(shopper=n, uid=n, kind=Kind.VIEW, item_id=1, at=ago(n * 2_000)) for n in range(3_000)
    )
    Intent.objects.bulk_create(
        Intent(shopper=n, uid=n, kind=1 + n % 3, at=ago(n), words=f"tea {n}") for n in range(3_000)
    )
    SearchTerm.objects.bulk_create(SearchTerm(term=n, words=f"tea {n}") for n in range(3_000))
    ServedSlate.objects.bulk_create(
        ServedSlate(shopper=n, uid=n, at=ago(n * 2_000), items=bytes(8)) for n in range(3_000)
    )
    analyse(Event, Intent, SearchTerm, ServedSlate)

    with CaptureQueriesContext(connections[router.db_for_write(Event)]) as asked:
        sensitive.forget_marked(beat=lambda: None)
        slates_of_sensitive.forget_marked(beat=lambda: None)

    statements = [one["sql"] for one in asked if one["sql"].startswith("SELECT")]
    of_the_log = [one for one in statements if "persona_item" not in one and "_state" not in one]
    assert len(of_the_log) > 2 * 70
    assert [one for one in of_the_log if walks_through_all(one)] == []
