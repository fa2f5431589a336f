"""Visits, and what was bought in the end, as rows in time: held against a look at each event."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric.interactions import Interactions
from persona_django.numeric.journeys import view_purchase_steps, view_steps

GAP = 10
looks = st.lists(
    st.tuples(st.integers(1, 3), st.integers(20, 24), st.integers(100, 140)), max_size=12
)
"""Shopper, item and second."""
Line = tuple[int, int, int]


def columns(lines: list[Line], *, orders: bool = False) -> Interactions:
    shopper, item, at = (np.array([line[n] for line in lines], dtype=np.int64) for n in range(3))
    basket = at.copy() if orders else None
    return Interactions(
        shopper=shopper, item=item, at=at, weight=np.ones(len(lines), np.float32), basket=basket
    )


def visits(lines: list[Line], *, cap: int) -> list[tuple[int, list[tuple[int, int]]]]:
    """Shopper, and items with their seconds, of each visit in order of shopper and time."""
    found: list[tuple[int, list[tuple[int, int]]]] = []
    for shopper in sorted({line[0] for line in lines}):
        mine = sorted((at, item) for who, item, at in lines if who == shopper)[-cap:]
        last = None
        for at, item in mine:
            if last is None or at - last >= GAP:
                found.append((shopper, []))
            if not found[-1][1] or found[-1][1][-1][0] != item:
                found[-1][1].append((item, at))
            last = at
    return found


@given(lines=looks, cap=st.integers(1, 6))
def test_a_row_is_a_visit_in_order(lines, cap):
    steps, item_ids = view_steps(columns(lines), gap_seconds=GAP, cap=cap)

    found = [
        list(zip(item_ids[part.item].tolist(), part.at.tolist(), strict=True))
        for part in (steps.take(np.array([row])) for row in range(len(steps)))
    ]
    wanted = visits(lines, cap=cap)
    assert found == [row for _, row in wanted]
    owners = sorted({shopper for shopper, _ in wanted})
    assert steps.owner.tolist() == [owners.index(shopper) for shopper, _ in wanted]
    assert steps.n_owners == len(owners)


@given(lines=looks, bought=looks, most=st.integers(1, 12))
def test_what_is_bought_stands_in_the_row_of_the_last_look_before_it(lines, bought, most):
    steps, is_bought, item_ids = view_purchase_steps(
        columns(lines),
        columns(bought, orders=True),
        gap_seconds=GAP,
        cap=99,
        most_items=99,
        most_looks=most,
    )

    found = {
        (row, int(item), int(at))
        for row, item, at in zip(
            steps.row[is_bought], item_ids[steps.item[is_bought]], steps.at[is_bought], strict=True
        )
    }
    rows = [(who, row[-most:]) for who, row in visits(lines, cap=99)]
    wanted = set()
    for who, item, at in bought:
        before = [
            (stamp, number)
            for number, (shopper, row) in enumerate(rows)
            for _, stamp in row
            if shopper == who and stamp <= at
        ]
        if before and at - max(before)[0] < GAP:
            wanted.add((max(before)[1], item, at))
    assert found == wanted
    views = steps.only(~is_bought)
    looked = [item for _, row in rows for item, _ in row]
    assert item_ids[views.item].tolist() == looked
    assert np.diff(views.indptr).tolist() == [len(row) for _, row in rows], "none is cut by it"


def test_an_order_without_a_name_and_a_bound_of_nothing_are_refused():
    with pytest.raises(ValueError, match="at least one view"):
        view_steps(columns([(1, 20, 100)]), gap_seconds=GAP, cap=0)
    with pytest.raises(ValueError, match="basket is None"):
        view_purchase_steps(
            columns([]), columns([]), gap_seconds=GAP, cap=1, most_items=1, most_looks=1
        )
