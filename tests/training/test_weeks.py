"""What is learnt from finished weeks is what the log would teach, and stays when the log goes."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from persona_django.feedback import retention
from persona_django.model_registry.leases import hold
from persona_django.tracking.models import Event, WeekEvidence
from persona_django.tracking.schema import Kind
from persona_django.training import visitor_jobs
from persona_django.training.evidence import gather
from persona_django.training.rebuild import rebuild, rebuild_all
from persona_django.training.similarity import rows_for_similar
from persona_django.training.stages import snapshot_of
from tests.deriving.doings import DAY, ago, did
from tests.factories import family_of, item_id, products, read_catalogue
from tests.training.history import beside, look

pytestmark = pytest.mark.django_db
SAID = [Kind.VIEW, Kind.CLICK, Kind.CART_ADD, Kind.ENGAGE, Kind.DWELL]


@pytest.fixture(autouse=True)
def _small_shop_may_learn(settings):
    settings.PERSONA = {**settings.PERSONA, "MIN_TRAINING_SHOPPERS": 3, "MIN_LOG_LIKELIHOOD": 0}


@pytest.fixture
def shop():
    made = products(6)
    read_catalogue()
    return made


def who_touched_what(by_day: bool) -> dict[tuple[int, int], float]:
    """Weight by shopper and family, as `similar` learns from it."""
    arrays = rows_for_similar(gather(1, snapshot_of(1), by_day=by_day))
    shopper = np.repeat(arrays["browsed_owner"], np.diff(arrays["browsed_indptr"]))
    item = arrays["browsed_item_ids"][arrays["browsed_item"]]
    pairs = zip(shopper.tolist(), item.tolist(), strict=True)
    return dict(zip(pairs, arrays["browsed_weight"].tolist(), strict=True))


def test_weeks_weigh_what_the_log_weighs(shop):
    rng = np.random.default_rng(3)
    ids = [item_id(one) for one in shop]
    for _ in range(300):
        kind = Kind(int(rng.choice(SAID)))
        did(
            int(rng.integers(1, 12)),
            kind,
            int(rng.choice(ids)),
            at=ago(rng.uniform(0, 85) * DAY),
            value=int(rng.integers(200, 1_000)),
        )
    from_log = who_touched_what(by_day=False)
    visitor_jobs.count_weeks()

    from_weeks = who_touched_what(by_day=True)

    assert WeekEvidence.objects.count() >= 10
    assert from_weeks.keys() == from_log.keys()
    # Of the hour nothing is known any more, and it is half a day at most of a half-life of sixty.
    wanted = [pytest.approx(from_log[pair], rel=0.02) for pair in from_weeks]
    assert list(from_weeks.values()) == wanted


def test_what_was_similar_stays_so_when_the_events_are_gone(shop):
    look(range(1, 11), shop[0:2], days_ago=40)
    visitor_jobs.count_weeks()
    Event.objects.update(at=ago(100 * DAY))
    retention.delete_old(beat=lambda: None)
    assert not Event.objects.exists()

    assert rebuild("similar").live

    assert beside(shop[0]) == [family_of(shop[1])]


def test_what_was_imported_a_moment_ago_is_learnt_from_by_hand(shop):
    """A person who imports the past and rebuilds does not wait for the daily count."""
    visitor_jobs.count_weeks()
    look(range(1, 11), shop[0:2], days_ago=40)

    rebuild_all(kinds=["similar"])

    assert beside(shop[0]) == [family_of(shop[1])]


def test_several_kinds_at_once_know_the_weeks_as_well(shop):
    look(range(1, 11), shop[0:2], days_ago=40)
    visitor_jobs.count_weeks()
    Event.objects.all().delete()
    look(range(11, 21), shop[2:4])

    rebuild_all(kinds=["similar", "popular"])

    assert beside(shop[0]) == [family_of(shop[1])]
    assert beside(shop[2]) == [family_of(shop[3])]


def test_the_job_that_deletes_counts_before_it_does(shop):
    look(range(1, 11), shop[0:2], days_ago=200)

    assert visitor_jobs.run_retention() == "20 old rows deleted"

    assert rebuild("similar").live
    assert beside(shop[0]) == [family_of(shop[1])]


def test_a_worker_counts_a_week_at_a_time_and_the_next_message_goes_on(shop, settings):
    settings.PERSONA = {**settings.PERSONA, "CHUNK_FOR": timedelta(microseconds=1)}
    for days in (20, 30, 40):
        look(range(1, 4), shop[0:2], days_ago=days)

    fence, counted = visitor_jobs.step_retention(), []
    while fence is not None:
        counted.append(WeekEvidence.objects.values("week").distinct().count())
        assert visitor_jobs.step_retention(fence=fence + 1) is None
        fence = visitor_jobs.step_retention(fence=fence)

    assert counted == [1, 2]
    assert WeekEvidence.objects.values("week").distinct().count() == 3
    assert visitor_jobs.step_retention() is None


def test_counting_by_hand_leaves_the_deletion_as_due_as_it_was(shop):
    look(range(1, 11), shop[0:2], days_ago=200)

    rebuild_all(kinds=["similar"])

    assert beside(shop[0]) == [family_of(shop[1])]
    assert Event.objects.exists()
    assert visitor_jobs.run_retention() == "20 old rows deleted"


def test_while_another_worker_counts_a_rebuild_takes_the_weeks_there_are(shop):
    look(range(1, 11), shop[0:2])

    with hold("retention/1"):
        rebuild_all(kinds=["similar"])

    assert beside(shop[0]) == [family_of(shop[1])]
