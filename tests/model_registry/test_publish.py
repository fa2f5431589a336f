"""One pointer moves, in one step, and only for the job that may move it."""

from __future__ import annotations

import pytest

from persona_django.catalogue.models import State
from persona_django.exceptions import GateFailed, LostLease, NotReady
from persona_django.model_registry import publish
from persona_django.model_registry.leases import hold
from persona_django.model_registry.live import live_artefact
from persona_django.model_registry.models import Lease, ModelVersion
from tests.model_registry.versions import published, staged, status_of

pytestmark = pytest.mark.django_db
Status = ModelVersion.Status


def test_publishing_makes_the_new_version_live_and_retires_the_old_one():
    old = published()

    new = published()

    assert publish.live_version("similar") == new.pk
    assert (status_of(old), status_of(new)) == (Status.RETIRED, Status.LIVE)
    assert State.objects.get(name="similar").relation == 1


def test_a_version_with_a_reason_against_it_stays_staged_and_says_why():
    old = published()
    doubtful = staged("It covers only 10 % of the items.")

    with pytest.raises(GateFailed, match="It covers only 10 %"):
        publish.publish(doubtful)

    assert publish.live_version("similar") == old.pk
    assert status_of(doubtful) == Status.STAGED


def test_a_person_may_force_a_version_live():
    doubtful = staged("It covers only 10 % of the items.")

    publish.publish(doubtful, force=True)

    assert publish.live_version("similar") == doubtful.pk


def test_a_version_with_broken_numbers_cannot_be_forced_live():
    broken = staged("It holds a score that is not a number.", usable=False)

    with pytest.raises(GateFailed, match="not a number"):
        publish.publish(broken, force=True)

    assert publish.live_version("similar") == 0


def test_of_two_workers_that_overlap_exactly_one_publishes():
    with pytest.raises(LostLease), hold(publish.job_of("similar")) as slow:
        late = publish.stage(publish.begin(slow, "similar", relation=1), held=slow, figures={})
        Lease.objects.update(expires_at=1)
        quick = published()

        publish.publish(late, held=slow)

    assert publish.live_version("similar") == quick.pk
    assert status_of(late) == Status.STAGED
    assert ModelVersion.objects.filter(status=Status.LIVE).count() == 1


def test_a_worker_thought_dead_cannot_put_its_emptied_version_on_offer():
    with pytest.raises(LostLease), hold(publish.job_of("similar")) as slow:
        late = publish.begin(slow, "similar", relation=1)
        Lease.objects.update(expires_at=1)
        quick = published()

        publish.stage(late, held=slow, figures={})

    assert status_of(late) == Status.ABANDONED
    with pytest.raises(GateFailed, match="not complete"):
        publish.publish(late, force=True)
    assert publish.live_version("similar") == quick.pk


def test_a_version_that_was_taken_away_meanwhile_does_not_come_back():
    with pytest.raises(LostLease, match="given up"), hold(publish.job_of("similar")) as held:
        version = publish.begin(held, "similar", relation=1)
        ModelVersion.objects.all().delete()

        publish.stage(version, held=held, figures={})

    assert not ModelVersion.objects.exists()


@pytest.mark.parametrize(
    "meanwhile", [{"status": Status.ABANDONED}, {"status": Status.LIVE}, {"fence": 10**6}]
)
def test_a_worker_writes_only_on_a_version_that_is_being_built_and_its_own(meanwhile):
    with hold(publish.job_of("similar")) as held:
        version = publish.begin(held, "similar", relation=1)
        # The lease is still held: what is written must be guarded by the version's own row.
        ModelVersion.objects.update(**meanwhile)

        with pytest.raises(LostLease, match="given up"):
            publish.fill(version, held=held, work={"stage": "writing"}, artefact_id=7)

    stored = ModelVersion.objects.get(pk=version.pk)
    assert (stored.work, stored.artefact_id) == ({}, None)
    assert (version.work, version.artefact_id) == ({}, None)


def test_a_worker_writes_on_no_other_version_than_its_own():
    other = staged()
    with hold(publish.job_of("similar")) as held:
        version = publish.begin(held, "similar", relation=1)
        ModelVersion.objects.update(fence=held.fence, status=Status.BUILDING)

        publish.fill(version, held=held, work={"stage": "writing"})

    assert ModelVersion.objects.get(pk=version.pk).work == {"stage": "writing"}
    assert ModelVersion.objects.get(pk=other.pk).work == {}


def test_a_fence_that_is_too_low_moves_no_pointer_and_changes_no_status():
    live = published()
    State.objects.filter(name="similar").update(fence=10**6)

    with pytest.raises(LostLease, match="newer job"):
        published()

    assert publish.live_version("similar") == live.pk
    assert status_of(live) == Status.LIVE


def test_publishing_the_live_version_again_changes_nothing():
    live = published()

    publish.publish(live)

    assert publish.live_version("similar") == live.pk
    assert status_of(live) == Status.LIVE


def test_rolling_back_makes_the_version_before_live_again_and_a_rebuild_goes_on():
    first, second, _third = published(), published(), published()

    assert publish.roll_back("similar").pk == second.pk
    assert publish.roll_back("similar").pk == first.pk
    assert publish.live_version("similar") == first.pk
    assert published().pk == publish.live_version("similar")


def test_rolling_back_without_an_older_version_says_so():
    published()

    with pytest.raises(NotReady, match="no older version"):
        publish.roll_back("similar")


def test_rolling_back_does_not_stop_a_rebuild_that_is_running():
    published(), published()
    with hold(publish.job_of("similar")) as held:
        version = publish.stage(publish.begin(held, "similar", relation=1), held=held, figures={})

        publish.roll_back("similar")
        publish.publish(version, held=held)

    assert publish.live_version("similar") == version.pk


def test_an_older_version_can_be_chosen_and_published_again():
    first, _second = published(), published()

    publish.publish(first)

    assert publish.live_version("similar") == first.pk


def test_what_a_dead_builder_left_is_abandoned_and_its_finished_stages_are_taken_over():
    with hold(publish.job_of("similar")) as held:
        dead = publish.begin(held, "similar", relation=1)
        dead.work = {"stage": "writing", "artefact": 7, "position": 4000}
        dead.save()

    with hold(publish.job_of("similar")) as held:
        successor = publish.begin(held, "similar", relation=1)

    assert status_of(dead) == Status.ABANDONED
    assert successor.work == {"stage": "writing", "artefact": 7, "position": 0}


def test_the_artefact_of_the_live_version_follows_the_pointer():
    assert live_artefact("popular") == 0
    published(kind="popular", artefact_id=11)
    assert live_artefact("popular") == 11
    published(kind="popular", artefact_id=12)
    assert live_artefact("popular") == 12

    publish.roll_back("popular")

    assert live_artefact("popular") == 11
