"""What visits like the present one went on to."""

from __future__ import annotations

from collections import defaultdict
from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric.steps import Steps
from persona_django.numeric.visit_neighbours import Likeness, VisitIndex, index_visits, visit_next

N_ITEMS, NOW, DAY = 6, 1_000_000, 86_400
LIKE = Likeness(visits=50, places=1.5, days=20.0, reach=2.0, length=0.5)
visits = st.lists(
    st.tuples(
        st.lists(st.integers(0, N_ITEMS - 1), max_size=5),
        st.integers(0, 10),
    ),
    max_size=8,
)


def steps_of(table: list[tuple[list[int], int]]) -> Steps:
    """Visits and how many days ago they were, in any order."""
    times = [[NOW - days * DAY] * len(items) for items, days in table]
    return Steps(
        indptr=np.cumsum([0, *(len(items) for items, _ in table)]),
        item=np.array([item for items, _ in table for item in items], dtype=np.int64),
        at=np.array([at for row in times for at in row], dtype=np.int64),
        owner=np.arange(len(table)),
        n_items=N_ITEMS,
        n_owners=len(table),
    )


def answered(
    table: list[tuple[list[int], int]], seen: list[int], likeness: Likeness = LIKE, most: int = 99
) -> dict[int, float]:
    index = index_visits(steps_of(table), most=most)
    items, score = visit_next(index, np.array(seen, dtype=np.int64), now=NOW, likeness=likeness)
    return dict(zip(items.tolist(), score.tolist(), strict=True))


@given(table=visits, seen=st.lists(st.integers(0, N_ITEMS - 1), max_size=4))
def test_the_score_is_what_the_papers_say(table, seen):
    filled = [(items, days) for items, days in table if items]
    rarity = {
        i: log(len(filled) / held) if held else 0.0
        for i in range(N_ITEMS)
        for held in [sum(i in items for items, _ in filled)]
    }
    presence = {i: exp(-seen[::-1].index(i) / 1.5) * (1 + rarity[i]) for i in set(seen)}
    wanted: dict[int, float] = defaultdict(float)
    for items, days in filled:
        common = [place for place, item in enumerate(items) if item in presence]
        if common:
            alike = sum(presence[i] for i in set(items) & set(seen))
            alike *= exp(-days / 20) / len(items) ** 0.5
            for place, item in enumerate(items):
                near = exp(-abs(place - common[-1]) / 2)
                wanted[item] += alike * near * (1 + rarity[item])

    assert answered(table, seen) == pytest.approx(dict(wanted), rel=1e-5)


def test_what_was_looked_at_last_counts_most():
    table = [([0, 2], 1), ([1, 3], 1)]

    found = answered(table, [0, 1])

    assert found[3] > found[2]


def test_a_newer_visit_and_what_stands_nearer_to_the_match_say_more():
    assert (found := answered([([0, 1], 1), ([0, 2], 9)], [0]))[1] > found[2]
    assert (found := answered([([0, 1, 2], 1)], [0]))[1] > found[2]


def test_only_the_visits_most_like_it_speak_and_of_equals_the_newest():
    alone = Likeness(visits=1, places=1.5, days=1e9, reach=2.0, length=0.5)

    assert set(answered([([0, 1], 5), ([0, 2], 3), ([0, 3], 4)], [0], alone)) == {0, 2}
    assert set(answered([([0, 1, 4], 1), ([0, 2], 3)], [0], alone)) == {0, 2}


def test_of_a_popular_item_only_the_newest_visits_are_asked():
    assert set(answered([([0, 1], 5), ([0, 2], 3), ([0, 3], 4)], [0], most=2)) == {0, 2, 3}


def test_it_takes_so_many_visitors_and_one_who_comes_again_is_one():
    table = [([0, 1], 5), ([0, 1], 4), ([0, 2], 3), ([0, 2], 2)]
    steps = steps_of(table)
    again = Steps(**{**vars(steps), "owner": np.array([0, 1, 2, 2]), "n_owners": 3})
    index = index_visits(again, most=99)

    items, score = visit_next(index, np.array([0]), now=NOW, likeness=LIKE, min_support=2)
    everything = dict(zip(*visit_next(index, np.array([0]), now=NOW, likeness=LIKE), strict=True))

    assert items.tolist() == [0, 1]
    assert score.tolist() == [everything[0], everything[1]], "the rest counts as it does anyway"


@pytest.mark.parametrize("seen", [[], [5]])
def test_nothing_seen_or_nothing_known_of_it_answers_nothing(seen):
    assert answered([([0, 1], 1)], seen) == {}
    assert answered([], seen) == {}


@given(table=visits)
def test_every_item_finds_its_visits_newest_first_and_each_once(table):
    index: VisitIndex = index_visits(steps_of(table), most=3)

    assert (np.diff(index.at) >= 0).all()
    for item in range(N_ITEMS):
        held = index.visit[index.item_indptr[item] : index.item_indptr[item + 1]].tolist()
        every = [
            visit
            for visit in range(len(index.at))
            if item in index.item[index.indptr[visit] : index.indptr[visit + 1]]
        ]
        assert held == every[::-1][:3]


@pytest.mark.parametrize(
    "option", [{"visits": 0}, {"places": 0}, {"days": -1}, {"reach": np.nan}, {"length": 2}]
)
def test_an_option_out_of_its_range_is_refused_by_name(option):
    with pytest.raises(ValueError, match=next(iter(option))):
        Likeness(**{**vars(LIKE), **option})
    with pytest.raises(ValueError, match="most"):
        index_visits(steps_of([]), most=0)
