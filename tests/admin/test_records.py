"""Every table of ours can be looked at in the admin, and none be changed by accident."""

import re

import numpy as np
import pytest
from django.apps import apps
from django.contrib import admin
from django.test import override_settings
from django.urls import reverse

from persona_django.artefacts.models import Artefact, ArtefactPart
from persona_django.catalogue.models import Item
from persona_django.feedback.models import ServedSlate
from persona_django.identity.models import Restriction, Visitor
from persona_django.importing.models import ImportRun
from persona_django.merchandising.models import PairDecision, SuggestedPair
from persona_django.model_registry.models import Lease
from persona_django.numeric.week_counts import WEEK_SECONDS, WeekCounts, counted
from persona_django.tracking import weeks
from persona_django.tracking.models import (
    DropCount,
    Event,
    Folding,
    Intent,
    SearchFind,
    SearchTerm,
    UsedNonce,
)
from persona_django.tracking.schema import Kind
from tests import factories

MODELS = sorted(apps.get_app_config("persona").get_models(), key=lambda model: model.__name__)

pytestmark = pytest.mark.django_db


def one_count() -> WeekCounts:
    began = 2_900 * WEEK_SECONDS
    return counted(*(np.array([n]) for n in (5, 1, Kind.VIEW, 1, began, 0)))


@pytest.fixture
def a_row_of_each():
    tea, mug = factories.products(2)
    factories.read_catalogue()
    factories.publish_neighbours("similar", {tea: [(mug, 0.5, 9)]})
    Event.objects.create(shopper=1, uid=1, kind=Kind.VIEW, item_id=1, at=1_700_000_000)
    Event.objects.create(shopper=1, uid=2, kind=999, item_id=1, at=1_700_000_000)
    Visitor.objects.create(key=5, purposes="measure")
    Lease.objects.create(name="rebuild/similar/1", done_at=1_700_000_000)
    PairDecision.objects.create(item_id=1, other_id=2)
    SuggestedPair.objects.create(relation=1, item_id=1, other_id=2)
    ImportRun.objects.create(fingerprint="f", filename="orders.csv")
    Intent.objects.create(shopper=5, uid=1, kind=Intent.Kind.SEARCH, at=1_700_000_000)
    SearchTerm.objects.create(term=8, words="green tea", last_at=1_700_000_000)
    SearchFind.objects.create(find=9, term=8, item_id=1, what=1, visitors=3)
    DropCount.objects.create(day=20_000, reason="event_field", n=3)
    weeks.write(1, 2_900, one_count(), generation=1, beat=lambda: None)
    Folding.objects.create(store=1, looked_at=1_700_000_000)
    UsedNonce.objects.create(key=4, at=1_700_000_000)
    ServedSlate.objects.create(shopper=5, uid=1, block="similar-items", at=9, items=b"", seen=5)
    Restriction.objects.create(key=6, kind=Restriction.Kind.PAUSED, at=1_700_000_000)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_model_of_ours_is_registered_and_its_list_opens(admin_client, a_row_of_each, model):
    assert admin.site.is_registered(model)

    address = reverse(f"admin:persona_{model._meta.model_name}_changelist")

    assert admin_client.get(address).status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_row_of_each_model_can_be_opened(admin_client, a_row_of_each, model):
    row = model._default_manager.first()

    address = reverse(f"admin:persona_{model._meta.model_name}_change", args=[row.pk])
    response = admin_client.get(address)

    assert response.status_code == 200
    if not getattr(admin.site.get_model_admin(model), "is_internal", False):
        assert f"{model.__name__} object" not in response.content.decode()


def test_a_job_that_waits_for_a_person_says_what_that_person_does(admin_client):
    Lease.objects.create(name="snapshot/1", note="OSError: no space left on device")
    waiting = Lease.objects.create(name="retention/1", attempts=3, expires_at=1)

    listed = admin_client.get(reverse("admin:persona_lease_changelist")).content.decode()
    opened = admin_client.get(reverse("admin:persona_lease_change", args=[waiting.pk]))

    assert listed.count("waits for a person") == 1
    assert "OSError: no space left on device" in listed
    for page in (listed, opened.content.decode()):
        assert "persona_run --again retention/1" in page


@pytest.mark.parametrize("model", [Item, Event, Artefact, ArtefactPart])
def test_records_can_neither_be_added_nor_deleted_by_hand(admin_client, a_row_of_each, model):
    name = model._meta.model_name
    row = model._default_manager.first()

    assert admin_client.get(reverse(f"admin:persona_{name}_add")).status_code == 403
    deleted = admin_client.post(
        reverse(f"admin:persona_{name}_delete", args=[row.pk]), {"post": "yes"}
    )

    assert deleted.status_code == 403
    assert model._default_manager.filter(pk=row.pk).exists()


def test_a_long_table_is_paged_without_counting_all_of_it(admin_client, monkeypatch):
    monkeypatch.setattr("persona_django.admin.readonly.UncountedPaginator.COUNT_UP_TO", 60)
    Event.objects.bulk_create(
        Event(shopper=1, uid=n, kind=Kind.VIEW, item_id=1, at=n) for n in range(130)
    )

    address = reverse("admin:persona_event_changelist")

    first = admin_client.get(address).content.decode()
    assert "60 or more; the newest 60 are listed" in first
    assert admin_client.get(address, {"p": 2}).status_code == 200


def test_a_short_table_is_counted(admin_client, a_row_of_each):
    page = admin_client.get(reverse("admin:persona_event_changelist")).content.decode()

    assert "or more" not in page


def test_the_newest_event_comes_first_whenever_it_was_imported(admin_client):
    for uid, kind in ((1, Kind.CART_ADD), (2, Kind.VIEW)):
        at = 1_700_000_000 - 86_400 * uid
        Event.objects.create(shopper=1, uid=uid, kind=kind, item_id=1, at=at)

    page = admin_client.get(reverse("admin:persona_event_changelist"))

    listed = [event.kind for event in page.context["cl"].result_list]
    assert listed == [Kind.CART_ADD, Kind.VIEW]


@override_settings(TIME_ZONE="Europe/Berlin", LANGUAGE_CODE="en")
def test_a_row_s_own_page_tells_the_time_as_its_list_does(admin_client, a_row_of_each):
    slate = ServedSlate.objects.get()
    ServedSlate.objects.update(at=1_700_000_000)

    listed = admin_client.get(reverse("admin:persona_servedslate_changelist"))
    opened = admin_client.get(reverse("admin:persona_servedslate_change", args=[slate.pk]))

    for page in (listed, opened):
        assert "Nov. 14, 2023, 11:13 p.m." in page.content.decode()


def test_a_decision_s_page_names_both_products(admin_client):
    tea, mug = factories.products(2)
    factories.read_catalogue()
    items = [Item.objects.get(key=str(one.pk)).pk for one in (tea, mug)]
    decided = PairDecision.objects.create(item_id=items[0], other_id=items[1])

    page = admin_client.get(reverse("admin:persona_pairdecision_change", args=[decided.pk]))

    assert f"<h2>{tea.name} – {mug.name}</h2>" in page.content.decode()


def test_events_say_in_words_what_happened_to_which_item_and_why_it_may_be_kept(
    admin_client, django_assert_max_num_queries
):
    (tea,) = factories.products(1)
    factories.read_catalogue()
    item = Item.objects.get()
    for uid, kind in enumerate((Kind.VIEW, Kind.CART_ADD, Kind.ORDERED)):
        item_id = 0 if kind == Kind.ORDERED else item.pk
        Event.objects.create(shopper=1, uid=uid, kind=kind, item_id=item_id, at=1_700_000_000)

    with django_assert_max_num_queries(5):
        page = admin_client.get(reverse("admin:persona_event_changelist")).content.decode()

    address = reverse("admin:persona_item_change", args=[item.pk])
    assert page.count(f'<a href="{address}">{tea.name}</a>') == 2
    assert "cart_add" in page and page.count(">consent<") == 3


def test_the_index_lists_what_people_work_with_and_no_internals(admin_client):
    page = admin_client.get(reverse("admin:index")).content.decode()

    for name in ("item", "modelversion", "pairdecision", "visitor", "event", "lease"):
        assert reverse(f"admin:persona_{name}_changelist") in page
    for name in ("artefact", "artefactpart", "usednonce", "state", "neighbourrow"):
        assert reverse(f"admin:persona_{name}_changelist") not in page


def test_how_surely_a_search_leads_nowhere_follows_from_how_many_asked(admin_client):
    for words, asked, dead in [("tea", 5, 5), ("mug", 500, 500), ("pot", 500, 250), ("cup", 9, 0)]:
        SearchTerm.objects.create(term=asked + dead, words=words, asked=asked, dead=dead)

    page = admin_client.get(reverse("admin:persona_searchterm_changelist")).content.decode()

    assert re.findall(r">at least (\d+) %<", page) == ["99", "45", "0", "56"]


def test_lists_are_named_in_words_that_a_merchant_understands(admin_client):
    page = admin_client.get(reverse("admin:index")).content.decode()

    named = re.findall(r'<a href="/admin/persona/\w+/"(?: [^>]*)?>([^<]+)</a>', page)
    assert set(named) >= {
        "Blocks shown",
        "Counts of what was refused",
        "Decisions on pairs",
        "Events",
        "Imported files",
        "Items",
        "Jobs",
        "Model versions",
        "People left alone",
        "Search terms",
        "Searches and filters",
        "Suggested pairs",
        "Visitors",
    }
