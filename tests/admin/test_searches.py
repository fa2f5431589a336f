"""Merchants read what was found after searches, and what came of those that lead nowhere."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from persona_django.artefacts.models import ArtefactPart
from persona_django.model_registry.live import SEARCH_FINDS
from persona_django.tracking.models import SearchTerm
from persona_django.tracking.schema import Kind
from persona_django.training.rebuild import rebuild
from tests.factories import product, read_catalogue
from tests.training.searching import search, visits_are_over

pytestmark = pytest.mark.django_db
LIST = "admin:persona_searchterm_changelist"


@pytest.fixture
def shop(settings, tmp_path):
    settings.PERSONA = {**settings.PERSONA, "CACHE_FOLDER": str(tmp_path / "cache")}
    made = [product(name) for name in ("Sencha", "Matcha", "Iron pot", "Glass pot", "Cup")]
    read_catalogue()
    search(7, "green tea", made[0], made[1])
    search(6, "teapod", made[2], kind=Kind.PURCHASE, results=0, and_then="teapot")
    search(6, "unicorn")
    visits_are_over()
    return made


def text_of(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def page_of(admin_client, words: str) -> str:
    term = SearchTerm.objects.get(words=words)
    address = reverse("admin:persona_searchterm_change", args=[term.pk])
    return text_of(admin_client.get(address))


def test_the_list_says_what_was_found_and_what_was_bought_in_the_end(admin_client, shop):
    rebuild(SEARCH_FINDS)

    listed = text_of(admin_client.get(reverse(LIST)))

    assert "Sencha, Matcha" in listed
    assert "Iron pot" in listed
    assert "Glass pot" not in listed


def test_the_list_asks_no_more_the_longer_it_is(admin_client, shop):
    rebuild(SEARCH_FINDS)
    admin_client.get(reverse(LIST))
    with CaptureQueriesContext(connection) as few:
        admin_client.get(f"{reverse(LIST)}?q=unicorn")
    with CaptureQueriesContext(connection) as all_of_them:
        admin_client.get(reverse(LIST))

    assert len(all_of_them) <= len(few) + 1


def test_an_address_that_asks_for_what_there_is_not_is_answered_as_everywhere(admin_client, shop):
    assert admin_client.get(f"{reverse(LIST)}?nobody__knows=1").status_code == 302


def test_those_that_lead_nowhere_are_listed_by_themselves(admin_client, shop):
    listed = text_of(admin_client.get(f"{reverse(LIST)}?nowhere=half"))

    assert "teapod" in listed and "unicorn" in listed
    assert "green tea" not in listed


def test_the_page_of_a_search_says_how_many_found_what(admin_client, shop):
    rebuild(SEARCH_FINDS)

    told = page_of(admin_client, "green tea")

    assert re.search(r"Found useful after it .* 1 – Sencha 7 2 – Matcha 7", told)
    assert "leads nowhere: bought" not in told


def test_the_page_of_one_that_leads_nowhere_says_what_was_bought_in_the_end(admin_client, shop):
    rebuild(SEARCH_FINDS)

    assert re.search(r"bought in the end .* 1 – Iron pot 6", page_of(admin_client, "teapod"))
    assert "No crowd of those who searched so bought the same" in page_of(admin_client, "unicorn")


def test_a_thing_that_is_gone_from_the_catalogue_is_named_by_its_number(admin_client, shop):
    from persona_django.catalogue.models import Item

    rebuild(SEARCH_FINDS)
    Item.objects.filter(title="Matcha").delete()

    assert re.search(r"item \d+, gone", page_of(admin_client, "green tea"))
    assert re.search(r"Sencha, \d+", text_of(admin_client.get(reverse(LIST))))


def test_before_anything_was_learnt_or_where_it_is_damaged_the_pages_open(admin_client, shop):
    assert "No crowd found the same after it yet" in page_of(admin_client, "green tea")

    rebuild(SEARCH_FINDS)
    ArtefactPart.objects.update(data=b"damaged")

    assert "No crowd found the same after it yet" in page_of(admin_client, "green tea")
    assert admin_client.get(reverse(LIST)).status_code == 200


def test_who_may_not_look_at_searches_is_told_nothing(client, shop, django_user_model):
    rebuild(SEARCH_FINDS)
    client.force_login(django_user_model.objects.create_user("temp", is_staff=True))
    term = SearchTerm.objects.get(words="green tea")

    page = client.get(reverse("admin:persona_searchterm_change", args=[term.pk]))
    listed = client.get(reverse(LIST))

    assert (page.status_code, listed.status_code) == (403, 403)
