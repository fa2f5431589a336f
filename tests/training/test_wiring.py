"""Each setting of learning reaches the published rows, and each stage does its part of the run.

The arithmetic has tests of its own. Here every setting is given two values, and the rows that
pages read must differ by just what that setting is for.
"""

from __future__ import annotations

from datetime import timedelta
from math import log, sqrt
from typing import Any

import pytest

from persona_django.artefacts import store as artefacts
from persona_django.model_registry.models import Lease, ModelVersion
from persona_django.similarity.packing import NeighbourList, unpack
from persona_django.similarity.store import REVERSE_SCHEMA
from persona_django.training import stages
from persona_django.training.rebuild import rebuild, step
from tests.factories import family_of, products, read_catalogue
from tests.training.history import buy, customers, live, look, rows_of_live

pytestmark = pytest.mark.django_db

AGES = timedelta(days=1_000_000)
"""A half-life in which nothing fades, so that weights are plain numbers."""
VIEW, PURCHASE = log(1 + 1) ** 2, log(1 + 5) ** 2
"""What one shopper adds to the product of two items, by the usual weights of events."""


@pytest.fixture
def learnt(settings):
    """Learns one kind with some settings; returns the published list of each family."""
    usual = {
        "MIN_TRAINING_SHOPPERS": 1,
        "MIN_LOG_LIKELIHOOD": 0,
        "MIN_COVERAGE_KEPT": 0,
        "SUPPORT_PRIOR": 0,
        "INTEREST_HALF_LIFE": AGES,
        "PURCHASE_HALF_LIFE": AGES,
    }
    given = settings.PERSONA

    def learn(kind: str = "similar", **changes: Any) -> dict[int, NeighbourList]:
        settings.PERSONA = {**given, **usual, **changes}
        outcome = rebuild(kind, force=True)
        assert outcome.live, outcome.reason
        return {family: unpack(data) for family, data in rows_of_live(kind).items()}

    return learn


@pytest.fixture
def shop():
    made = products(8)
    read_catalogue()
    return made


def scores(found: dict[int, NeighbourList], product: Any) -> dict[int, float]:
    """Score of each neighbour of a product."""
    row = found[family_of(product)]
    return dict(zip(row.item_id.tolist(), row.score.tolist(), strict=True))


def score(found: dict[int, NeighbourList], one: Any, other: Any) -> float:
    return scores(found, one)[family_of(other)]


# -- what a score is made of ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["similar", "bought-together"])
def test_at_as_many_shoppers_as_the_prior_a_score_keeps_half_its_size(shop, learnt, kind):
    buy(customers(8), shop[:2])

    whole = score(learnt(kind, SUPPORT_PRIOR=0), *shop[:2])
    half = score(learnt(kind, SUPPORT_PRIOR=8), *shop[:2])

    assert whole == pytest.approx(1, abs=1e-5)
    assert half == pytest.approx(0.5, abs=1e-5)


@pytest.mark.parametrize(
    ("evidence", "whole"),
    [("looks", 10 * VIEW), ("orders", 6 * PURCHASE), ("both", 10 * VIEW + 6 * PURCHASE)],
)
def test_the_discount_says_how_much_of_their_popularity_items_keep(shop, learnt, evidence, whole):
    if evidence != "orders":
        look(range(1, 11), shop[:2])
    if evidence != "looks":
        buy(customers(6), shop[:2])

    none, cosine = learnt(POPULARITY_DISCOUNT=0), learnt(POPULARITY_DISCOUNT=0.5)

    assert score(none, *shop[:2]) == pytest.approx(whole, rel=1e-4)
    assert score(cosine, *shop[:2]) == pytest.approx(1, rel=1e-4)


def test_the_discount_holds_for_what_is_bought_together(shop, learnt):
    buy(customers(6), shop[:2])

    none = learnt("bought-together", POPULARITY_DISCOUNT=0)
    cosine = learnt("bought-together", POPULARITY_DISCOUNT=0.5)

    assert score(none, *shop[:2]) == pytest.approx(6, rel=1e-4)
    assert score(cosine, *shop[:2]) == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize(
    ("days", "weight"), [(100, 0.5), (50, 0.25)], ids=["one half-life", "two half-lives"]
)
def test_orders_fade_for_bought_together_by_the_half_life_of_purchases(shop, learnt, days, weight):
    buyers = customers(6)
    buy(buyers, shop[:2], days_ago=100)
    buy(buyers, [shop[0], shop[2]], days_ago=0)

    found = learnt("bought-together", PURCHASE_HALF_LIFE=timedelta(days=days))

    # Six rows of each sort: the product of a pair is w * w, and so are the squares of its item.
    old, new = score(found, shop[0], shop[1]), score(found, shop[0], shop[2])
    assert old == pytest.approx(weight / sqrt(1 + weight**2), rel=1e-3)
    assert new == pytest.approx(1 / sqrt(1 + weight**2), rel=1e-3)


@pytest.mark.parametrize(("days", "weight"), [(100, 0.5), (50, 0.25)])
def test_looks_fade_for_similar_by_the_half_life_of_interest(shop, learnt, days, weight):
    look(range(1, 11), shop[:2], days_ago=100)

    found = learnt(INTEREST_HALF_LIFE=timedelta(days=days), POPULARITY_DISCOUNT=0)

    assert score(found, *shop[:2]) == pytest.approx(10 * log(1 + weight) ** 2, rel=1e-3)


# -- what is let in ------------------------------------------------------------------------------


def test_of_an_order_only_so_many_items_make_pairs(shop, learnt):
    # Of each order a sample is drawn, another one of each, so that many hold any two of them.
    buy(customers(60), shop[:6])

    whole = learnt("bought-together", BASKET_ITEMS=6)
    cut = learnt("bought-together", BASKET_ITEMS=2)

    assert {int(count) for row in whole.values() for count in row.support} == {60}
    # Sixty pairs from sixty orders of two, each told by both of its items.
    assert sum(int(row.support.sum()) for row in cut.values()) <= 2 * 60


def test_of_one_shopper_only_the_newest_interactions_make_pairs(shop, learnt):
    look(range(1, 11), shop[:2], days_ago=9)
    look(range(1, 11), shop[2:4], days_ago=1)

    all_, newest = learnt(EVENTS_PER_SHOPPER=4), learnt(EVENTS_PER_SHOPPER=2)

    assert set(all_) == {family_of(one) for one in shop[:4]}
    assert set(newest) == {family_of(one) for one in shop[2:4]}


@pytest.mark.parametrize("kind", ["similar", "bought-together"])
def test_a_pair_that_chance_explains_is_not_learnt(shop, learnt, kind):
    buyers = customers(12)
    # The first is in half of all orders, and in half of those of the second.
    buy(buyers[:6], [shop[0], shop[1]])
    buy(buyers[6:], [shop[1], shop[2]])

    loose = learnt(kind, MIN_LOG_LIKELIHOOD=0)
    strict = learnt(kind, MIN_LOG_LIKELIHOOD=1)

    assert family_of(shop[1]) in scores(loose, shop[0])
    assert family_of(shop[0]) not in strict


# -- how much is kept ----------------------------------------------------------------------------


@pytest.mark.parametrize("evidence", ["looks", "orders", "both"])
@pytest.mark.parametrize("kept", [2, 4])
def test_so_many_neighbours_of_each_item_are_kept_whatever_they_were_learnt_from(
    shop, learnt, evidence, kept
):
    if evidence != "orders":
        look(range(1, 11), shop)
    if evidence != "looks":
        buy(customers(6), shop)

    found = learnt(NEIGHBOURS_KEPT=kept)

    assert {len(row) for row in found.values()} == {kept}
    assert len(found) == len(shop)


# -- what each stage leaves behind ----------------------------------------------------------------


def stored_reverse_index(kind: str) -> dict[int, set[int]]:
    """In whose lists each item is, as the live version's artefact says."""
    version = live(kind)
    assert version is not None and version.artefact_id is not None
    index = artefacts.load(version.artefact_id, schema=REVERSE_SCHEMA)
    ends, by = index["indptr"].tolist(), index["listed_by"].tolist()
    return {
        item: set(by[ends[at] : ends[at + 1]])
        for at, item in enumerate(index["item_id"].tolist())
        if ends[at] != ends[at + 1]
    }


@pytest.mark.parametrize("kind", ["similar", "bought-together"])
def test_each_version_knows_in_whose_lists_an_item_is(shop, learnt, kind):
    buyers = customers(12)
    buy(buyers[:6], shop[:3])
    buy(buyers[6:], shop[2:4])
    # Lists of one are not mutual: whoever is in a list does not always list in turn.
    for kept in (1, 50):
        found = learnt(kind, NEIGHBOURS_KEPT=kept)

        listed: dict[int, set[int]] = {}
        for family, row in found.items():
            for other in row.item_id.tolist():
                listed.setdefault(other, set()).add(family)
        assert listed and stored_reverse_index(kind) == listed


def test_writing_hands_the_worker_back_between_two_slices(shop, learnt, settings, monkeypatch):
    look(range(1, 11), shop)
    at_once = learnt()
    monkeypatch.setattr(stages, "SLICE_ITEMS", 2)
    settings.PERSONA = {**settings.PERSONA, "CHUNK_FOR": timedelta(0)}
    Lease.objects.update(done_at=0)

    positions: list[int] = []
    result = step("similar")
    while result.fence is not None:
        work = ModelVersion.objects.get(status=ModelVersion.Status.BUILDING).work
        positions.append(work["position"])
        result = step("similar", fence=result.fence)

    # One message to read, one to learn, and then one for each two of eight items.
    assert positions == [0, 0, 2, 4, 6, 8]
    again = {family: unpack(data) for family, data in rows_of_live("similar").items()}
    assert {family: row.item_id.tolist() for family, row in again.items()} == {
        family: row.item_id.tolist() for family, row in at_once.items()
    }
    assert len(stored_reverse_index("similar")) == len(shop)


def test_with_time_left_all_slices_are_written_in_one_go(shop, learnt, monkeypatch):
    look(range(1, 11), shop)
    learnt()
    monkeypatch.setattr(stages, "SLICE_ITEMS", 2)
    Lease.objects.update(done_at=0)

    messages, result = 1, step("similar")
    while result.fence is not None:
        messages, result = messages + 1, step("similar", fence=result.fence)

    assert messages == 3
