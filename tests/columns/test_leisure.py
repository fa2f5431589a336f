"""A limit on statements that a shop sets for its pages does not end our jobs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction

from persona_django.columns.leisure import at_leisure
from persona_django.model_registry.leases import hold

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="only PostgreSQL has such a limit"
    ),
]
LONG = "SELECT pg_sleep(0.2)"


@pytest.fixture(autouse=True)
def _a_limit():
    ask("SET statement_timeout = 50")
    yield
    ask("RESET statement_timeout")


def ask(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_a_job_takes_the_time_it_needs():
    with pytest.raises(OperationalError):
        ask(LONG)

    with hold("long/1", every=timedelta(hours=1)) as held:
        assert held is not None
        ask(LONG)

    # What the shop set for its own statements holds again.
    with pytest.raises(OperationalError):
        ask(LONG)


def test_a_transaction_of_somebody_else_keeps_its_limit():
    with pytest.raises(OperationalError), transaction.atomic(), at_leisure(["default"]):
        ask(LONG)


def test_a_job_whose_connection_broke_ends_with_its_own_error():
    with pytest.raises(ZeroDivisionError), at_leisure(["default"]):
        connection.close()
        connection.connect()
        raise ZeroDivisionError
