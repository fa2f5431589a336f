"""One order for the whole shop, and another for each situation that anything is known of."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from persona_django.catalogue.snapshot import current_snapshot
from persona_django.sources.families import Families
from persona_django.sources.situations import Popularity
from persona_django.tracking.situations import DEVICES, ENTRIES, SITUATIONS, TIMES
from tests.factories import products, read_catalogue

pytestmark = pytest.mark.django_db


@pytest.fixture
def families() -> Families:
    products(3)
    read_catalogue()
    snapshot = current_snapshot()
    assert snapshot is not None
    return Families(snapshot)


def popularity(families: Families, **lift: tuple[float, float, float]) -> Popularity:
    """The first came to by 30 shoppers, the second by 20, the third by 10."""
    table = np.ones((3, len(SITUATIONS)), dtype=np.float32)
    for name, column in lift.items():
        table[:, SITUATIONS.index(name)] = column
    score = np.log1p([30.0, 20.0, 10.0])
    return Popularity(families, {"group_id": families.group_id, "score": score, "lift": table})


def order(families: Families, found) -> list[int]:
    return families.rows_of(found.first(9)).tolist()


def test_in_no_situation_at_all_the_order_is_that_of_the_whole_shop(families):
    known = popularity(families, evening=(1, 1, 9))

    assert order(families, known.whole) == [0, 1, 2]
    assert order(families, known.within(())) == [0, 1, 2]
    assert order(families, known.within(("evening",))) == [2, 0, 1]


def test_lifts_of_several_situations_come_together(families):
    known = popularity(families, evening=(1, 1, 1.8), phone=(1, 1, 1.8))

    assert order(families, known.within(("evening",))) == [0, 1, 2]
    assert order(families, known.within(("evening", "phone"))) == [2, 0, 1]


def test_where_nothing_is_known_of_a_situation_no_second_order_is_kept(families):
    known = popularity(families, evening=(1, 1, 2))

    assert known.within(("night", "phone")) is known.whole


def test_no_order_is_worked_out_twice_whatever_else_is_asked_for_in_between(families):
    """An anonymous address may name any device and any entry, and must not make work with it."""
    lift = dict.fromkeys(SITUATIONS, (1, 2, 3))
    known = popularity(families, **lift)
    asked = [
        tuple(filter(None, one))
        for one in itertools.product(("", *TIMES), ("", *DEVICES), ("", *ENTRIES))
    ]

    first = [known.within(one) for one in asked]

    assert len(asked) == len({*map(id, first)}) == 80
    assert [known.within(one) for one in asked] == first


@pytest.mark.parametrize(
    ("name", "odd"), [("lift", np.ones((3, 2))), ("score", np.ones(2)), ("score", np.ones((3, 2)))]
)
def test_arrays_of_another_shape_are_refused(families, name, odd):
    arrays = {
        "group_id": families.group_id,
        "score": np.ones(3),
        "lift": np.ones((3, len(SITUATIONS))),
    }

    with pytest.raises(ValueError, match=f"{name} has shape"):
        Popularity(families, {**arrays, name: odd})


def test_families_that_the_version_knows_nothing_of_or_that_are_gone_do_not_appear(families):
    known = Popularity(
        families,
        {
            "group_id": np.array([1, families.group_id[2]]) * [10**6, 1],
            "score": np.log1p([30.0, 20.0]),
            "lift": np.full((2, len(SITUATIONS)), 2, dtype=np.float32),
        },
    )

    assert order(families, known.whole) == order(families, known.within(("phone",))) == [2]
