"""Marks of those who searched for the same, and taking one person's out of them."""

from __future__ import annotations

import numpy as np
import pytest
from django.db import router

from persona_django.tracking import search_marks
from persona_django.tracking.models import SearchTerm
from persona_django.tracking.search_marks import marks_of, take_out


def test_a_mark_is_the_same_for_the_same_and_tells_nothing_from_term_to_term():
    assert marks_of([1, 2], 5).tolist() == marks_of([2, 1], 5).tolist()
    assert marks_of([1], 5).tolist() != marks_of([1], 6).tolist()
    assert len(set(marks_of(range(1, 101), 5).tolist())) > 95
    assert marks_of([1], 5).nbytes == 2


def term(number: int, *shoppers: int, words: str = "") -> SearchTerm:
    marks = b"" if words else marks_of(shoppers, number).tobytes()
    return SearchTerm.objects.create(term=number, marks=marks, visitors=len(shoppers), words=words)


@pytest.mark.django_db
def test_one_persons_marks_go_and_nobody_elses():
    both, other, crowd = term(1, 7, 8), term(2, 8, 9), term(3, 7, 8, 9, words="green tea")

    assert take_out([7]) == 1
    assert take_out([7]) == 0
    assert take_out([]) == 0

    for one in (both, other, crowd):
        one.refresh_from_db()
    assert (both.visitors, other.visitors, crowd.visitors) == (1, 2, 3)
    assert bytes(both.marks) == marks_of([8], 1).tobytes()


@pytest.mark.django_db
def test_all_terms_are_gone_through_however_many(monkeypatch):
    monkeypatch.setattr(search_marks, "AT_ONCE", 3)
    for number in range(1, 11):
        term(number, 7)

    assert take_out([7]) == 10


@pytest.mark.django_db
@pytest.mark.parametrize("meanwhile", ["another came", "it became a crowd"])
def test_somebody_who_is_counted_meanwhile_is_not_lost(monkeypatch, meanwhile):
    one = term(1, 7, 8)
    before = bytes(one.marks)
    if meanwhile == "another came":
        one.marks, one.visitors = before + marks_of([9], 1).tobytes(), 3
    else:
        one.marks = b""
    one.save()

    gone = search_marks._without(
        SearchTerm, router.db_for_write(SearchTerm), one.pk, 1, before, np.array([7])
    )

    one.refresh_from_db()
    if meanwhile == "another came":
        assert (gone, one.visitors) == (1, 2)
        assert bytes(one.marks) == marks_of([8], 1).tobytes() + marks_of([9], 1).tobytes()
    else:
        assert (gone, bytes(one.marks)) == (0, b"")
