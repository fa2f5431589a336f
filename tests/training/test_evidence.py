"""What is counted as evidence, of what, and what is left out before anything is counted."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from django.test import override_settings

from persona_django.tracking.events import EventColumns
from persona_django.tracking.orders import OrderLines
from persona_django.tracking.schema import AGAINST, Basis, Kind
from persona_django.training.evidence import combine, family_of
from persona_django.training.similarity import rows_for_bought_together, rows_for_similar

FAR = 10**12


def snapshot(groups: dict[int, int], *, sensitive: tuple[int, ...] = ()) -> SimpleNamespace:
    """Item to family, in order of item, as far as evidence needs a snapshot."""
    ids = np.array(sorted(groups), dtype=np.int64)

    def rows_of(items):
        place = np.minimum(np.searchsorted(ids, items), len(ids) - 1)
        return np.where(ids[place] == items, place, -1)

    return SimpleNamespace(
        item_id=ids,
        group_id=np.array([groups[int(item)] for item in ids], dtype=np.int64),
        sensitive=np.isin(ids, sensitive),
        rows_of=rows_of,
    )


def events(*rows: tuple[int, int, Kind, Basis], value: int = 0) -> EventColumns:
    shopper, item, kind, basis = (np.array(column) for column in zip(*rows, strict=True))
    n = len(rows)
    return EventColumns(
        shopper=shopper.astype(np.int64),
        item=item.astype(np.int64),
        kind=kind.astype(np.int16),
        at=np.full(n, 500_000, dtype=np.int64),
        order=np.zeros(n, dtype=np.int64),
        quantity=np.ones(n, dtype=np.int32),
        basis=basis.astype(np.int16),
        value=np.full(n, value, dtype=np.int16),
        context=np.zeros(n, dtype=np.int16),
    )


def test_items_become_families_whether_their_ids_are_dense_or_far_apart():
    near = snapshot({1: 1, 2: 1, 3: 3})
    far = snapshot({1: 1, 2: 1, FAR: FAR})

    assert family_of(np.array([2, 3, 4, 1]), near).tolist() == [1, 3, 0, 1]
    assert family_of(np.array([2, FAR, 7]), far).tolist() == [1, FAR, 0]
    assert family_of(np.array([], dtype=np.int64), near).tolist() == []


def test_one_sensitive_variant_makes_its_whole_family_sensitive():
    shop = snapshot({1: 1, 2: 1, 3: 3}, sensitive=(2,))

    assert family_of(np.array([1, 2, 3]), shop).tolist() == [0, 0, 3]


def test_consented_interest_and_what_needs_a_crowd_are_kept_apart():
    log = events(
        (1, 1, Kind.VIEW, Basis.CONSENT),
        (2, 1, Kind.VIEW, Basis.AGGREGATE),
        (3, 1, Kind.PURCHASE, Basis.CONSENT),
        (4, 1, Kind.CART_REMOVE, Basis.CONSENT),
        (5, 9, Kind.VIEW, Basis.CONSENT),
        (6, 1, Kind.PURCHASE, Basis.AGGREGATE),
        (7, 1, Kind.CART_ADD, Basis.AGGREGATE),
    )
    with override_settings(PERSONA={"MIN_BUYERS": 2}):
        found = combine(log, None, snapshot({1: 1}), now=500_000)

    assert found.browsed.shopper.tolist() == [1]
    assert found.aggregated.shopper.tolist() == [2, 7]
    assert found.bought.shopper.tolist() == [3, 6]
    assert found.rows_read == 7


def test_a_buyer_never_completes_a_crowd_of_imported_viewers():
    log = events(
        (1, 1, Kind.VIEW, Basis.AGGREGATE),
        (2, 1, Kind.VIEW, Basis.AGGREGATE),
        (3, 1, Kind.PURCHASE, Basis.AGGREGATE),
    )
    with override_settings(PERSONA={"MIN_BUYERS": 3}):
        found = combine(log, None, snapshot({1: 1}), now=500_000)

    assert (len(found.aggregated), len(found.bought)) == (0, 0)


def test_kinds_of_equal_weight_on_one_day_are_two_signs_of_interest():
    shop = snapshot({1: 1})
    both = events((1, 1, Kind.CART_ADD, Basis.CONSENT), (1, 1, Kind.SAVE, Basis.CONSENT))
    same = events((1, 1, Kind.SAVE, Basis.CONSENT), (1, 1, Kind.SAVE, Basis.CONSENT))

    twice, once = (
        rows_for_similar(combine(log, None, shop, now=500_000))["browsed_weight"].tolist()
        for log in (both, same)
    )

    assert twice == [pytest.approx(np.log1p(3 + 3))]
    assert once == [pytest.approx(np.log1p(3))]


def test_purchases_that_weigh_nothing_still_say_what_is_bought_together():
    log = events(
        *((who, item, Kind.PURCHASE, Basis.CUSTOMER) for who in range(1, 6) for item in (1, 2))
    )
    with override_settings(PERSONA={"EVENT_WEIGHTS": {"purchase": 0}}):
        found = combine(log, None, snapshot({1: 1, 2: 2}), now=500_000)
        together, similar = rows_for_bought_together(found), rows_for_similar(found)

    assert together["bought_weight"].tolist() == [1.0] * 10
    assert similar["bought_weight"].tolist() == []


def test_imported_purchases_and_the_shops_orders_complete_one_crowd():
    log = events((1, 1, Kind.PURCHASE, Basis.AGGREGATE), (2, 1, Kind.PURCHASE, Basis.AGGREGATE))
    lines = OrderLines(
        shopper=np.array([3, 3, 4]),
        item=np.array([1, 2, 2]),
        order=np.array([7, 7, 8]),
        at=np.full(3, 500_000),
        quantity=np.ones(3, dtype=np.int32),
    )
    with override_settings(PERSONA={"MIN_BUYERS": 3}):
        found = combine(log, lines, snapshot({1: 1, 2: 2}), now=500_000)

    # Item 1 has three buyers, item 2 two: the latter leaves no trace.
    assert sorted(found.bought.shopper.tolist()) == [1, 2, 3]
    assert set(found.bought.item.tolist()) == {1}
    assert found.rows_read == 5


def test_a_kind_that_weighs_nothing_is_left_out():
    log = events((1, 1, Kind.VIEW, Basis.CONSENT), (2, 1, Kind.CLICK, Basis.CONSENT))
    with override_settings(PERSONA={"EVENT_WEIGHTS": {"view": 0}}):
        found = combine(log, None, snapshot({1: 1}), now=500_000)

    assert found.browsed.shopper.tolist() == [2]


@pytest.mark.parametrize(
    "kind", [Kind.ENGAGE, Kind.PLAY, Kind.PROGRESS, Kind.FINISH, Kind.REVISIT]
)
def test_what_is_half_seen_or_half_sure_is_half_the_evidence(kind):
    weights = [
        combine(
            events((1, 1, kind, Basis.CONSENT), value=value), None, snapshot({1: 1}), now=500_000
        ).browsed.weight.sum()
        for value in (1_000, 500, 2_047)
    ]

    assert weights[1] == weights[0] / 2 > 0
    assert weights[2] == weights[0]


def test_a_glance_weighs_less_than_a_usual_look_and_that_less_than_a_long_one():
    log = events(*[(shopper, 1, Kind.DWELL, Basis.CONSENT) for shopper in range(1, 52)], value=30)
    log.value[[0, 1]] = 2, 400

    weight = combine(log, None, snapshot({1: 1}), now=500_000).browsed.weight

    glance, long, usual = weight[:3]
    assert glance < 0.1 * long
    assert usual == pytest.approx(0.5, abs=0.02)
    assert 0.9 < long < 1


def test_a_look_told_in_pieces_is_as_strong_as_one_told_at_once():
    looks = [(shopper, 1, Kind.DWELL, Basis.CONSENT) for shopper in range(1, 31)]
    log = events(*looks, (1, 1, Kind.DWELL, Basis.CONSENT), value=30)
    log.value[0] = log.value[-1] = 15

    weight = combine(log, None, snapshot({1: 1}), now=500_000).browsed.weight

    assert weight[0] == weight[-1] == pytest.approx(weight[1], rel=1e-6)


def test_a_film_told_with_a_growing_share_counts_with_the_largest_of_its_day():
    log = events(*[(1, 1, Kind.PROGRESS, Basis.CONSENT)] * 3, value=250)
    log.value[1] = 1_000
    log.at[2] += 86_400

    weight = combine(log, None, snapshot({1: 1}), now=600_000).browsed.weight

    assert weight[0] == weight[1] == 4 * weight[2]


@pytest.mark.parametrize("kind", sorted(AGAINST), ids=lambda kind: kind.name)
def test_what_speaks_against_an_item_never_reaches_what_all_are_shown(kind):
    log = events(
        *[(shopper, 1, Kind.VIEW, Basis.CONSENT) for shopper in range(1, 4)],
        *[(shopper, 2, kind, Basis.CONSENT) for shopper in range(1, 4)],
        value=1_000,
    )

    with override_settings(PERSONA={"EVENT_WEIGHTS": {kind.name.lower(): 9.0}}):
        found = combine(log, None, snapshot({1: 1, 2: 2}), now=500_000)

    assert found.browsed.item.tolist() == [1, 1, 1]


def test_a_kind_of_the_shop_s_own_fades_at_its_own_pace():
    own = {
        "ask": {"number": 70, "weight": 1.0, "half_life": timedelta(days=1)},
        "measure": {"number": 71, "weight": 1.0},
    }
    seen = events((1, 1, 70, Basis.CONSENT), (1, 2, 71, Basis.CONSENT))
    ten_days_on = int(seen.at[0]) + 10 * 86_400
    with override_settings(PERSONA={"EVENT_KINDS": own, "INTEREST_HALF_LIFE": timedelta(days=10)}):
        evidence = combine(seen, None, snapshot({1: 1, 2: 2}), now=ten_days_on)
        weights = rows_for_similar(evidence)["browsed_weight"].tolist()

    assert weights == pytest.approx([np.log1p(2**-10), np.log1p(1 / 2)], rel=1e-3)
