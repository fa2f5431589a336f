"""How many would have two items in common by chance: planted counts, and what few did."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from persona_django.artefacts import store as artefacts
from persona_django.model_registry.live import live_artefact
from persona_django.model_registry.models import Lease
from persona_django.numeric.chance import lift, met_by_chance
from persona_django.similarity.chance import by_chance
from persona_django.similarity.lookup import neighbours_of
from persona_django.similarity.relations import RELATIONS
from persona_django.similarity.store import REVERSE_SCHEMA
from persona_django.training import similarity
from persona_django.training.rebuild import rebuild, step
from tests.factories import family_of, products, read_catalogue
from tests.training.history import buy, customers, keys_of, live, look
from tests.training.test_small_cells import (
    LLR,
    buyers_and_items,
    buyers_of,
    conf_of,
    evidence_of,
    one_order_each,
)

K = 5
MINUTE = 1 / 24 / 60


@pytest.fixture
def shop(db, settings):
    settings.PERSONA = {
        **settings.PERSONA, "MIN_TRAINING_SHOPPERS": 1, "MIN_LOG_LIKELIHOOD": 0.5,
    }  # fmt: skip
    made = products(8)
    read_catalogue()
    return made


def figures(kind: str, product, other) -> tuple[int, int, float]:
    """Of a pair in the live version: how many have both, of how many, and by chance."""
    family = family_of(product)
    row = neighbours_of([family])[RELATIONS[kind], family]
    at = row.item_id.tolist().index(family_of(other))
    chance = by_chance(live(kind).pk, family, row.item_id, row.support)
    return int(row.support[at]), row.item_support, float(chance[at])


def told_of(kind: str, product) -> set[int]:
    """Every count that the version's artefact has of a product."""
    index = artefacts.load(live_artefact(kind), schema=REVERSE_SCHEMA)
    found = np.flatnonzero(index["item_id"] == family_of(product))
    columns = [index["leading"], index.get("following", index["leading"])]
    return {int(count) for column in columns for count in column[:, found].ravel()} - {0}


def test_similar_counts_the_visitors_of_both_among_all_visitors(shop):
    look(range(1, 13), shop[0:2])  # 12 of both
    look(range(21, 29), shop[0:1])  # 8 of the one alone
    look(range(31, 34), shop[1:2])  # 3 of the other alone
    look(range(41, 68), shop[2:3])  # 27 of neither

    assert rebuild("similar").live

    # 12 of 20; by chance 20 * 15 / 50.
    assert figures("similar", shop[0], shop[1]) == (12, 20, pytest.approx(6.0))
    assert figures("similar", shop[1], shop[0]) == (12, 15, pytest.approx(6.0))


def test_bought_together_counts_buyers_however_often_they_order(shop):
    both = customers(12)
    for _ in range(3):
        buy(both, shop[0:2])
    buy(customers(6), shop[0:1])
    buy(customers(82), shop[2:3])

    assert rebuild("bought-together").live

    # Of the first item 12 buyers have a pair, and the 6 without one count as 5; of the second all
    # 12. Of 100 buyers that makes 17 * 12 / 100.
    assert figures("bought-together", shop[0], shop[1]) == (12, 12, pytest.approx(2.04))
    assert figures("bought-together", shop[1], shop[0]) == (12, 12, pytest.approx(2.04))


def test_what_buyers_and_visitors_have_in_common_is_told_by_the_kind_that_expects_more(shop):
    look(range(1, 11), shop[0:2])
    look(range(21, 51), shop[2:3])
    buy(customers(10), shop[0:2])
    buy(customers(90), shop[2:3])

    assert rebuild("similar").live

    # By visitors 10 * 10 / 40, by buyers 10 * 10 / 100.
    assert figures("similar", shop[0], shop[1]) == (10, 10, pytest.approx(2.5))


def test_bought_after_counts_those_who_came_for_either_among_all_customers(shop):
    people = customers(9)
    buy(people, shop[0:1], days_ago=40)
    buy(people, shop[1:2], days_ago=30)
    buy(customers(91), shop[2:3])

    assert rebuild("bought-after").live

    assert figures("bought-after", shop[0], shop[1]) == (9, 9, pytest.approx(0.81))


def test_viewed_next_counts_visitors_and_not_their_visits(shop):
    for days_ago in (2, 4):
        look(range(1, 9), shop[0:1], days_ago=days_ago)
        look(range(1, 9), shop[1:2], days_ago=days_ago - MINUTE)
    look(range(11, 23), shop[1:2])
    look(range(31, 51), shop[2:3])

    assert rebuild("viewed-next").live

    # All 8 of the first go on to the second, which 20 of the 40 visitors look at.
    assert figures("viewed-next", shop[0], shop[1]) == (8, 8, pytest.approx(4.0))


def test_viewed_then_bought_counts_who_looked_and_who_bought(shop):
    people = customers(12)
    look(keys_of(people), shop[0:1], days_ago=2)
    look(range(1, 9), shop[0:1], days_ago=2)
    look(range(11, 31), shop[1:2], days_ago=2)
    buy(people, shop[2:3], days_ago=2 - 20 * MINUTE)

    assert rebuild("viewed-then-bought").live

    # 20 looked at the one and 12 bought the other, of 40 who looked at anything.
    assert figures("viewed-then-bought", shop[0], shop[2]) == (12, 20, pytest.approx(6.0))


def test_behind_alike_descriptions_there_is_nobody_to_be_counted(shop):
    assert rebuild("content").live

    assert "leading" not in artefacts.load(live_artefact("content"), schema=REVERSE_SCHEMA)


@pytest.mark.parametrize("kind", ["similar", "bought-together", "bought-after"])
def test_of_what_fewer_than_a_crowd_did_no_figure_tells(shop, kind):
    together = customers(9)
    buy(together, shop[0:2], days_ago=9)
    buy(together, shop[3:4])
    buy(customers(60), shop[4:5])
    rare = customers(K - 1)
    buy(rare, shop[5:7], days_ago=9)
    buy(rare, shop[0:1])
    rebuild(kind, force=True)

    assert told_of(kind, shop[0])
    assert told_of(kind, shop[5]) == told_of(kind, shop[6]) == set()
    # Bought by a crowd, but with nothing that the crowd has in common.
    assert told_of(kind, shop[4]) == set()


def test_visitors_too_few_to_be_told_are_not_told_beside_a_crowd_of_buyers(shop):
    buy(customers(9), shop[0:2])
    buy(customers(60), shop[2:3])
    look(range(1, 3), shop[0:1])
    look(range(11, 40), shop[3:4])
    rebuild("similar", force=True)

    assert told_of("similar", shop[0]) == {9}


def test_one_order_that_reaches_no_step_moves_none_of_these_figures(shop):
    buy(customers(9), shop[0:2])
    buy(customers(100), shop[2:3])
    rebuild("bought-together", force=True)
    before = figures("bought-together", shop[0], shop[1])

    buy(customers(1), [shop[0], shop[3]])
    rebuild("bought-together", force=True)

    assert figures("bought-together", shop[0], shop[1]) == before


def test_a_run_that_another_worker_goes_on_with_tells_the_same(shop):
    look(range(1, 13), shop[0:2])
    look(range(41, 68), shop[2:3])
    rebuild("similar")
    at_once = figures("similar", shop[0], shop[1])
    Lease.objects.update(done_at=0)

    result = step("similar")
    while result.fence is not None:
        result = step("similar", fence=result.fence)

    assert figures("similar", shop[0], shop[1]) == at_once


@given(bought=buyers_and_items)
def test_no_count_below_the_crowd_is_kept_and_none_that_exceeds_the_buyers(bought):
    people = {item: len(who) for item, who in buyers_of(bought).items()}
    with conf_of(min_buyers=K):
        for rows in (similarity.rows_for_bought_together, similarity.rows_for_similar):
            arrays = similarity.learn(rows(evidence_of(bought, K)), lambda done, of: None)

            for item, count in zip(arrays["item_ids"], arrays["leading"].T, strict=True):
                assert all(K <= one <= people[int(item)] for one in count if one)
            assert (arrays["everyone"] <= len({who for who, _ in bought})).all()


@given(bought=buyers_and_items)
def test_what_the_likelihood_speaks_for_has_a_lift_above_one(bought):
    """One row a customer: then both are reckoned from the same table."""
    bought = [*bought, *one_order_each([({7, 8}, K + 1), ({1}, 20)])]
    with conf_of(min_buyers=K):
        arrays = similarity.learn(
            similarity.rows_for_similar(evidence_of(bought, K)), lambda done, of: None
        )
    found, people = similarity.neighbours_in(arrays), similarity.people_in(arrays)
    for row in range(len(found.indptr) - 1):
        part = slice(found.indptr[row], found.indptr[row + 1])
        support = found.support[part]
        chance = met_by_chance(
            support, people.leading[:, row], people.leading[:, found.item[part]], people.everyone
        )
        assert (chance > 0).all()
        times = lift(support, chance)
        assert ((times > 1) | (arrays[LLR][part] == 0)).all()
