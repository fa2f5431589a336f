"""Learning by hand takes the time it needs, however short the shop lets a page wait for its
database: as long as the whole of the command lasts, not only while a job is held."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection

from persona_django.training import evidence, rebuild, stages
from tests.factories import products, read_catalogue
from tests.training.history import buy, customers, live, look

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="only PostgreSQL has such a limit"
    ),
]


@pytest.fixture
def _a_limit(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As a shop sets it, for every connection."""
    given = connection.settings_dict["OPTIONS"]
    limited = {**given, "options": "-c statement_timeout=400"}
    with monkeypatch.context() as meanwhile:
        meanwhile.setitem(connection.settings_dict, "OPTIONS", limited)
        connection.close()
        yield
    connection.close()


def slowly(do: Callable[..., Any]) -> Callable[..., Any]:
    """The same, after a statement that takes longer than the shop allows a page."""

    def wait_and_do(*args: Any, **kwargs: Any) -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.6)")
        return do(*args, **kwargs)

    return wait_and_do


@pytest.mark.usefixtures("_a_limit")
@pytest.mark.parametrize(
    ("module", "name"),
    [
        (evidence, "read_events"),
        (evidence, "read_orders"),
        (stages, "current_snapshot"),
        (rebuild, "clean"),
    ],
    ids=lambda part: getattr(part, "__name__", part),
)
def test_learning_all_kinds_by_hand_is_ended_by_no_limit_of_the_shops(
    settings, monkeypatch, module, name
):
    settings.PERSONA = {**settings.PERSONA, "MIN_TRAINING_SHOPPERS": 3, "MIN_LOG_LIKELIHOOD": 0}
    made = products(4)
    read_catalogue()
    look(range(1, 11), made[0:2])
    buy(customers(6), made[2:4])
    monkeypatch.setattr(module, name, slowly(getattr(module, name)))

    call_command("persona_rebuild", stdout=io.StringIO())

    assert live("similar") and live("bought-together") and live("popular")
    with pytest.raises(OperationalError, match="statement timeout"):
        slowly(int)()
