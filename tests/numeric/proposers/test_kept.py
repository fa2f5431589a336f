"""What was learnt as arrays, and back: the same answers, in another process."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric.proposers.base import Kept, Lessons
from persona_django.numeric.proposers.linked import AlikeInText, Following, Ridge, Similar
from persona_django.numeric.proposers.own import Repeats
from persona_django.numeric.proposers.popular import Popular
from persona_django.numeric.proposers.visits import LikeVisits
from tests.numeric.proposers.logs import questions_of, steps_of, told

N_ITEMS = 5
KEPT = (Similar, Ridge, Following, AlikeInText, LikeVisits, Popular)
rows = st.lists(st.lists(st.integers(0, N_ITEMS - 1), max_size=4), min_size=1, max_size=8)


@pytest.mark.parametrize("made", KEPT)
@given(log=rows, asked=rows)
def test_it_answers_as_before(made: type[Kept], log, asked):
    texts = {"title": [f"tea number {n % 2}" for n in range(N_ITEMS)]}
    lessons = Lessons(steps=steps_of(log, n_items=N_ITEMS), texts=texts)
    questions = questions_of(asked, n_items=N_ITEMS)
    learnt, other = made(), made()
    learnt.fit(lessons)

    other.take_over({name: array.copy() for name, array in learnt.as_arrays().items()})

    assert told(other, questions) == told(learnt, questions)


@pytest.mark.parametrize("made", KEPT)
def test_an_array_that_is_missing_is_named(made: type[Kept]):
    with pytest.raises(KeyError):
        made().take_over({})


def test_only_those_that_learn_by_the_same_options_share_what_they_learnt():
    one = Similar(fade=0.8)

    assert one.learns_as(Similar(fade=0))
    assert not one.learns_as(Similar(fade=0.8, discount=0.4))
    assert not one.learns_as(Ridge(fade=0.8))
    assert not Following().learns_as(Following(backwards=True))
    assert not Repeats().learns_as(Repeats())


@given(log=rows, asked=rows)
def test_what_one_learnt_answers_for_the_other_by_its_own_fade(log, asked):
    lessons = Lessons(steps=steps_of(log, n_items=N_ITEMS))
    questions = questions_of(asked, n_items=N_ITEMS)
    first, twin, last = Following(fade=0.8), Following(fade=0), Following(fade=0)
    first.fit(lessons)
    last.fit(lessons)

    twin.take_over(first.as_arrays())

    assert told(twin, questions) == told(last, questions)
