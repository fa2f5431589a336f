"""The work of a run that has not ended, and taking one person out of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from persona_django.artefacts import store as artefacts
from persona_django.deriving import work
from persona_django.deriving.work import discard, keep, name_of, recall, take_out

pytestmark = pytest.mark.django_db

NAME = name_of("gifts", 1)


def kept(*, left: int = 4) -> None:
    keep(
        NAME,
        {
            "persons": np.array([3, 5, 7, 9], dtype=np.int64),
            "of_person": np.array([3, 5, 5, 9], dtype=np.int64),
            "of_item": np.array([30, 50, 51, 90], dtype=np.int64),
        },
        begun=100,
        left=left,
    )


def recalled() -> dict[str, Any]:
    return {name: array.tolist() for name, array in recall(NAME).items()}


def test_one_persons_rows_go_and_nobody_elses():
    kept()

    assert take_out([5]) == 3
    assert take_out([5]) == 0

    assert recalled() == {
        "persons": [3, 7, 9], "of_person": [3, 9], "of_item": [30, 90], "begun": [100],
    }  # fmt: skip
    assert len(artefacts.names("work/")) == 2


@pytest.mark.parametrize(("gone", "left"), [(3, [7, 9]), (7, [5, 9]), (9, [5, 7])])
def test_the_run_goes_on_with_all_who_are_left(gone, left):
    """One who was looked at already may be so twice: that changes nothing."""
    kept(left=2)

    take_out([gone])

    assert set(recalled()["persons"]) >= set(left) - {5}
    assert gone not in recalled()["persons"]


def test_work_of_every_store_and_job_is_gone_through():
    for job in work.JOBS:
        for store in (1, 2):
            keep(name_of(job, store), {"persons": np.array([5, 6])}, begun=1, left=2)

    assert take_out([5, 99]) == 4
    assert take_out([]) == 0


def test_a_run_that_ends_meanwhile_finds_no_work_of_its_again(monkeypatch):
    kept()
    save = artefacts.save

    def ends(*args: Any, **kwargs: Any) -> int:
        discard(NAME)
        return save(*args, **kwargs)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(artefacts, "save", ends)
        take_out([5])

    assert artefacts.names("work/") == []


def test_work_that_is_just_being_written_is_left_to_its_writer():
    kept()
    alone = artefacts.newest(NAME)
    artefacts.ArtefactPart.objects.filter(artefact_id=alone).delete()

    assert take_out([5]) == 0
    assert artefacts.newest(NAME) == alone


def test_work_of_another_shape_of_which_nobody_can_be_taken_out_goes_altogether():
    arrays = {"persons": np.array([5]), "of_person": np.array([5, 6]), "of_item": np.array([1])}
    keep(NAME, arrays, begun=1, left=1)

    assert take_out([5]) == 0

    assert not artefacts.names("work/")
