"""What is wanted more in the evening, on a phone, from a search: learnt, and shown there first."""

from __future__ import annotations

from datetime import datetime, timezone

import numpy as np
import pytest
import time_machine
from django.test import Client, override_settings
from hypothesis import given
from hypothesis import strategies as st

from persona_django.artefacts import store as artefacts
from persona_django.catalogue import state
from persona_django.model_registry.live import POPULAR_SCHEMA, live_artefact
from persona_django.numeric.interactions import Interactions
from persona_django.serving.recommend import recommend
from persona_django.tracking.context import Context, Device, Entry, Sender
from persona_django.tracking.situations import SITUATIONS
from persona_django.training import popularity
from persona_django.training.evidence import Evidence
from persona_django.training.rebuild import rebuild
from tests.factories import family_of, products, read_catalogue
from tests.training.history import buy, customers, look

NOON, NIGHT = 12, 2
MORNING = Context(sender=Sender.PAGE, hour=9, device=Device.DESKTOP, entry=Entry.DIRECT)
EVENING = Context(sender=Sender.PAGE, hour=20, device=Device.PHONE, entry=Entry.SEARCH)
IMPORTED = None
BLOCK = "/persona/api/v1/blocks/popular/"


@pytest.fixture
def shop(db):
    made = products(6)
    read_catalogue()
    return made


def learnt() -> dict[str, dict[int, float]]:
    """By situation and family, the lift of the live version."""
    outcome = rebuild("popular")
    assert outcome.live, outcome.reason
    found = artefacts.load(live_artefact("popular"), schema=POPULAR_SCHEMA)
    return {
        name: dict(zip(found["group_id"].tolist(), found["lift"][:, at].tolist(), strict=True))
        for at, name in enumerate(SITUATIONS)
    }


def shown(hour: int, **asked: str) -> list[int]:
    """Keys of what the block shows to a request at that hour."""
    for _ in range(4):
        state.forget()
        with time_machine.travel(datetime(2030, 1, 1, hour, 30, tzinfo=timezone.utc)):
            answer = Client().get(BLOCK, {"size": 2, **asked}).json()
    return [int(slot["item"].rpartition(":")[2]) for slot in answer["slots"]]


def planted(shop, n: int = 40) -> None:
    """The first is wanted in the morning, at a desk and by address, the second in the evening, on
    a phone and from a search; the first a little more in all."""
    look(range(n + 5), shop[:1], context=MORNING)
    look(range(100, 110), shop[:1], context=EVENING)
    look(range(200, 200 + n), shop[1:2], context=EVENING)
    look(range(300, 310), shop[1:2], context=MORNING)


def test_what_is_wanted_in_the_evening_stands_first_in_the_evening(shop):
    planted(shop)
    lift = learnt()
    first, second = (family_of(one) for one in shop[:2])

    assert lift["evening"][second] > 1 > lift["evening"][first]
    assert lift["morning"][first] > 1 > lift["morning"][second]
    assert shown(20) == [shop[1].pk, shop[0].pk]
    assert shown(9) == [shop[0].pk, shop[1].pk]


@pytest.mark.parametrize(
    "asked", [{"device": "phone"}, {"entry": "search"}, {"device": "phone", "entry": "search"}]
)
def test_what_is_wanted_on_a_phone_or_from_a_search_stands_first_where_that_is_said(shop, asked):
    planted(shop)
    learnt()

    assert shown(NOON, **asked) == [shop[1].pk, shop[0].pk]
    assert shown(NOON) == [shop[0].pk, shop[1].pk]
    slate = recommend(None, "popular", size=1, **asked)
    assert [slot.product for slot in slate] == shop[1:2]


def test_an_e_mail_is_read_at_another_time_and_shows_what_the_whole_shop_wants(shop):
    planted(shop)
    learnt()

    with time_machine.travel(datetime(2030, 1, 1, 20, tzinfo=timezone.utc)):
        slate = recommend(None, "popular", size=2)

    assert [slot.product for slot in slate] == shop[:2]


def test_a_situation_without_its_crowd_says_nothing(shop):
    look(range(40), shop[:1], context=MORNING)
    look(range(100, 130), shop[1:2], context=MORNING)
    look(range(200, 204), shop[1:2], context=Context(sender=Sender.PAGE, hour=NIGHT))
    without = learnt()

    look(range(204, 205), shop[1:2], context=Context(sender=Sender.PAGE, hour=NIGHT))
    with_crowd = learnt()

    assert set(without["night"].values()) == {1.0}
    assert with_crowd["night"][family_of(shop[1])] > 1


def test_a_thin_situation_says_next_to_nothing(shop):
    """Five come at night, all for the second. That is not enough to turn 60 against 40 round."""
    look(range(60), shop[:1], context=MORNING)
    look(range(100, 140), shop[1:2], context=MORNING)
    look(range(200, 205), shop[1:2], context=Context(sender=Sender.PAGE, hour=NIGHT))
    lift = learnt()

    assert 1 < lift["night"][family_of(shop[1])] < 1.25
    assert shown(NIGHT) == [shop[0].pk, shop[1].pk]


def test_what_was_bought_or_imported_is_wanted_at_no_time(shop):
    look(range(40), shop[:1], context=IMPORTED)
    buy(customers(6), shop[:1])

    assert {value for by in learnt().values() for value in by.values()} == {1.0}


K = 5
events = st.lists(
    st.tuples(st.integers(0, 12), st.integers(1, 4), st.integers(0, 23)), min_size=1, max_size=90
)
"""Shopper, family, hour."""


@given(happened=events, more=st.lists(st.integers(13, 16), min_size=1, max_size=4, unique=True))
def test_a_small_cell_moves_no_lift(happened, more):
    """A few who come at night for something that few come for at night are as nobody."""
    family = 1
    at_night = {who for who, what, hour in happened if what == family and hour < 6}
    before = lifts_of(happened)
    if len(at_night) + len(more) >= K or family not in before:
        return

    after = lifts_of([*happened, *((who, family, 3) for who in more)])

    assert all(np.array_equal(before[one], after[one]) for one in before)


@given(happened=events)
def test_lifts_are_finite_and_one_in_situations_without_a_crowd(happened):
    people: dict[int, set[int]] = {}
    for who, what, hour in happened:
        people.setdefault(what * 4 + hour // 6, set()).add(who)
    crowded = {cell % 4 for cell, who in people.items() if len(who) >= K}

    for lift in lifts_of(happened).values():
        assert np.isfinite(lift).all() and (lift > 0).all()
        assert all(lift[time] == 1 for time in range(4) if time not in crowded)


def lifts_of(happened: list[tuple[int, int, int]]) -> dict[int, np.ndarray]:
    who, what, hour = (np.array(column, dtype=np.int64) for column in zip(*happened, strict=True))
    n = len(happened)
    nothing = np.empty(0, dtype=np.int64)
    none = Interactions(
        shopper=nothing, item=nothing, at=nothing, weight=nothing.astype(np.float32)
    )
    packed = [Context(sender=Sender.PAGE, hour=one).packed() & 0x3FFF for one in hour.tolist()]
    browsed = Interactions(
        shopper=who,
        item=what,
        at=np.full(n, 1_000_000),
        weight=np.ones(n, dtype=np.float32),
        context=np.array(packed, dtype=np.int16),
    )
    evidence = Evidence(
        browsed=browsed, aggregated=none, bought=none, rows_read=n, now=1_000_000, seconds=0.0
    )
    with override_settings(PERSONA={"MIN_BUYERS": K}):
        found = popularity.popular(evidence)
    return dict(zip(found["group_id"].tolist(), found["lift"], strict=True))
