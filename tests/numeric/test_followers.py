"""What comes after an item: counted once a row, nearest first, by distinct shoppers."""

from __future__ import annotations

from collections import defaultdict
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric import followers as module
from persona_django.numeric.followers import backed_steps, followers
from persona_django.numeric.neighbours import Neighbours
from persona_django.numeric.steps import Steps

N_ITEMS, N_OWNERS = 5, 3
Row = tuple[int, list[tuple[int, int]]]
"""An owner, and items with the times that passed since the one before."""
tables = st.lists(
    st.tuples(
        st.integers(0, N_OWNERS - 1),
        st.lists(st.tuples(st.integers(0, N_ITEMS - 1), st.integers(0, 2)), max_size=12),
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


def learnt(steps: Steps, **options: float) -> Neighbours:
    given = {"k": 9, "reach": 2, "fade": 0.5, "min_support": 1, "min_llr": 0, "prior": 0}
    return followers(steps, **{**given, "discount": 0, **options})  # type: ignore[arg-type]


def lists(found: Neighbours) -> dict[int, list[int]]:
    indptr, item = found.indptr, found.item.tolist()
    return {i: item[indptr[i] : indptr[i + 1]] for i in range(N_ITEMS)}


EVERYBODY = 2**40 - 1
some = st.one_of(st.just(EVERYBODY), st.integers(0, EVERYBODY))
"""As bits: the places that count."""


def chosen(bits: int, n: int) -> np.ndarray:
    return np.array([bits >> place & 1 for place in range(n)], dtype=bool)


@given(
    rows=tables,
    reach=st.integers(1, 3),
    block=st.sampled_from([1, 4, 10**6]),
    lead=some,
    follow=some,
)
def test_it_is_what_a_look_at_every_row_counts(rows, reach, block, lead, follow):
    steps = steps_of(rows)
    leads, follows = (chosen(bits, len(steps.item)) for bits in (lead, follow))
    wanted: dict[tuple[int, int], dict[str, list]] = defaultdict(lambda: defaultdict(list))
    for number, (owner, row) in enumerate(rows):
        start = steps.indptr[number]
        times = steps.at[start : start + len(row)].tolist()
        moments = {at: place for place, at in enumerate(sorted(set(times)))}
        nearest: dict[tuple[int, int], tuple[int, int]] = {}
        for a, (one, _) in enumerate(row):
            for b, (other, _) in enumerate(row):
                distance = moments[times[b]] - moments[times[a]]
                counts = leads[start + a] and follows[start + b]
                if 0 < distance <= reach and one != other and counts:
                    # Of equally near ones the first.
                    here = (distance, a, b, times[b] - times[a])
                    nearest[one, other] = min(nearest.get((one, other), here), here)
        for pair, (distance, _, _, gap) in nearest.items():
            wanted[pair]["strength"].append(0.5 ** (distance - 1))
            wanted[pair]["owners"].append(owner)
            wanted[pair]["gaps"].append(gap)

    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(module, "BLOCK_PAIRS", block)
        found = learnt(steps, reach=reach, leads=leads, follows=follows)

    neighbours = found
    first = np.repeat(np.arange(N_ITEMS), np.diff(neighbours.indptr)).tolist()
    pairs = list(zip(first, neighbours.item.tolist(), strict=True))
    row, item = steps.row, steps.item
    holding = [len(set(row[leads & (item == i)].tolist())) for i in range(N_ITEMS)]
    # Chance is at work where an item follows no more often than it would anyway.
    assert set(pairs) <= wanted.keys()
    for place, pair in enumerate(pairs):
        told = wanted[pair]
        assert neighbours.score[place] == pytest.approx(sum(told["strength"]) / holding[pair[0]])
        assert neighbours.support[place] == len(set(told["owners"]))
        assert found.gap[place] == median(told["gaps"])
    assert len(pairs) == len(wanted)
    by = [len(set(steps.owner[row[leads & (item == i)]].tolist())) for i in range(N_ITEMS)]
    assert found.item_support.tolist() == by


def test_a_case_comes_after_the_phone_and_not_before_it():
    found = learnt(one_after_the_other([0, 1], [0, 1], [0, 2]))

    assert lists(found) == {0: [1, 2], 1: [], 2: [], 3: [], 4: []}
    assert found.score.tolist() == pytest.approx([2 / 3, 1 / 3])


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


def test_the_nearest_is_so_in_moments_however_much_was_bought_in_one_of_them():
    """Between the first 0 and the 1 after it stands a large order; between the second 0 and the
    other 1 a small one, a moment further on."""
    large = [0, *[2, 3, 4] * 3]
    orders = Steps(
        indptr=np.array([0, len(large) + 4]),
        item=np.array([*large, 1, 0, 2, 1]),
        at=np.array([*[10] * len(large), 20, 30, 40, 50]),
        owner=np.array([0]),
        n_items=N_ITEMS,
        n_owners=1,
    )

    found = learnt(orders)

    assert lists(found)[0] == [1, 2]
    assert (found.score[0], found.gap[0]) == (1.0, 10)


def test_one_shopper_again_and_again_is_one_and_the_gate_asks_for_more():
    steps = one_after_the_other([0, 1], [0, 1], [0, 2], [0, 2])
    alone = Steps(**{**vars(steps), "owner": np.array([0, 0, 1, 2]), "n_owners": 3})

    found = learnt(alone, min_support=2)

    assert lists(found)[0] == [2]
    assert found.item_support[0] == 3


def test_popular_items_are_held_back_and_few_reasons_are_pulled_down():
    steps = one_after_the_other([0, 1], [0, 1], [0, 2], [3, 1], [3, 1], [4, 1])

    assert lists(learnt(steps))[0] == [1, 2]
    assert lists(learnt(steps, discount=1))[0] == [2, 1]
    assert learnt(steps, prior=2).score[0] == pytest.approx(2 / 3 * 2 / 4)


def test_only_the_best_are_kept_and_equals_stand_by_their_number():
    assert lists(learnt(one_after_the_other([0, 3], [0, 2], [0, 1]), k=2))[0] == [1, 2]


def test_what_follows_by_chance_is_left_out():
    by_chance = one_after_the_other([0, 1], [2, 3], [0, 3], [2, 1])

    assert len(learnt(by_chance, min_llr=0.01).item) == 0


def test_progress_is_told_and_may_stop_it():
    heard = []
    followers(
        one_after_the_other([0, 1]), k=1, reach=1, fade=1, min_support=1, min_llr=0, prior=0,
        discount=0, progress=lambda *told: heard.append(told),
    )  # fmt: skip
    assert heard == [(N_ITEMS, N_ITEMS)]


def test_items_are_looked_at_together_by_how_much_comes_after_them(monkeypatch):
    """Not by their places: with large orders many times as much is within reach."""
    monkeypatch.setattr(module, "BLOCK_PAIRS", 4)
    orders = Steps(
        indptr=np.array([0, 5]),
        item=np.arange(5),
        at=np.array([10, 10, 10, 20, 20]),
        owner=np.array([0]),
        n_items=N_ITEMS,
        n_owners=1,
    )
    heard = []

    followers(
        orders, k=9, reach=1, fade=1, min_support=1, min_llr=0, prior=0, discount=0,
        progress=lambda *told: heard.append(told),
    )  # fmt: skip

    assert heard == [(2, N_ITEMS), (N_ITEMS, N_ITEMS)]


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


def test_nobody_has_followers_where_nothing_happened():
    found = learnt(steps_of([]))

    assert len(found.item) == len(found.gap) == 0
    assert len(found.indptr) == N_ITEMS + 1


@given(
    rows=tables,
    reach=st.integers(1, 3),
    crowd=st.integers(1, 3),
    block=st.sampled_from([1, 10**6]),
)
def test_an_item_is_backed_where_a_crowd_has_it_before_or_after_the_same(
    rows, reach, crowd, block
):
    steps = steps_of(rows)
    row, to_end = steps.row, steps.to_end()
    n = len(steps.item)
    owners: dict[tuple[int, int], set[int]] = defaultdict(set)
    met = [
        (a, b)
        for a in range(n)
        for b in range(n)
        if row[a] == row[b]
        and 0 < to_end[a] - to_end[b] <= reach
        and steps.item[a] != steps.item[b]
    ]
    for a, b in met:
        owners[steps.item[a], steps.item[b]].add(int(steps.owner[row[a]]))
    shared = {
        place
        for a, b in met
        if len(owners[steps.item[a], steps.item[b]]) >= crowd
        for place in (a, b)
    }

    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(module, "BLOCK_PAIRS", block)
        found = backed_steps(steps, reach=reach, min_support=crowd)

    assert set(np.flatnonzero(found).tolist()) == shared


def test_what_does_not_count_moves_nothing_but_keeps_its_place_in_time():
    steps = one_after_the_other([0, 4, 1], [0, 1], [0, 1])

    found = learnt(steps, reach=1, leads=steps.item != 4, follows=steps.item != 4)

    assert lists(found)[0] == [1]
    assert found.support.tolist() == [2], "in the first row something came between"
    assert found.item_support.tolist() == [3, 3, 0, 0, 0]


def test_what_is_bought_says_how_special_it_is_by_the_rows_in_which_it_is_bought():
    """Looked at by everybody and bought by two: it is the buying that counts."""
    steps = one_after_the_other([0, 1, 2], [0, 1, 2], [2, 3], [2, 3])
    views = np.ones(len(steps.item), dtype=bool)
    views[[2, 5]] = False

    found = learnt(steps, reach=9, discount=0.5, leads=views, follows=~views)

    assert lists(found) == {0: [2], 1: [2], 2: [], 3: [], 4: []}
    assert found.score.tolist() == pytest.approx([0.5, 1.0]), "two of two rows, one moment further"
    assert found.item_support.tolist() == [2, 2, 2, 2, 0]


def test_chance_is_reckoned_against_all_rows_there_were():
    pair = one_after_the_other([0, 1], [0, 1])

    assert learnt(pair, rows_seen=2).llr.max(initial=0) == 0
    assert learnt(pair, rows_seen=1_000).llr.max() > 20


@pytest.mark.parametrize("wrong", [{"reach": 0}, {"min_support": 0}])
def test_a_crowd_or_reach_of_nobody_is_refused(wrong):
    with pytest.raises(ValueError, match="at least 1 shopper"):
        backed_steps(one_after_the_other([0, 1]), **{"reach": 1, "min_support": 1, **wrong})
