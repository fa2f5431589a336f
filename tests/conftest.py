"""What holds for every test: no network, no leftovers, services by name, one seed."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests import network, services

# Slow machines are no failures; the same examples on every machine are worth more than new ones.
hypothesis_settings.register_profile(
    "persona",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
hypothesis_settings.load_profile("persona")

REMEMBERING = (
    "persona_django.breaker",
    "persona_django.counters",
    "persona_django.identity.cookies",
    "persona_django.identity.restrictions",
    "persona_django.identity.remembered",
    "persona_django.tracking.throttling",
    "persona_django.tracking.page_limits",
    "persona_django.catalogue.state",
    "persona_django.catalogue.snapshot",
    "persona_django.catalogue.tables",
    "persona_django.tracking.order_changes",
    "persona_django.model_registry.live",
    "persona_django.similarity.chance",
    "persona_django.similarity.lookup",
    "persona_django.tracking.drops",
    "persona_django.merchandising.rules",
    "persona_django.blocks.stencils",
    "persona_django.serving.knowledge",
    "persona_django.serving.recommend",
)
"""Modules that keep something for the life of a process: all that have a function `forget`."""


def pytest_addoption(parser: pytest.Parser) -> None:
    # The arithmetic is also tested where pytest-django is not installed, which owns this key.
    if importlib.util.find_spec("pytest_django") is None:
        parser.addini("DJANGO_SETTINGS_MODULE", "unused without Django")


def pytest_configure(config: pytest.Config) -> None:
    network.guard()


@pytest.hookimpl(tryfirst=True)  # while every test of a file is still there to be asked
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if _is_set("PERSONA_DATABASE_TESTS_ONLY"):
        _leave_out(config, items, {one.path for one in items} - _of_a_database(items))
    if _is_set("PERSONA_SECOND_DATABASE"):
        for item in items:
            _open_both_databases(item)


def _is_set(name: str) -> bool:
    return os.environ.get(name, "0") not in ("", "0")


def _of_a_database(items: list[pytest.Item]) -> set[Path]:
    """Files in which at least one test asks the database of the suite. Where none does, none may,
    and all of them come out the same on each."""
    return {one.path for one in items if _asks_a_database(one)}


def _asks_a_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    return (
        item.get_closest_marker("django_db") is not None
        or hasattr(getattr(item, "cls", None), "databases")
        or not fixtures.isdisjoint({"db", "transactional_db", "live_server"})
    )


def _leave_out(config: pytest.Config, items: list[pytest.Item], files: set[Path]) -> None:
    config.hook.pytest_deselected(items=[one for one in items if one.path in files])
    items[:] = [one for one in items if one.path not in files]


def _open_both_databases(item: pytest.Item) -> None:
    """With our tables in a second database every test that may use one may use both."""
    case = getattr(item, "cls", None)
    if case is not None and hasattr(case, "databases"):
        case.databases = "__all__"
        return
    given = item.get_closest_marker("django_db")
    options: dict[str, Any] = dict(given.kwargs) if given else {}
    options.setdefault("databases", "__all__")
    if given or {"db", "transactional_db"} & set(getattr(item, "fixturenames", ())):
        item.add_marker(pytest.mark.django_db(**options), append=False)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("service"):
        for name in marker.args:
            _need(name)
    if item.get_closest_marker("browser"):
        _need("chromium")


def _need(name: str) -> None:
    reason = services.why_missing(name)
    if reason and services.are_required():
        pytest.fail(f"{services.SERVICES[name].title} is required here: {reason}", pytrace=False)
    if reason:
        pytest.skip(f"{services.SERVICES[name].title} is missing: {reason}")


@pytest.fixture(autouse=True)
def _nothing_leaves_this_machine() -> Iterator[None]:
    network.guard()  # again, because another plugin may have put the real one back
    network.take_attempts()
    yield
    tried = network.take_attempts()
    assert not tried, f"tried to reach another machine: {tried}"


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Threads that wait for each other on a busy machine take most of the time of a small fit."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield


@pytest.fixture
def django_assert_num_queries(db: None) -> Callable[[int], AbstractContextManager[None]]:
    """Counts on every database, because our tables may stand in a second one."""
    from django.db import connections
    from django.test.utils import CaptureQueriesContext

    @contextmanager
    def counted(number: int) -> Iterator[None]:
        with ExitStack() as stack:
            asked = [
                stack.enter_context(CaptureQueriesContext(connections[a])) for a in connections
            ]
            yield
            done = [query["sql"] for one in asked for query in one.captured_queries]
        assert len(done) == number, "\n".join([f"{len(done)} queries:", *done])

    return counted


@pytest.fixture
def lose_table() -> Iterator[Callable[[Any], None]]:
    """Has a model look for a table that is not there, until the test is over."""
    lost: list[tuple[Any, str]] = []

    def lose(model: Any) -> None:
        lost.append((model, model._meta.db_table))
        _name_table(model, "persona_nowhere")

    yield lose
    for model, table in lost:
        _name_table(model, table)


def _name_table(model: Any, table: str) -> None:
    model._meta.db_table = table
    for field in model._meta.fields:
        # What a query once asked of it keeps the table's name.
        field.__dict__.pop("cached_col", None)


@pytest.fixture(autouse=True, scope="session")
def _emptied_by_delete() -> Iterator[None]:
    """After a test that commits, PostgreSQL's tables are emptied by DELETE.

    TRUNCATE makes each of some fifty tables anew, which takes half a second for a handful of rows.
    Django's foreign keys are looked at when the transaction ends, so the order does not matter.
    """
    if None in map(importlib.util.find_spec, ("django", "psycopg")):
        yield
        return
    from django.db.backends.postgresql.operations import DatabaseOperations

    truncates = DatabaseOperations.sql_flush

    def deletes(self: Any, style: Any, tables: list[str], **options: Any) -> list[str]:
        if options.get("reset_sequences"):
            return list(truncates(self, style, tables, **options))
        return [f"DELETE FROM {self.quote_name(table)}" for table in tables]

    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(DatabaseOperations, "sql_flush", deletes)
        yield


@pytest.fixture(autouse=True)
def _no_memory_of_another_test() -> Iterator[None]:
    _forget()
    yield
    _forget()


def _forget() -> None:
    for name in REMEMBERING:
        # What was never imported remembers nothing, and the arithmetic needs none of it.
        if name in sys.modules:
            sys.modules[name].forget()
