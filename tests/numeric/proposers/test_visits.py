"""What visits like the present one went on to, asked of many cases."""

from __future__ import annotations

import numpy as np
import pytest

from persona_django.numeric.proposers.base import Lessons, Questions
from persona_django.numeric.proposers.visits import LikeVisits
from persona_django.numeric.steps import Steps
from persona_django.numeric.visit_neighbours import Likeness, index_visits, visit_next
from tests.numeric.proposers.logs import answers, best, questions_of, steps_of, told

N_ITEMS = 6
ROWS = [[0, 1, 2], [0, 1, 2], [3, 4, 5], [3, 5], [1, 4]]
LESSONS = Lessons(steps=steps_of(ROWS, n_items=N_ITEMS))
LIKE = Likeness(visits=50, places=1.5, days=20.0, reach=2.0, length=0.5)


def test_each_case_gets_what_its_own_visit_is_answered():
    histories = [[0], [], [3, 4], [1, 0, 1]]

    found = answers(LikeVisits(**vars(LIKE)), LESSONS, *histories)

    index = index_visits(LESSONS.steps, most=1_000)
    for answer, seen in zip(found, histories, strict=True):
        items, score = visit_next(index, np.array(seen, np.int64), now=60, likeness=LIKE)
        assert answer == dict(zip(items.tolist(), score.tolist(), strict=True))


def test_the_next_item_is_that_of_visits_that_began_alike():
    first, second = answers(LikeVisits(), LESSONS, [0, 1], [3])

    assert best({item: score for item, score in first.items() if item > 1})[0] == 2
    assert 5 in second and 2 not in second


def test_only_the_last_items_of_a_long_visit_are_looked_at():
    assert answers(LikeVisits(seen=1), LESSONS, [3, 0]) == answers(LikeVisits(), LESSONS, [0])
    assert answers(LikeVisits(seen=2), LESSONS, [3, 0]) == answers(LikeVisits(), LESSONS, [3, 0])


def test_only_the_newest_visits_of_an_item_are_asked():
    found = answers(LikeVisits(most=1), Lessons(steps=steps_of([[0, 1], [0, 2]], n_items=3)), [0])

    assert found[0].keys() == {0, 2}


def test_a_case_is_asked_at_its_own_moment():
    day = 86_400
    steps = Steps(**{**vars(steps_of([[0, 1]], n_items=2)), "at": np.array([0, 0])})
    asked = questions_of([[0], [0]], n_items=2)
    proposer = LikeVisits(**vars(LIKE))
    proposer.fit(Lessons(steps=steps))

    early, late = told(proposer, Questions(histories=asked.histories, now=np.array([0, 20 * day])))

    assert late[1] == pytest.approx(early[1] / np.e)


@pytest.mark.parametrize("option", [{"most": 0}, {"seen": 0}])
def test_an_option_out_of_its_range_is_refused_by_name(option):
    with pytest.raises(ValueError, match=next(iter(option))):
        LikeVisits(**option)
