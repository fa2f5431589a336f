"""One INSERT for all that writes rows of ours, put together once."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction

from persona_django.tracking.insert_statements import of_arrays, of_rows
from persona_django.tracking.models import Event, Intent
from persona_django.tracking.writing import FIELDS, insert_few

NAMES = ("shopper", "uid", "words")


def row(uid: int) -> tuple[Any, ...]:
    given = dict.fromkeys(FIELDS, 1) | {"uid": uid, "price": None}
    return tuple(given[name] for name in FIELDS)


def waits_for_the_disk() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        return bool(cursor.fetchone()[0] == "on")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("hurried", [True, False])
def test_rows_are_the_same_whether_it_hurries_or_not_and_are_inserted_once(hurried):
    with transaction.atomic():
        assert insert_few([row(1), row(2)], hurried=hurried) == 2
        assert insert_few([row(2), row(3)], hurried=hurried) == 1
        if connection.vendor == "postgresql":
            assert waits_for_the_disk() is not hurried

    assert sorted(Event.objects.values_list(*FIELDS)) == sorted(map(row, (1, 2, 3)))
    if connection.vendor == "postgresql":
        assert waits_for_the_disk()


@pytest.mark.django_db
def test_one_place_for_each_value_of_each_row():
    for rows in (1, 2, 50):
        for hurried in (True, False):
            sql = of_rows("default", Intent, NAMES, rows, hurried=hurried)
            assert sql.count("%s") == rows * len(NAMES)


@pytest.mark.django_db
def test_only_one_that_is_to_tell_keys_tells_any():
    told = of_rows("default", Intent, NAMES, 1, returns=True)
    untold = of_rows("default", Intent, NAMES, 1)

    assert told.startswith(untold)
    assert "RETURNING" in told and "RETURNING" not in untold


@pytest.mark.django_db
def test_the_arrays_of_a_statement_have_no_length_to_cut_to():
    sql = of_arrays("default", Intent, NAMES)

    assert sql.count("%s::") == len(NAMES)
    assert "64" not in sql


@pytest.mark.django_db
def test_a_statement_is_put_together_once():
    assert of_rows("default", Intent, NAMES, 7) is of_rows("default", Intent, NAMES, 7)


@pytest.mark.django_db
def test_a_table_that_goes_by_another_name_has_a_statement_of_its_own(lose_table):
    before = of_rows("default", Intent, NAMES, 7)
    lose_table(Intent)

    assert "persona_nowhere" in of_rows("default", Intent, NAMES, 7)
    assert "persona_nowhere" not in before
