"""Every process follows the same few numbers, and of two publishers the older one loses."""

from __future__ import annotations

import itertools
import logging
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import (
    IntegrityError,
    OperationalError,
    connection,
    connections,
    router,
    transaction,
)
from django.db.models import QuerySet
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from persona_django.catalogue.models import State
from persona_django.catalogue.state import bump, forget, fresh_state, point, read_state, remember
from tests.catalogue.tables import without_tables


def ours() -> CaptureQueriesContext:
    return CaptureQueriesContext(connections[router.db_for_write(State)])


@pytest.mark.django_db
def test_nothing_is_followed_before_the_first_publish():
    assert read_state() == {}
    assert fresh_state() == {}


@pytest.mark.django_db
def test_all_numbers_of_a_store_are_read_in_one_query_and_kept():
    point("similar", 7, fence=1, relation=1)
    point("similar", 9, fence=1, store=2, relation=1)
    bump("catalogue")
    forget()
    read_state()
    forget()

    with ours() as queries:
        found = [read_state() for _ in range(10)]

    assert found[0] == {"similar": 7, "catalogue": 1}
    assert len([q for q in queries if "SELECT" in q["sql"]]) == 1
    assert read_state(2) == {"similar": 9}


@pytest.mark.django_db
def test_a_publish_of_another_process_is_seen_when_the_kept_state_is_old():
    read_state()
    State.objects.create(name="similar", value=7)

    assert read_state() == {}
    assert read_state(fresh=True) == {"similar": 7}
    State.objects.update(value=8)
    with override_settings(PERSONA={"STATE_MAX_AGE": timedelta(0)}):
        assert fresh_state() is None
        assert read_state() == {"similar": 8}


def test_what_another_query_has_read_is_kept_and_cannot_be_changed():
    given = {"similar": 3}
    remember(1, given)
    given["similar"] = 4

    assert read_state() == {"similar": 3}
    with pytest.raises(TypeError):
        read_state()["similar"] = 5  # type: ignore[index]


@pytest.mark.django_db
def test_a_revision_rises_by_one_each_time():
    assert [bump("catalogue"), bump("catalogue"), bump("catalogue", store=2)] == [1, 2, 1]
    assert read_state()["catalogue"] == 2


@pytest.mark.django_db
@pytest.mark.parametrize("order", list(itertools.permutations([(1, 11), (2, 22), (3, 33)])))
def test_in_whatever_order_jobs_publish_the_highest_fence_stays(order: list[tuple[int, int]]):
    highest = 0
    for fence, version in order:
        assert point("similar", version, fence=fence) == (fence >= highest)
        highest = max(highest, fence)

    assert read_state() == {"similar": 33}


@pytest.mark.django_db
def test_the_same_job_may_publish_twice():
    assert point("similar", 7, fence=3, relation=1)
    assert point("similar", 6, fence=3, relation=1)

    row = State.objects.get()
    assert (row.value, row.fence, row.relation) == (6, 3, 1)


@pytest.mark.django_db
def test_losing_the_race_to_make_a_row_is_as_good_as_making_it(monkeypatch: pytest.MonkeyPatch):
    State.objects.create(name="catalogue")
    State.objects.create(name="similar")
    update = QuerySet.update
    asked: list[str] = []

    def too_early(self: Any, **values: Any) -> int:
        """The first update of each comes before the other process has made the row."""
        asked.append("")
        return 0 if len(asked) in (1, 3) else update(self, **values)

    monkeypatch.setattr(QuerySet, "update", too_early)

    assert bump("catalogue") == 1
    assert point("similar", 7, fence=1)
    assert read_state(fresh=True) == {"catalogue": 1, "similar": 7}


@pytest.mark.django_db
def test_a_row_that_cannot_be_made_is_an_error(monkeypatch: pytest.MonkeyPatch):
    def broken(self: Any, **values: Any) -> State:
        raise IntegrityError("the disk is full of holes")

    monkeypatch.setattr(QuerySet, "create", broken)

    with pytest.raises(IntegrityError):
        bump("catalogue")


@pytest.mark.django_db
def test_a_database_that_is_down_is_the_callers_to_handle(monkeypatch: pytest.MonkeyPatch):
    def down(self: Any, **values: Any) -> Any:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(QuerySet, "filter", down)

    with pytest.raises(OperationalError):
        read_state()


@pytest.mark.django_db(transaction=True)
def test_publishers_at_the_same_moment_leave_the_highest_fence():
    if connection.vendor == "sqlite":
        pytest.skip("a SQLite database in memory belongs to one thread")
    start = threading.Barrier(6)
    won: list[tuple[int, bool]] = []

    def publish(fence: int) -> None:
        start.wait()
        won.append((fence, point("similar", fence * 10, fence=fence)))
        connections.close_all()

    threads = [threading.Thread(target=publish, args=(n,)) for n in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert dict(won)[6] is True
    assert read_state(fresh=True) == {"similar": 60}
    assert State.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_tables_nothing_is_followed_and_the_log_says_once_what_to_do(
    caplog: pytest.LogCaptureFixture,
):
    with without_tables(), caplog.at_level(logging.WARNING):
        assert read_state() == {}
        assert read_state(fresh=True) == {}

    assert caplog.text.count("manage.py migrate") == 1


@pytest.mark.django_db(transaction=True)
def test_without_tables_the_shops_own_transaction_can_go_on(django_user_model: type):
    with without_tables(), transaction.atomic():
        assert read_state() == {}
        django_user_model.objects.create(username="ann")  # type: ignore[attr-defined]

    assert django_user_model.objects.count() == 1  # type: ignore[attr-defined]
