"""Doors whose replies say what is committed, in a shop whose requests are transactions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connections, router

from persona_django.identity.models import Visitor
from persona_django.tracking.models import Event
from tests import signing
from tests.browsing import FROM_COOKIE
from tests.reporting import event, key_of, send, told, visitor
from tests.tracking.catalogue import stocked

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _shop(settings: Any) -> None:
    cache.clear()
    settings.PERSONA = {**settings.PERSONA, **FROM_COOKIE, "SERVER_KEYS": signing.SECRETS}


@pytest.fixture
def around_inserts() -> Iterator[list[int]]:
    """In how many blocks of a transaction each insert stands, where each request is one; the
    outermost is ours as long as there is an insert in no more than that."""
    connection = connections[router.db_for_write(Event)]
    depths: list[int] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().startswith("INSERT"):
            depths.append(len(context["connection"].atomic_blocks))
        return execute(sql, params, many, context)

    connection.settings_dict["ATOMIC_REQUESTS"] = True
    with connection.execute_wrapper(note):
        yield depths
    connection.settings_dict["ATOMIC_REQUESTS"] = False


def test_what_the_script_is_told_is_accepted_is_in_no_transaction_of_the_request(around_inserts):
    """Otherwise it would be committed after the reply is made, or not at all."""
    tea, _ = stocked()
    around_inserts.clear()

    answer = send(visitor(), event("save", item=f"shop.product:{tea.pk}"))

    assert told(answer) == "a"
    assert Event.objects.get().shopper == Visitor.objects.get().key == key_of()
    assert min(around_inserts) == 1


def test_what_another_server_is_told_is_accepted_is_in_no_transaction_of_the_request(
    around_inserts,
):
    tea, _ = stocked()
    around_inserts.clear()

    answer = signing.send(signing.report("save", item=f"shop.product:{tea.pk}", customer=1))

    assert told(answer) == "a"
    assert Event.objects.count() == 1
    assert min(around_inserts) == 1
