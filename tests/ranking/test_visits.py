"""The pipeline of visits, learnt from walks with a planted next step."""

from __future__ import annotations

import numpy as np
import pytest

from persona_django.numeric.steps import Steps
from persona_django.ranking import visits as module
from persona_django.ranking.exam import Exam
from persona_django.ranking.pipeline import WEIGHTED, Pipeline
from persona_django.ranking.stored import pipeline_arrays
from persona_django.ranking.visits import known_visits, learn_visits
from persona_django.sources.visits import MOST_SEEN

pytestmark = pytest.mark.usefixtures("one_thread")

N_ITEMS = 30
NOW = 1_790_000_000


def walks(rows: list[list[int]], owner: list[int] | None = None) -> Steps:
    """A visit each, a minute between two looks, an hour between two visits."""
    size = [len(row) for row in rows]
    who = np.array(owner if owner is not None else range(len(rows)))
    begins = np.repeat(NOW - 3_600 * (len(rows) - np.arange(len(rows))), size)
    return Steps(
        indptr=np.cumsum([0, *size]),
        item=np.array([item for row in rows for item in row]),
        at=begins + 60 * np.concatenate([np.arange(n) for n in size]),
        owner=who,
        n_items=N_ITEMS,
        n_owners=int(who.max()) + 1,
    )


def shop(n: int) -> list[list[int]]:
    """Whoever looks at one thing looks at the next one; half of them came from any other."""
    starts, others = np.random.default_rng(3).integers(0, N_ITEMS, (2, n)).tolist()
    return [
        [*([other] if place % 2 else []), one, (one + 1) % N_ITEMS]
        for place, (one, other) in enumerate(zip(starts, others, strict=True))
    ]


def best(steps: Steps, seen: list[int], *, min_support: int = 3) -> list[int]:
    arrays = pipeline_arrays(learn_visits(steps, min_support=min_support))
    families = np.arange(100, 100 + N_ITEMS)
    known = known_visits({**arrays, "group_id": families}, min_support=min_support)
    found: list[int] = known.answers.best(np.array(seen), now=NOW, k=10).tolist()
    return found


def test_what_comes_next_stands_first_and_nothing_seen_comes_again():
    steps = walks(shop(900))

    for seen in ([4], [14, 4], [27, 14, 4]):
        found = best(steps, seen)
        assert found[0] == 5
        assert not set(found) & set(seen)
        assert len(found) == len(set(found))


def test_the_ranker_learns_where_there_are_enough_visits_and_else_adds_up():
    many = learn_visits(walks(shop(900)), min_support=3)
    few = learn_visits(walks(shop(60)), min_support=3)

    assert set(many.worth) == {"linear", "trees", "linear and trees", WEIGHTED}
    assert many.worth[many.chosen] == max(many.worth.values())
    assert (few.chosen, few.worth) == (WEIGHTED, {})


def rehearsal_of(steps: Steps, monkeypatch) -> Exam:
    """What the ranker would have learnt from."""
    rehearsals: list[Exam] = []
    with monkeypatch.context() as patched:
        patched.setattr(Pipeline, "fit", lambda self, lessons, exam: rehearsals.append(exam))
        learn_visits(steps, min_support=3)
    return rehearsals[0]


def test_all_that_is_older_than_what_is_rehearsed_is_learnt_from_before(monkeypatch):
    monkeypatch.setattr(module, "MOST_REHEARSED", 20)

    rehearsal = rehearsal_of(walks(shop(600)), monkeypatch)

    assert len(rehearsal.lessons.steps) == 580, "a page knows all visits but those of today"
    assert rehearsal.lessons.steps.at.max() < rehearsal.questions.now.min()


def test_a_visit_of_thousands_of_looks_is_rehearsed_as_often_as_others_and_looked_back_on_as_far(
    monkeypatch,
):
    longest = [one % N_ITEMS for one in range(3_000)]

    rehearsal = rehearsal_of(walks([*shop(600), longest]), monkeypatch)

    histories = rehearsal.questions.histories
    assert len(rehearsal.questions) <= 60 * module.OF_A_VISIT
    assert (np.diff(histories.indptr) == MOST_SEEN).sum() == module.OF_A_VISIT
    assert np.diff(histories.indptr).max() == MOST_SEEN


@pytest.mark.parametrize(("visitors", "expected"), [(2, False), (3, True)])
def test_nothing_counts_that_fewer_visitors_did_alike(visitors, expected):
    others = [[n, n + 1] for n in (1, 3, 5, 7) for _ in range(5)]
    same = [[20, 21]] * 12
    owner = [*range(len(others)), *(len(others) + n % visitors for n in range(len(same)))]

    found = best(walks([*others, *same], owner), [20])

    assert (21 in found) is expected


def test_a_sign_of_life_comes_again_and_again():
    beats: list[int] = []

    learn_visits(walks(shop(900)), min_support=3, beat=lambda: beats.append(1))

    assert len(beats) > 10


def test_what_a_sign_of_life_raises_ends_it():
    def lost() -> None:
        raise RuntimeError("somebody else took over")

    with pytest.raises(RuntimeError, match="took over"):
        learn_visits(walks(shop(60)), min_support=3, beat=lost)


def test_nothing_at_all_is_no_fault():
    steps = walks([[0, 1]]).take(np.empty(0, np.int64))

    assert best(steps, [3]) == []
