"""Two versions side by side: planted changes, counted again by hand."""

from __future__ import annotations

import pytest

from persona_django.exceptions import BadArtefact
from persona_django.similarity import difference as differing
from persona_django.similarity import store
from persona_django.similarity.difference import Difference, difference
from persona_django.similarity.models import NeighbourRow
from persona_django.similarity.relations import SIMILAR
from tests.similarity.made import neighbours

pytestmark = pytest.mark.django_db


@pytest.fixture(params=[1, 2, 500], autouse=True)
def _however_many_are_read_at_once(request, monkeypatch):
    monkeypatch.setattr(differing, "_AT_ONCE", request.param)


def written(version: int, lists: dict[int, list[int]], *, people: int = 100) -> None:
    scored = {
        item: [(other, 0.9 - place / 100, 9) for place, other in enumerate(others)]
        for item, others in lists.items()
    }
    store.write(version, SIMILAR, *neighbours(scored, item_support=people))


def between(before: dict[int, list[int]], after: dict[int, list[int]]) -> Difference:
    written(7, before)
    written(8, after)
    return difference(7, 8, relation=SIMILAR)


def test_lists_that_changed_came_and_went_are_counted():
    found = between(
        {1: [2, 3], 2: [1, 3], 3: [1], 4: [1, 2]},
        {1: [2, 3], 2: [3, 1], 4: [2, 5], 5: [1], 6: [1]},
    )

    assert (found.before, found.after, found.in_both) == (4, 5, 3)
    assert (found.n_came, found.n_went) == (2, 1)
    # List 2 is in another order, list 4 has one of two others.
    assert found.changed == 2
    assert found.overlap == pytest.approx((1 + 1 + 0.5) / 3)
    assert set(found.came) == {5, 6} and found.went == (3,)


def test_those_that_kept_least_come_first_with_both_their_lists():
    found = between(
        {1: [10, 11], 2: [10, 11], 3: [10, 11]}, {1: [11, 10], 2: [12, 13], 3: [10, 12]}
    )

    assert [(one.item_id, one.kept) for one in found.most] == [(2, 0.0), (3, 0.5), (1, 1.0)]
    assert (found.most[0].before, found.most[0].after) == ((10, 11), (12, 13))
    assert found.most[0].people == 100


def test_what_stands_after_the_first_ten_is_no_change():
    ten = list(range(101, 111))

    found = between({1: [*ten, 200]}, {1: [*ten, 201, 202]})

    assert (found.changed, found.overlap, found.most) == (0, 1.0, ())


def test_a_list_that_grew_kept_all_it_had():
    found = between({1: [2]}, {1: [2, 3]})

    assert (found.changed, found.overlap) == (1, 1.0)


def test_the_same_twice_has_no_difference():
    lists = {1: [2], 2: [1]}

    found = between(lists, lists)

    assert (found.in_both, found.changed, found.overlap) == (2, 0, 1.0)
    assert found.most == found.came == found.went == ()


def test_a_version_without_rows_has_nothing_to_be_compared():
    found = between({}, {1: [2]})

    assert (found.before, found.after, found.overlap) == (0, 1, None)
    assert difference(98, 99, relation=SIMILAR).overlap is None


def test_only_the_busiest_are_named_and_all_are_counted(monkeypatch):
    monkeypatch.setattr(differing, "BUSIEST", 2)
    monkeypatch.setattr(differing, "MOST_NAMED", 1)
    for item, people in ((1, 50), (2, 90), (3, 70)):
        written(7, {item: [10, 11]}, people=people)
        # The least busy keeps nothing, the busiest most.
        written(8, {item: {1: [12], 2: [11, 10], 3: [10, 12]}[item]}, people=people)
        written(8, {10 * item: [1]}, people=people)

    found = difference(7, 8, relation=SIMILAR)

    assert (found.changed, found.n_came) == (3, 3)
    assert [one.item_id for one in found.most] == [3]
    assert found.came == (20,)


def test_a_damaged_row_is_named_and_not_compared():
    written(7, {1: [2]})
    written(8, {1: [3]})
    NeighbourRow.objects.filter(version_id=8).update(data=b"damaged")

    with pytest.raises(BadArtefact, match="damaged"):
        difference(7, 8, relation=SIMILAR)
