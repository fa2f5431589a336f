"""What comes after an item: counted once a row, nearest first, by distinct shoppers."""

from __future__ import annotations

from collections import defaultdict
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric import followers as module
from persona_django.numeric.followers import Followers, Steps, followers

N_ITEMS, N_OWNERS = 5, 3
Row = tuple[int, list[tuple[int, int]]]
"""An owner, and items with the times that passed since the one before."""
tables = st.lists(
    st.tuples(
        st.integers(0, N_OWNERS - 1),
        st.lists(st.tuples(st.integers(0, N_ITEMS - 1), st.integers(0, 2)), max_size=6),
    ),
    max_size=6,
)


def steps_of(rows: list[Row]) -> Steps:
    at = [np.cumsum([100, *(gap for _, gap in row[1:])]) for _, row in rows if row]
    return Steps(
        indptr=np.cumsum([0, *(len(row) for _, row in rows)]),
        item=np.array([item for _, row in rows for item, _ in row], dtype=np.int64),
        at=np.concatenate([np.empty(0, np.int64), *at]).astype(np.int64),
        owner=np.array([owner for owner, _ in rows], dtype=np.int64),
        n_items=N_ITEMS,
        n_owners=N_OWNERS,
    )


def one_after_the_other(*rows: list[int]) -> Steps:
    """Each row another shopper's, a second between two items."""
    return Steps(
        indptr=np.cumsum([0, *map(len, rows)]),
        item=np.array([item for row in rows for item in row], dtype=np.int64),
        at=np.concatenate([np.arange(len(row)) for row in rows]),
        owner=np.arange(len(rows)),
        n_items=N_ITEMS,
        n_owners=len(rows),
    )


def learnt(steps: Steps, **options: float) -> Followers:
    given = {"k": 9, "reach": 2, "fade": 0.5, "min_support": 1, "min_llr": 0, "prior": 0}
    return followers(steps, **{**given, "discount": 0, **options})  # type: ignore[arg-type]


def lists(found: Followers) -> dict[int, list[int]]:
    indptr, item = found.neighbours.indptr, found.neighbours.item.tolist()
    return {i: item[indptr[i] : indptr[i + 1]] for i in range(N_ITEMS)}


@given(rows=tables, reach=st.integers(1, 3), block=st.sampled_from([1, 4, 10**6]))
def test_it_is_what_a_look_at_every_row_counts(rows, reach, block):
    steps = steps_of(rows)
    wanted: dict[tuple[int, int], dict[str, list]] = defaultdict(lambda: defaultdict(list))
    for number, (owner, row) in enumerate(rows):
        start = steps.indptr[number]
        times = steps.at[start : start + len(row)].tolist()
        moments = {at: place for place, at in enumerate(sorted(set(times)))}
        nearest: dict[tuple[int, int], tuple[int, int]] = {}
        for a, (one, _) in enumerate(row):
            for b, (other, _) in enumerate(row):
                distance = moments[times[b]] - moments[times[a]]
                if 0 < distance <= reach and one != other:
                    here = (distance, b - a, a, times[b] - times[a])
                    nearest[one, other] = min(nearest.get((one, other), here), here)
        for pair, (distance, _, _, gap) in nearest.items():
            wanted[pair]["strength"].append(0.5 ** (distance - 1))
            wanted[pair]["owners"].append(owner)
            wanted[pair]["gaps"].append(gap)

    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(module, "BLOCK_PAIRS", block)
        found = learnt(steps, reach=reach)

    neighbours = found.neighbours
    first = np.repeat(np.arange(N_ITEMS), np.diff(neighbours.indptr)).tolist()
    pairs = list(zip(first, neighbours.item.tolist(), strict=True))
    holding = [sum(any(item == i for item, _ in row) for _, row in rows) for i in range(N_ITEMS)]
    # Chance is at work where an item follows no more often than it would anyway.
    assert set(pairs) <= wanted.keys()
    for place, pair in enumerate(pairs):
        told = wanted[pair]
        assert neighbours.score[place] == pytest.approx(sum(told["strength"]) / holding[pair[0]])
        assert neighbours.support[place] == len(set(told["owners"]))
        assert found.gap[place] == median(told["gaps"])
    assert len(pairs) == len(wanted)


def test_a_case_comes_after_the_phone_and_not_before_it():
    found = learnt(one_after_the_other([0, 1], [0, 1], [0, 2]))

    assert lists(found) == {0: [1, 2], 1: [], 2: [], 3: [], 4: []}
    assert found.neighbours.score.tolist() == pytest.approx([2 / 3, 1 / 3])


def test_what_comes_sooner_comes_first_and_what_is_out_of_reach_not_at_all():
    assert lists(learnt(one_after_the_other([0, 1, 2, 3])))[0] == [1, 2]
    assert lists(learnt(one_after_the_other([0, 1, 2, 3]), reach=3))[0] == [1, 2, 3]


def test_items_of_one_order_do_not_follow_each_other_and_the_next_order_is_one_moment_on():
    orders = Steps(
        indptr=np.array([0, 5]),
        item=np.array([0, 1, 2, 3, 4]),
        at=np.array([10, 10, 20, 20, 30]),
        owner=np.array([0]),
        n_items=N_ITEMS,
        n_owners=1,
    )

    found = learnt(orders, reach=1)

    assert lists(found) == {0: [2, 3], 1: [2, 3], 2: [4], 3: [4], 4: []}
    assert found.gap.tolist() == [10] * 6


def test_one_shopper_again_and_again_is_one_and_the_gate_asks_for_more():
    steps = one_after_the_other([0, 1], [0, 1], [0, 2], [0, 2])
    alone = Steps(**{**vars(steps), "owner": np.array([0, 0, 1, 2]), "n_owners": 3})

    found = learnt(alone, min_support=2)

    assert lists(found)[0] == [2]
    assert found.neighbours.item_support[0] == 3


def test_popular_items_are_held_back_and_few_reasons_are_pulled_down():
    steps = one_after_the_other([0, 1], [0, 1], [0, 2], [3, 1], [3, 1], [4, 1])

    assert lists(learnt(steps))[0] == [1, 2]
    assert lists(learnt(steps, discount=1))[0] == [2, 1]
    assert learnt(steps, prior=2).neighbours.score[0] == pytest.approx(2 / 3 * 2 / 4)


def test_only_the_best_are_kept_and_equals_stand_by_their_number():
    assert lists(learnt(one_after_the_other([0, 3], [0, 2], [0, 1]), k=2))[0] == [1, 2]


def test_what_follows_by_chance_is_left_out():
    by_chance = one_after_the_other([0, 1], [2, 3], [0, 3], [2, 1])

    assert len(learnt(by_chance, min_llr=0.01).neighbours.item) == 0


def test_progress_is_told_and_may_stop_it():
    heard = []
    followers(
        one_after_the_other([0, 1]), k=1, reach=1, fade=1, min_support=1, min_llr=0, prior=0,
        discount=0, progress=lambda *told: heard.append(told),
    )  # fmt: skip
    assert heard == [(N_ITEMS, N_ITEMS)]


@pytest.mark.parametrize(
    "option",
    [
        {"k": 0}, {"reach": 0}, {"fade": 0}, {"fade": 1.1}, {"min_support": 0}, {"prior": -1},
        {"discount": 1.5}, {"min_llr": -1}, {"min_llr": np.nan},
    ],
)  # fmt: skip
def test_an_option_out_of_its_range_is_refused_by_name(option):
    with pytest.raises(ValueError, match=next(iter(option))):
        learnt(one_after_the_other([0, 1]), **option)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"indptr": np.array([0, 1])}, "cover all items"),
        ({"at": np.array([5, 4])}, "oldest comes first"),
        ({"item": np.array([0, 9])}, "numbers from 0 to 4"),
        ({"owner": np.array([0, 0])}, "one owner a row"),
    ],
)
def test_columns_that_do_not_fit_are_refused(wrong, said):
    whole = vars(one_after_the_other([0, 1]))

    with pytest.raises(ValueError, match=said):
        Steps(**{**whole, **wrong})


def test_nobody_has_followers_where_nothing_happened():
    found = learnt(steps_of([]))

    assert len(found.neighbours.item) == len(found.gap) == 0
    assert len(found.neighbours.indptr) == N_ITEMS + 1
