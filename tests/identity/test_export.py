"""What somebody is told about themselves: all of it, with its meaning, for a machine to read."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections, router
from django.test.utils import CaptureQueriesContext

from persona_django import counters
from persona_django.feedback.models import ServedSlate
from persona_django.identity.erasure import export
from persona_django.identity.holdings import (
    Holding,
    holdings,
    moment,
    plain,
    register,
    unregister,
)
from persona_django.identity.keys import keyed
from persona_django.identity.subjects import pause, subject_of_customer, subject_of_keys
from persona_django.tracking.models import Event
from tests.identity.held import hold_everything
from tests.tracking.catalogue import stocked

pytestmark = pytest.mark.django_db

HERS = 4_711


def sections(told: dict[str, Any]) -> dict[str, Any]:
    return {section["name"]: section for section in told["data"]}


def test_every_row_is_told_in_words_and_every_value_has_a_meaning():
    _, item = stocked("Green tea")
    hold_everything(HERS, account=keyed("customer", "31"), item=item)

    told = json.loads(json.dumps(export(subject_of_customer("31"))))

    found = sections(told)
    assert told["known"] and told["left_alone"] == []
    for section in found.values():
        for row in section["rows"]:
            assert set(row) == set(section["fields"]), section["name"]
        assert section["about"] and all(section["fields"].values())
    (visitor,) = found["visitors"]["rows"]
    assert visitor["agreed_to"] == ["measure", "personalise"]
    assert (visitor["wording"], visitor["linked_to_account"]) == ("2026-01", True)
    event = found["events"]["rows"][0]
    assert (event["what"], event["device"], event["entry"]) == ("view", "phone", "search")
    assert (event["hour"], event["weekday"], event["basis"]) == (20, 6, "consent")
    assert len(found["events"]["rows"]) == 3
    (search,) = found["searches"]["rows"]
    assert (search["what"], search["words"]) == ("search", "green tea")
    assert (search["hour"], search["weekday"]) == (None, None)
    (slate,) = found["recommendations"]["rows"]
    assert (slate["seen"], slate["chosen"], slate["not_wanted"]) == ([1, 3], [3], [])


def test_products_are_named_as_the_shop_names_them():
    product, item = stocked("Green tea")
    hold_everything(HERS, item=item)

    found = sections(export(subject_of_keys([HERS])))

    assert found["events"]["rows"][0]["item"].endswith(f"(shop.product:{product.pk})")
    assert len(found["recommendations"]["rows"][0]["items"]) == 3


def test_nobody_is_told_about_somebody_else():
    hold_everything(HERS)

    told = export(subject_of_keys([HERS + 1]))

    assert all(section["rows"] == [] for section in told["data"])


def test_who_is_left_alone_is_told_since_when():
    subject = subject_of_keys([HERS])
    pause(subject)

    (left_alone,) = export(subject)["left_alone"]

    assert left_alone["kind"] == "paused"
    assert left_alone["since"].startswith("20")


def test_a_long_history_is_told_whole():
    hold_everything(HERS, events=1_203)

    rows = sections(export(subject_of_keys([HERS])))["events"]["rows"]

    assert len(rows) == 1_203


@pytest.mark.parametrize("at", ["at once", "after a row"])
def test_a_table_of_the_shops_that_cannot_be_told_is_named_and_all_else_is_told(at):
    def fail(subject: Any) -> Iterator[dict[str, Any]]:
        if at == "after a row":
            yield {"wish": "a row"}
        raise RuntimeError("no such table")

    hold_everything(HERS)
    register(Holding(name="wishes", about="", fields={}, tell=fail, erase=lambda s, n: 0))
    try:
        told = export(subject_of_keys([HERS]))
    finally:
        unregister("wishes")

    found = sections(told)
    assert told["failed"] == ["wishes"]
    assert found["wishes"]["rows"] == []
    assert len(found["events"]["rows"]) == 3
    assert counters.counts()["export_incomplete"] == 1


def test_a_row_of_ours_that_nobody_can_read_keeps_nothing_else_from_being_told():
    hold_everything(HERS)
    Event.objects.update(basis=77)

    told = export(subject_of_keys([HERS]))

    assert told["failed"] == ["events"]
    assert len(sections(told)["searches"]["rows"]) == 1


def test_a_table_of_the_shops_may_give_whatever_python_holds():
    row = {"prices": {Decimal("4.50")}, "by_day": {date(2026, 1, 2): (1, b"\x01")}}
    register(
        Holding(
            name="wishes", about="", fields={}, tell=lambda s: iter([row]), erase=lambda s, n: 0
        )
    )
    try:
        told = json.loads(json.dumps(export(subject_of_keys([HERS]))))
    finally:
        unregister("wishes")

    assert sections(told)["wishes"]["rows"] == [
        {"prices": ["4.50"], "by_day": {"2026-01-02": [1, "01"]}}
    ]


def test_a_long_history_takes_no_query_for_each_slate():
    _, item = stocked()
    now = int(time.time())

    def asked(slates: int) -> int:
        ServedSlate.objects.all().delete()
        ServedSlate.objects.bulk_create(
            ServedSlate(
                shopper=HERS,
                uid=n,
                block="similar-items",
                at=now,
                items=item.to_bytes(8, "little"),
            )
            for n in range(slates)
        )
        with CaptureQueriesContext(connections[router.db_for_write(ServedSlate)]) as captured:
            rows = sections(export(subject_of_keys([HERS])))["recommendations"]["rows"]
        assert len(rows) == slates
        return len(captured)

    assert asked(200) == asked(1)


def test_no_number_that_stands_for_a_person_is_told():
    hold_everything(HERS)

    assert str(HERS) not in json.dumps(export(subject_of_keys([HERS])))


def test_rooms_of_ours_have_declared_what_they_hold():
    assert [holding.name for holding in holdings() if not holding.is_of_shop] == [
        "visitors", "events", "searches", "evidence of weeks", "search counts", "recommendations",
        "work in progress",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, None),
        (5, 5),
        (True, True),
        ("tea", "tea"),
        (b"\x01\xff", "01ff"),
        (memoryview(b"\x01"), "01"),
        (date(2026, 1, 2), "2026-01-02"),
        (Decimal("4.50"), "4.50"),
    ],
)
def test_whatever_a_table_of_the_shop_holds_is_told_in_json(value, told):
    assert plain(value) == told
    assert json.dumps(plain(value))


def test_what_never_happened_has_no_moment():
    assert moment(0) is None
    assert moment(1) == "1970-01-01T00:00:01+00:00"
