"""Which versions stay, and that one whose rows go can never be live."""

from __future__ import annotations

import pytest

from persona_django.exceptions import GateFailed
from persona_django.model_registry import publish
from persona_django.model_registry.leases import hold
from persona_django.model_registry.models import ModelVersion
from persona_django.model_registry.retention import give_up_surplus, surplus
from tests.model_registry.versions import published, staged, status_of

pytestmark = pytest.mark.django_db
Status = ModelVersion.Status


def test_three_complete_versions_are_kept_and_the_live_one_always(settings):
    versions = [published() for _ in range(5)]
    publish.publish(versions[0])

    gone = {version.pk for version in surplus("similar")}

    assert gone == {versions[1].pk}
    assert {version.pk for version in versions[2:]}.isdisjoint(gone)


def test_the_version_before_the_live_one_is_kept_whatever_the_setting_says(settings):
    settings.PERSONA = {**settings.PERSONA, "BASES_KEPT": 1}
    versions = [published() for _ in range(3)]

    assert [version.pk for version in surplus("similar")] == [versions[0].pk]


def test_failed_versions_go_except_the_newest_which_people_may_want_to_see():
    failed = [staged("Too few shoppers.") for _ in range(3)]

    assert {version.pk for version in surplus("similar")} == {v.pk for v in failed[:2]}


def test_a_version_that_is_being_built_is_never_surplus_and_a_dead_one_is():
    with hold(publish.job_of("similar")) as held:
        dead = publish.begin(held, "similar", relation=1)
        running = publish.begin(held, "similar", relation=1)

        gone = [version.pk for version in surplus("similar")]

    assert dead.pk in gone
    assert running.pk not in gone


def test_after_going_back_there_is_still_a_version_to_go_back_to(settings):
    settings.PERSONA = {**settings.PERSONA, "BASES_KEPT": 2}
    versions = [published() for _ in range(5)]
    publish.publish(versions[2])

    gone = {version.pk for version in surplus("similar")}

    assert gone == {versions[0].pk}
    give_up_surplus("similar")
    assert publish.roll_back("similar").pk == versions[1].pk


def test_a_version_whose_rows_are_being_deleted_cannot_be_made_live():
    versions = [published() for _ in range(4)]

    (gone,) = give_up_surplus("similar")

    assert gone.pk == versions[0].pk
    with pytest.raises(GateFailed, match="not complete"):
        publish.publish(gone, force=True)
    assert [version.pk for version in surplus("similar")] == [gone.pk]


def test_a_dead_builder_whose_version_was_given_up_stages_nothing():
    with hold(publish.job_of("similar")) as held:
        dead = publish.begin(held, "similar", relation=1)
    published()

    give_up_surplus("similar")

    assert status_of(dead) == Status.ABANDONED
