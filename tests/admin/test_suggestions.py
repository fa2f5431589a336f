"""A merchant suggests a pair in the admin, corrects it and takes it back."""

from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from persona_django.catalogue.models import Item
from persona_django.merchandising.decisions import hide_pair
from persona_django.merchandising.models import SuggestedPair
from persona_django.similarity.relations import BOUGHT_TOGETHER, SIMILAR
from persona_django.training.rebuild import rebuild
from tests import factories
from tests.training.history import buy, customers

pytestmark = pytest.mark.django_db
ADD = "admin:persona_suggestedpair_add"
LIST = "admin:persona_suggestedpair_changelist"


@pytest.fixture
def tea_and_mug():
    tea, mug = factories.product("Green tea"), factories.product("Stoneware mug")
    factories.read_catalogue()
    return tea, mug


def form(item, other, **changes) -> dict[str, object]:
    return {
        "relation": BOUGHT_TOGETHER,
        "item": factories.item_id(item),
        "other": factories.item_id(other),
        "strength": 30,
        "reason": "They were made for each other.",
        **changes,
    }


def page_of(product) -> str:
    return reverse("admin:persona_item_change", args=[factories.item_id(product)])


def test_a_suggested_pair_is_said_to_come_with_the_next_version_and_does(
    admin_client, client, tea_and_mug
):
    tea, mug = tea_and_mug
    place = f'data-persona-item="shop.product:{mug.pk}"'

    sent = form(tea, mug, relation=SIMILAR)
    answer = admin_client.post(reverse(ADD), sent, follow=True).content.decode()

    assert "Stoneware mug beside Green tea" in answer
    assert "once a rebuild has learnt it" in answer
    assert SuggestedPair.objects.get().strength == 30
    rebuild("similar")
    page = client.get(tea.get_absolute_url()).content.decode()
    assert place in page and "Suggested by our shop" in page


def history_of(admin_client, product) -> str:
    """What a merchandiser reads there once no pair is left whose page could tell."""
    address = reverse("admin:persona_item_history", args=[factories.item_id(product)])
    return admin_client.get(address).content.decode()


def test_who_suggested_changed_and_withdrew_it_stands_in_the_history_of_the_item(
    admin_client, tea_and_mug
):
    tea, mug = tea_and_mug
    admin_client.post(reverse(ADD), form(tea, mug))
    pair = SuggestedPair.objects.get()
    change = reverse("admin:persona_suggestedpair_change", args=[pair.pk])
    admin_client.post(change, form(tea, mug, strength=5))
    admin_client.post(change, form(tea, mug, strength=5))
    delete = reverse("admin:persona_suggestedpair_delete", args=[pair.pk])

    said = admin_client.post(delete, {"post": "yes"}, follow=True).content.decode()

    assert not SuggestedPair.objects.exists()
    assert "once a rebuild has learnt it" in said
    history = history_of(admin_client, tea)
    told = "in “Bought together”: Stoneware mug beside Green tea."
    assert history.count(f"Suggested {told}") == 1
    assert history.count(f"Changed what is suggested {told}") == 1
    assert history.count(f"Withdrew what was suggested {told}") == 1
    assert history.count("<td>admin</td>") == 3
    assert "Stoneware mug beside" not in history_of(admin_client, mug)


def test_what_becomes_another_pair_is_withdrawn_here_and_suggested_there(
    admin_client, tea_and_mug
):
    tea, mug = tea_and_mug
    admin_client.post(reverse(ADD), form(tea, mug))
    change = reverse("admin:persona_suggestedpair_change", args=[SuggestedPair.objects.get().pk])

    admin_client.post(change, form(mug, tea))

    here, there = (history_of(admin_client, one) for one in (tea, mug))
    assert "Withdrew what was suggested" in here and "Stoneware mug beside Green tea" in here
    assert "Suggested in “Bought together”: Green tea beside Stoneware mug" in there


def test_several_are_withdrawn_at_once(admin_client, tea_and_mug):
    tea, mug = tea_and_mug
    for pair in ((tea, mug), (mug, tea)):
        admin_client.post(reverse(ADD), form(*pair))
    SuggestedPair.objects.create(
        relation=SIMILAR, item_id=999_999, other_id=factories.item_id(tea)
    )
    chosen = list(SuggestedPair.objects.values_list("pk", flat=True))
    sent = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}

    said = admin_client.post(reverse(LIST), sent, follow=True).content.decode()

    assert not SuggestedPair.objects.exists()
    assert "once a rebuild has learnt it" in said
    assert all("Withdrew what was" in history_of(admin_client, one) for one in tea_and_mug)


def test_items_are_found_by_their_titles(admin_client, tea_and_mug):
    asked = {
        "app_label": "persona", "model_name": "suggestedpair", "field_name": "item", "term": "mug",
    }  # fmt: skip

    found = admin_client.get(reverse("admin:autocomplete"), asked).json()["results"]

    assert [one["text"] for one in found] == ["Stoneware mug"]


def test_the_page_of_an_item_leads_to_suggesting_beside_it_and_says_what_is_suggested(
    admin_client, tea_and_mug, settings
):
    settings.PERSONA = {**settings.PERSONA, "MIN_LOG_LIKELIHOOD": 0}
    tea, mug = tea_and_mug
    pot = factories.product("Pot")
    factories.read_catalogue()
    buy(customers(9), [tea, pot])
    SuggestedPair.objects.create(
        relation=BOUGHT_TOGETHER,
        item_id=factories.item_id(tea),
        other_id=factories.item_id(mug),
        strength=900,
    )
    rebuild("bought-together", force=True)

    page = admin_client.get(page_of(tea)).content.decode()

    link = f"{reverse(ADD)}?item={factories.item_id(tea)}"
    assert f'href="{link}"' in page
    assert admin_client.get(link).status_code == 200
    assert page.count("<td>suggested by a merchant</td>") == 1
    assert page.count(">9 of 9 buyers of this item bought it in the same order") == 1


def test_what_is_suggested_for_afterwards_claims_no_days(admin_client, tea_and_mug):
    tea, mug = tea_and_mug
    admin_client.post(reverse(ADD), form(tea, mug, relation=3))
    rebuild("bought-after")

    page = admin_client.get(page_of(tea)).content.decode()

    assert "<td>suggested by a merchant</td>" in page
    assert "the same day" not in page


@pytest.mark.parametrize("strength", [0, -3, 100_001, "much"])
def test_a_strength_is_a_number_of_customers(admin_client, tea_and_mug, strength):
    answer = admin_client.post(reverse(ADD), form(*tea_and_mug, strength=strength))

    assert answer.status_code == 200
    assert not SuggestedPair.objects.exists()


def refused(admin_client, *pair, **changes) -> str:
    answer = admin_client.post(reverse(ADD), form(*pair, **changes))
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_an_expiry_is_kept_and_may_be_left_out(admin_client, tea_and_mug):
    until = (timezone.now() + timedelta(days=9)).date().isoformat()
    admin_client.post(
        reverse(ADD), form(*tea_and_mug, expires_at_0=until, expires_at_1="12:00:00")
    )
    admin_client.post(reverse(ADD), form(*tea_and_mug, relation=SIMILAR))

    kept = SuggestedPair.objects.order_by("pk").values_list("expires_at", flat=True)

    assert [moment is None for moment in kept] == [False, True]


def test_a_pair_is_suggested_once_for_each_list(admin_client, tea_and_mug):
    admin_client.post(reverse(ADD), form(*tea_and_mug))

    assert "already exists" in refused(admin_client, *tea_and_mug)
    assert SuggestedPair.objects.count() == 1


def test_variants_of_one_thing_are_not_suggested_beside_each_other(admin_client):
    red, blue = (factories.product(f"{one} mug", family="mug") for one in ("Red", "Blue"))
    factories.read_catalogue()

    assert "never shown together" in refused(admin_client, red, blue)
    assert "never shown together" in refused(admin_client, red, red)


def test_what_is_sensitive_is_not_suggested(admin_client, tea_and_mug, settings):
    settings.PERSONA = {**settings.PERSONA, "SENSITIVE_CATEGORIES": ("Health",)}
    test = factories.product("Test", category="Health > Tests")
    factories.read_catalogue()

    assert "never shown together" in refused(admin_client, tea_and_mug[0], test)


def test_what_left_the_catalogue_is_not_suggested(admin_client, tea_and_mug):
    Item.objects.filter(pk=factories.item_id(tea_and_mug[1])).update(retired_at=timezone.now())

    assert "never shown together" in refused(admin_client, *tea_and_mug)


def test_what_another_store_sells_is_not_suggested(admin_client, tea_and_mug):
    Item.objects.filter(pk=factories.item_id(tea_and_mug[1])).update(store=2)

    assert "another store" in refused(admin_client, *tea_and_mug)


def test_a_hidden_pair_is_not_suggested_as_well(admin_client, tea_and_mug):
    tea, mug = tea_and_mug
    hide_pair(factories.family_of(tea), factories.family_of(mug))

    assert "That pair is hidden" in refused(admin_client, tea, mug)


def test_before_there_is_a_snapshot_any_two_items_may_be_suggested(admin_client):
    one, other = (Item.objects.create(model="shop.product", key=key, ref=key) for key in (7, 8))
    sent = {"relation": SIMILAR, "item": one.pk, "other": other.pk, "strength": 9}

    admin_client.post(reverse(ADD), sent)

    assert str(SuggestedPair.objects.get()) == "shop.product:8 beside shop.product:7"


def test_a_pair_whose_item_is_gone_says_so(admin_client, tea_and_mug):
    tea, _ = tea_and_mug
    SuggestedPair.objects.create(
        relation=SIMILAR, item_id=factories.item_id(tea), other_id=999_999
    )

    page = admin_client.get(reverse(LIST)).content.decode()

    assert "an item that is gone beside Green tea" in page


def test_who_may_only_look_at_items_can_suggest_nothing(client, django_user_model, tea_and_mug):
    colleague = django_user_model.objects.create_user("looks", password="x", is_staff=True)
    colleague.user_permissions.add(Permission.objects.get(codename="view_item"))
    client.force_login(colleague)

    assert "Suggest something" not in client.get(page_of(tea_and_mug[0])).content.decode()
    assert client.post(reverse(ADD), form(*tea_and_mug)).status_code == 403
    assert not SuggestedPair.objects.exists()
