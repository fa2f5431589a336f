"""Sensitive categories: their names are kept of nobody, nor what was kept before they were so."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db import connections, router
from django.test.utils import CaptureQueriesContext

from persona_django.feedback import retention
from persona_django.tracking import sensitive
from persona_django.tracking.models import Intent, SearchTerm
from tests.browsing import ask_for_consent
from tests.deriving.doings import ago, searched
from tests.factories import product, read_catalogue
from tests.plans import analyse, walks_through_all
from tests.reporting import event, reasons, send, told, visitor

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shop(settings):
    ask_for_consent(settings)
    settings.PERSONA = {**settings.PERSONA, "SENSITIVE_CATEGORIES": ("Health > Tests", "Adult")}
    cache.clear()


@pytest.mark.parametrize(
    "words",
    [
        "Health > Tests",
        "health>tests",
        "HEALTH > Tests > Pregnancy",
        "Tests",
        "adult",
        "Adult/Toys",
    ],
)
def test_the_names_of_sensitive_categories_are_kept_of_nobody(words):
    response = send(
        visitor(),
        event("filter", name="category", value=words),
        event("filter", name=words, value="red"),
        event("search", words=words),
        event("search", words="test kitchen"),
    )

    assert told(response) == "rrra"
    assert reasons(response) == {"sensitive": 3}
    assert Intent.objects.values_list("words", flat=True).get() == "test kitchen"


def test_a_category_below_is_known_by_its_own_name_once_the_shop_sells_something_of_it():
    product("Kit", category="Health > Tests > Pregnancy")
    read_catalogue()

    response = send(visitor(), event("search", words="pregnancy"), event("search", words="health"))

    assert told(response) == "ra"
    assert reasons(response) == {"sensitive": 1}


def test_what_was_asked_for_before_its_category_was_sensitive_goes_as_well():
    searched(1, "adult", at=ago(60))
    searched(1, "tea", at=ago(60))
    SearchTerm.objects.create(term=1, words="adult", visitors=9, last_at=ago(60))
    SearchTerm.objects.create(term=2, words="tea", visitors=9, last_at=ago(60))

    assert retention.delete_old(beat=lambda: None) == 2

    assert Intent.objects.get().words == SearchTerm.objects.get().words == "tea"


def test_words_are_looked_for_by_an_index():
    Intent.objects.bulk_create(
        Intent(shopper=n, uid=n, kind=1 + n % 3, at=ago(n), words=f"tea {n}") for n in range(3_000)
    )
    SearchTerm.objects.bulk_create(SearchTerm(term=n, words=f"tea {n}") for n in range(3_000))
    analyse(Intent, SearchTerm)

    with CaptureQueriesContext(connections[router.db_for_write(Intent)]) as asked:
        sensitive.forget_words()

    statements = [one["sql"] for one in asked if one["sql"].startswith("SELECT")]
    of_the_log = [one for one in statements if "_state" not in one]
    assert len(of_the_log) == 2
    assert [one for one in of_the_log if walks_through_all(one)] == []
