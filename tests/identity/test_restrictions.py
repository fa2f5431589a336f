"""Who is left alone is known to every process, at once where it is said and soon elsewhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.db import connection, router, transaction
from django.test.utils import CaptureQueriesContext

from persona_django.catalogue import state
from persona_django.identity import restrictions
from persona_django.identity.keys import keyed, keyed_ever
from persona_django.identity.models import Restriction
from persona_django.identity.restrictions import Kind

pytestmark = pytest.mark.django_db


def test_where_nobody_is_restricted_nothing_is_asked_beyond_the_state(django_assert_num_queries):
    state.read_state()

    with django_assert_num_queries(0):
        assert not restrictions.is_restricted(7)
        assert not restrictions.is_restricted(None)
        assert len(restrictions.restricted_keys()) == 0


def test_whoever_pauses_is_known_at_once_and_until_it_is_lifted():
    restrictions.restrict([7, 3, 2**62], Kind.PAUSED)

    assert restrictions.is_restricted(3) and restrictions.is_restricted(2**62)
    assert not restrictions.is_restricted(4) and not restrictions.is_restricted(2**62 + 1)
    assert not restrictions.is_erased(3)
    assert restrictions.restricted_keys().tolist() == [3, 7, 2**62]

    assert restrictions.lift([3, 4]) == 1
    assert not restrictions.is_restricted(3) and restrictions.is_restricted(7)


def test_whoever_is_erased_stays_so():
    restrictions.restrict([1, 2], Kind.PAUSED)
    assert restrictions.restrict([2, 3], Kind.ERASED) == 2
    assert restrictions.restrict([2], Kind.PAUSED) == 0
    assert restrictions.lift([1, 2, 3]) == 1

    assert dict(Restriction.objects.values_list("key", "kind")) == {2: 1, 3: 1}
    assert restrictions.is_erased(2)


def test_saying_it_twice_changes_nothing_and_moves_no_revision():
    restrictions.restrict([1], Kind.ERASED, at=5)
    revision = state.read_state(fresh=True)[restrictions.REVISION]

    assert restrictions.restrict([1], Kind.ERASED, at=9) == 0
    assert restrictions.lift([8]) == 0

    assert Restriction.objects.get().at == 5
    assert state.read_state(fresh=True)[restrictions.REVISION] == revision


def test_another_process_hears_of_it_when_it_next_looks(settings):
    settings.PERSONA = {**settings.PERSONA, "STATE_MAX_AGE": timedelta(0)}
    assert not restrictions.is_restricted(7)

    _as_another_process(lambda: restrictions.restrict([7], Kind.PAUSED))

    assert not restrictions.are_known(7)
    assert restrictions.is_restricted(7)
    assert restrictions.are_known(7)


def _as_another_process(do: Any) -> None:
    """What another process writes is in the database, and not in this one's memory."""
    known = restrictions._known
    do()
    restrictions._known = known


def test_what_is_known_by_heart_asks_no_database(django_assert_num_queries):
    restrictions.restrict([7], Kind.PAUSED)
    restrictions.refresh()

    with django_assert_num_queries(0):
        assert restrictions.are_any_known()
        assert restrictions.are_known(1, None, 7)
        assert not restrictions.are_known(1, None)


def test_a_page_full_of_questions_asks_once_a_second_at_most():
    state.read_state()
    restrictions.restrict(range(1_200), Kind.PAUSED)

    with CaptureQueriesContext(connection) as asked:
        assert all(restrictions.is_restricted(key) for key in range(1_200))

    # The state, and because it had moved the list; on a second database neither.
    assert len(asked) <= 2


def test_customers_and_guests_are_found_by_what_the_shop_calls_them():
    restrictions.restrict([keyed("customer", "31")], Kind.PAUSED)

    found = restrictions.are_restricted("customer", ["30", "31", "32"])

    assert found.tolist() == [False, True, False]
    assert not restrictions.are_restricted("guest", ["31"]).any()


def test_a_pause_outlives_the_rotation_of_the_secret_key(settings):
    old = settings.SECRET_KEY
    restrictions.restrict([keyed("customer", "31")], Kind.PAUSED)

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another-secret-key" * 3, [old]

    assert not restrictions.is_restricted(keyed("customer", "31"))
    assert any(map(restrictions.is_restricted, keyed_ever("customer", "31")))
    assert restrictions.are_restricted("customer", ["31", "32"]).tolist() == [True, False]


def test_nobody_is_forgotten_among_many():
    keys = np.random.default_rng(1).integers(1, 2**63 - 1, size=3_000).tolist()

    restrictions.restrict(keys, Kind.ERASED)

    assert all(map(restrictions.is_erased, keys))
    assert Restriction.objects.count() == len(set(keys))


@pytest.mark.django_db(transaction=True)
def test_what_was_rolled_back_is_not_believed():
    with pytest.raises(ZeroDivisionError), transaction.atomic(using=ours()):
        restrictions.restrict([7], Kind.PAUSED)
        assert restrictions.is_restricted(7)
        raise ZeroDivisionError
    _as_another_process(lambda: restrictions.restrict([8], Kind.PAUSED))

    state.forget()

    assert not restrictions.is_restricted(7)
    assert restrictions.is_restricted(8)


def ours() -> str:
    return router.db_for_write(Restriction)


@pytest.mark.django_db
def test_whoever_is_erased_after_a_pause_that_would_end_is_left_alone_for_good():
    restrictions.restrict([5], Restriction.Kind.PAUSED, until=restrictions.end_of_strangers())

    restrictions.restrict([5], Restriction.Kind.ERASED)

    assert Restriction.objects.get(key=5).until is None
