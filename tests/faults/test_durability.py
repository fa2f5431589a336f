"""What was called accepted is stored, once, whatever happens to the process that said so."""

from __future__ import annotations

import time

import pytest

from tests.faults.browser import Browser
from tests.faults.running import lone_shop, run, tell
from tests.faults.storm import storm

pytestmark = [pytest.mark.alone]

DWELLS = "SELECT count(*) FROM persona_event WHERE kind = 5"
VIEWS = "SELECT count(*) FROM persona_event WHERE kind = 3"
DATABASES = [
    "sqlite",
    pytest.param("postgres", marks=pytest.mark.service("postgresql")),
    pytest.param("mysql", marks=pytest.mark.service("mariadb")),
]


def is_lossless(vendor: str, folder, *, events: int, ends: int, by_kill: bool = True) -> None:
    with lone_shop(vendor, folder) as (process, database):
        told = storm(process, events=events, clients=8, ends=ends, seed=events, by_kill=by_kill)
        stored = tell(database, DWELLS)[0][0]

    assert told.odd == []
    assert told.ends == ends
    assert len(told.letters) == events
    assert told.accepted_twice == []
    assert told.refused == []
    # Every event was accepted, and no row is there that was not: neither lost nor doubled.
    assert stored == events


@pytest.mark.parametrize("vendor", DATABASES)
def test_of_events_sent_while_the_server_is_killed_none_is_lost_and_none_doubled(vendor, tmp_path):
    is_lossless(vendor, tmp_path, events=1_600, ends=3)


@pytest.mark.slow
@pytest.mark.parametrize("vendor", DATABASES)
def test_of_ten_thousand_events_none_is_lost_and_none_doubled(vendor, tmp_path):
    is_lossless(vendor, tmp_path, events=10_000, ends=15)


@pytest.mark.service("postgresql")
def test_a_server_that_is_asked_to_stop_loses_nothing_that_it_was_sent(tmp_path):
    is_lossless("postgres", tmp_path, events=800, ends=2, by_kill=False)


@pytest.mark.service("postgresql")
def test_nothing_waits_in_the_process_for_a_better_time(tmp_path):
    """The page's view is written before a server that was asked to stop is gone."""
    with lone_shop("postgres", tmp_path) as (process, database):
        process.start()
        visitor = Browser(process.port)
        for _ in range(3):
            visitor.ask("/page/1/")
        began = time.monotonic()
        process.stop()
        took = time.monotonic() - began
        stored = tell(database, VIEWS)[0][0]

    assert stored == 3
    assert took < 2


@pytest.mark.service("postgresql")
def test_children_that_were_forked_after_the_app_was_loaded_serve_with_all_their_threads(tmp_path):
    with lone_shop("postgres", tmp_path) as (process, database):
        said = run("tests.faults.preforking", env=process.env)
        stored = tell(database, VIEWS)[0][0]

    assert said.split() == ["0", "0", "0"]
    assert stored == 3 * 4 * 5
