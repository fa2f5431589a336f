"""Who may do a job: one at a time, the next after a death, nobody after the third."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
import time_machine

from persona_django.exceptions import LostLease, Resting, WaitsForPerson
from persona_django.model_registry.leases import CLOCK_SLACK, REST_AFTER_ERROR, hold
from persona_django.model_registry.models import Lease

pytestmark = pytest.mark.django_db

JOB = "rebuild/similar/1"
DAY = timedelta(days=1)


def die_while_holding(name: str = JOB) -> int:
    """Take a job and never come back, as a killed process does."""
    entered = hold(name)
    held = entered.__enter__()
    assert held is not None
    _undead.append(entered)
    return held.fence


def die_three_times(clock: time_machine.Coordinates, name: str = JOB) -> None:
    for _ in range(3):
        die_while_holding(name)
        clock.shift(timedelta(minutes=3))


_undead: list[object] = []
"""Keeps contexts from being closed, which would give their jobs back."""


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel("2026-03-01 12:00:00+00:00", tick=False) as clock:
        yield clock
    _undead.clear()


def test_a_job_is_held_by_one_worker_at_a_time():
    with hold(JOB) as first, hold(JOB) as second:
        assert first is not None
        assert second is None


def test_a_finished_job_is_free_at_once_and_remembers_when_it_was_done():
    with hold(JOB):
        pass

    with hold(JOB) as again:
        assert again is not None and again.fence == 2
    assert Lease.objects.get(name=JOB).done_at == int(time.time())


def test_a_job_that_is_not_due_is_not_started(_clock):
    with hold(JOB, every=DAY):
        pass

    with hold(JOB, every=DAY) as an_instant_later:
        assert an_instant_later is None
    _clock.shift(DAY)
    with hold(JOB, every=DAY) as a_day_later:
        assert a_day_later is not None


def test_a_day_of_piled_up_ticks_gives_one_run():
    runs = 0

    for _ in range(1440):
        with hold(JOB, every=DAY) as held:
            runs += held is not None

    assert runs == 1


def test_a_dead_workers_job_is_taken_over_with_a_higher_fence_when_its_lease_ran_out(_clock):
    dead = die_while_holding()

    with hold(JOB) as too_soon:
        assert too_soon is None
    _clock.shift(timedelta(minutes=3))
    with hold(JOB) as successor:
        assert successor is not None
        assert successor.fence > dead


def test_a_worker_that_only_seemed_dead_learns_that_its_job_was_taken(_clock):
    with pytest.raises(LostLease, match="took over"), hold(JOB) as slow:
        _clock.shift(timedelta(minutes=3))
        with hold(JOB) as successor:
            assert successor is not None
        slow.renew(surely=True)


def test_a_job_that_is_renewed_is_never_taken_over(_clock):
    with hold(JOB) as held:
        for _ in range(10):
            _clock.shift(timedelta(minutes=1))
            held.renew(surely=True)

            with hold(JOB) as other:
                assert other is None


def test_renewing_often_asks_the_database_seldom(django_assert_num_queries):
    with hold(JOB) as held, django_assert_num_queries(0):
        for _ in range(1000):
            held.renew()


def test_a_job_that_kills_its_worker_three_times_waits_for_a_person_with_a_note(_clock, caplog):
    die_three_times(_clock)

    for _ in range(2):
        with pytest.raises(WaitsForPerson, match="3 times in a row"), hold(JOB):
            pass

    note = Lease.objects.get(name=JOB).note
    assert "3 times in a row" in note and f"persona_run --again {JOB}" in note
    assert sum("waits for a person" in message for message in caplog.messages) == 1


def test_a_job_that_costs_nobody_his_privacy_waits_for_as_long_as_it_takes(_clock):
    die_three_times(_clock)
    _clock.shift(timedelta(days=30))

    with pytest.raises(WaitsForPerson, match="not tried again by itself"), hold(JOB):
        pass


@pytest.mark.parametrize("name", ["retention/1", "erasures/1"])
def test_what_deletes_for_privacy_is_tried_once_a_day_until_it_is_done(_clock, name, caplog):
    die_three_times(_clock, name)

    for deaths in (3, 4, 5):
        for _ in range(23):
            with pytest.raises(WaitsForPerson, match="tried once a day"), hold(name):
                pass
            _clock.shift(timedelta(hours=1))
        _clock.shift(timedelta(hours=1))
        assert f"Died {deaths} times" in Lease.objects.get(name=name).note
        die_while_holding(name)
        _clock.shift(timedelta(minutes=3))
    _clock.shift(DAY)
    with hold(name) as without_a_death:
        assert without_a_death is not None

    with hold(name) as next_tick:
        assert next_tick is not None
    assert sum("waits for a person" in message for message in caplog.messages) == 3


def test_what_deletes_for_privacy_waits_for_no_clock_that_was_wrong(_clock):
    die_three_times(_clock, "retention/1")
    _clock.shift(timedelta(days=-400))

    with hold("retention/1") as held:
        assert held is not None


def test_a_waiting_job_says_so_also_after_a_clock_that_was_wrong(_clock):
    die_three_times(_clock)
    _clock.shift(timedelta(days=-400))

    with pytest.raises(WaitsForPerson), hold(JOB):
        pass


def test_a_person_starts_a_waiting_job_and_the_schedule_goes_on(_clock):
    die_three_times(_clock)

    with hold(JOB, by_person=True) as by_hand:
        assert by_hand is not None
    with hold(JOB) as next_tick:
        assert next_tick is not None
    assert Lease.objects.get(name=JOB).note == ""


def test_a_person_does_not_disturb_a_worker_that_is_at_it():
    with hold(JOB), hold(JOB, by_person=True) as by_hand:
        assert by_hand is None


def test_an_error_is_noted_and_the_job_rests_without_counting_as_a_death(_clock):
    for _ in range(5):
        with pytest.raises(ValueError, match="wrong column"), hold(JOB) as held:
            assert held is not None
            raise ValueError("wrong column")
        with hold(JOB) as too_soon:
            assert too_soon is None
        _clock.shift(REST_AFTER_ERROR)

    assert Lease.objects.get(name=JOB).note == "ValueError: wrong column"


def test_what_is_left_alone_for_a_moment_costs_the_job_nothing():
    for _ in range(5):
        with pytest.raises(Resting), hold(JOB):
            raise Resting("The database failed a moment ago.")

    with hold(JOB, every=DAY) as next_tick:
        assert next_tick is not None
        assert next_tick.attempts == 1


def test_a_person_need_not_wait_until_a_job_has_rested():
    with pytest.raises(ValueError), hold(JOB):
        raise ValueError

    with hold(JOB, by_person=True) as held:
        assert held is not None


def test_running_out_of_memory_counts_like_a_killed_worker(_clock):
    for _ in range(3):
        with pytest.raises(MemoryError), hold(JOB):
            raise MemoryError
        _clock.shift(REST_AFTER_ERROR)

    with pytest.raises(WaitsForPerson), hold(JOB):
        pass


def test_a_person_who_stops_a_job_gives_it_back_at_once():
    with pytest.raises(KeyboardInterrupt), hold(JOB):
        raise KeyboardInterrupt

    with hold(JOB) as held:
        assert held is not None
        assert held.attempts == 1


def test_a_job_handed_over_goes_on_with_the_message_and_only_once():
    with hold(JOB) as first:
        fence = first.hand_over()

    with hold(JOB) as a_tick_between:
        assert a_tick_between is None
    with hold(JOB, fence=fence) as next_stage:
        assert next_stage is not None
        with hold(JOB, fence=fence) as delivered_again:
            assert delivered_again is None


def test_a_job_whose_message_was_lost_goes_on_with_a_later_tick(_clock):
    with hold(JOB) as first:
        fence = first.hand_over()
    _clock.shift(timedelta(minutes=3))

    with hold(JOB) as tick:
        assert tick is not None
        with hold(JOB, fence=fence) as message_after_all:
            assert message_after_all is None


def test_finishing_a_stage_starts_the_count_of_deaths_again(_clock):
    for _ in range(2):
        die_while_holding()
        _clock.shift(timedelta(minutes=3))
    with hold(JOB) as third:
        assert third is not None
        third.hand_over()
    _clock.shift(timedelta(minutes=3))

    with hold(JOB) as after_a_finished_stage:
        assert after_a_finished_stage is not None


@pytest.mark.parametrize("wrong_by", [timedelta(days=400), timedelta(days=-400)])
def test_a_clock_that_was_wrong_once_does_not_stop_a_job_for_ever(_clock, wrong_by):
    _clock.shift(wrong_by)
    with hold(JOB, every=DAY):
        pass
    die_while_holding()

    _clock.shift(-wrong_by)
    _clock.shift(timedelta(minutes=3))

    with hold(JOB, every=DAY) as held:
        assert held is not None


def test_clocks_a_few_minutes_apart_do_not_start_a_finished_job_again(_clock):
    with hold(JOB, every=DAY):
        pass
    _clock.shift(timedelta(seconds=-CLOCK_SLACK + 10))

    with hold(JOB, every=DAY) as on_a_host_whose_clock_is_behind:
        assert on_a_host_whose_clock_is_behind is None
