"""A merchant looks at an item's neighbours and hides a pair."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import router
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from persona_django.catalogue import state
from persona_django.catalogue.models import Item
from persona_django.catalogue.sync import sync
from persona_django.merchandising.models import PairDecision
from persona_django.model_registry import live
from persona_django.similarity import chance
from persona_django.similarity.relations import RELATIONS
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def tea_and_mug():
    tea = factories.product("Green tea")
    mug = factories.product("Stoneware mug", picture="/media/mug.svg")
    factories.read_catalogue()
    factories.publish_neighbours("bought-together", {tea: [(mug, 0.61, 214)]})
    return tea, mug


def page_of(product) -> str:
    return reverse("admin:persona_item_change", args=[factories.item_id(product)])


def test_an_item_shows_its_neighbours_with_picture_title_score_and_support(
    admin_client, tea_and_mug
):
    tea, _ = tea_and_mug

    page = admin_client.get(page_of(tea)).content.decode()

    assert "Stoneware mug" in page
    assert 'src="/media/mug.svg"' in page
    assert "214 of 3050" in page or "214 of 3,050" in page
    assert "0.6100" in page


@pytest.mark.parametrize("kind", [kind for kind in RELATIONS if kind != "content"])
def test_a_neighbour_is_told_with_how_many_would_be_there_by_chance(admin_client, kind):
    tea, mug = factories.products(2)
    factories.read_catalogue()
    version = factories.publish_neighbours(kind, {tea: [(mug, 0.61, 214)]}, buyers=3_050)
    before = admin_client.get(page_of(tea)).content.decode()
    factories.tell_people(version, {tea: 3_050, mug: 400}, everyone=20_000)
    chance.forget()
    live.forget()

    page = admin_client.get(page_of(tea)).content.decode()

    assert re.search(r">214 of 3,050 [^<;]+</td>\s*<td>–</td>", before)
    assert re.search(r">214 of 3,050 [^<;]+; by chance 61</td>\s*<td>3\.5</td>", page)
    assert page.count(">Lift</th>") == 1


def test_what_nobody_stands_behind_has_no_lift(admin_client):
    tea, mug = factories.products(2)
    factories.read_catalogue()
    factories.publish_neighbours("content", {tea: [(mug, 0.61, 0)]}, buyers=0)

    page = admin_client.get(page_of(tea)).content.decode()

    assert "0.6100" in page
    assert ">Lift</th>" not in page


@pytest.mark.parametrize(
    ("gap_days", "said"), [(1.2, "1 day"), (12.4, "12 days"), (0.3, "the same day")]
)
def test_what_is_bought_after_it_is_shown_with_how_long_that_takes(
    admin_client, tea_and_mug, gap_days, said
):
    tea, mug = tea_and_mug
    before = admin_client.get(page_of(tea)).content.decode()
    factories.publish_neighbours("bought-after", {tea: [(mug, 0.3, 60)]}, gap_days=gap_days)

    page = admin_client.get(page_of(tea)).content.decode()

    assert "Typically after" not in before
    assert "Typically after" in page
    assert f"<td>{said}</td>" in page


def test_an_item_without_neighbours_says_what_is_shown_instead(admin_client, tea_and_mug):
    _, mug = tea_and_mug

    assert "popular in its category" in admin_client.get(page_of(mug)).content.decode()


def test_an_item_says_which_levels_fill_its_blocks_and_how_much_each_knows(
    admin_client, tea_and_mug
):
    tea, mug = tea_and_mug
    before = admin_client.get(page_of(tea)).content.decode()
    factories.publish_popular([mug])
    for _ in range(3):  # each page of a process takes in one thing that is new
        state.forget()
        page = admin_client.get(page_of(tea)).content.decode()

    assert "Where that is too little" not in before
    table = page[page.index("Where that is too little") :]
    rows = re.findall(r"<tr><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td></tr>", table)
    assert rows == [
        ("Sub-category", "Tea", "1"),
        ("Category", "Drinks", "1"),
        ("The whole shop", "–", "1"),
    ]


def test_an_item_that_no_snapshot_holds_yet_names_no_levels(admin_client, tea_and_mug):
    factories.publish_popular([tea_and_mug[1]])
    late = factories.product("Late")
    sync()

    assert "Where that is too little" not in admin_client.get(page_of(late)).content.decode()


def test_without_a_snapshot_an_item_names_no_levels(admin_client):
    late = factories.product("Late")
    sync()

    assert "Where that is too little" not in admin_client.get(page_of(late)).content.decode()


def test_hiding_a_pair_takes_it_off_the_shops_page(
    admin_client, client, tea_and_mug, django_capture_on_commit_callbacks
):
    tea, mug = tea_and_mug
    place = f'data-persona-item="shop.product:{mug.pk}"'
    assert place in client.get(tea.get_absolute_url()).content.decode()
    hide = reverse(
        "admin:persona_hide_pair", args=[factories.item_id(tea), factories.family_of(mug)]
    )

    with django_capture_on_commit_callbacks(using=router.db_for_write(PairDecision), execute=True):
        answer = admin_client.post(hide, {"reason": "They never fit."}, follow=True)

    assert "Hidden" in answer.content.decode()
    assert PairDecision.objects.get().reason == "They never fit."
    assert "Show again" in answer.content.decode()
    state.forget()  # what every process does within the second for which it keeps the state
    assert place not in client.get(tea.get_absolute_url()).content.decode()


def hide_and_show(tea, mug) -> list[str]:
    pair = [factories.item_id(tea), factories.family_of(mug)]
    return [reverse(f"admin:persona_{verb}_pair", args=pair) for verb in ("hide", "show")]


def test_what_hiding_covers_is_said_before_and_after(admin_client, tea_and_mug):
    tea, mug = tea_and_mug
    hide, _ = hide_and_show(tea, mug)
    before = admin_client.get(page_of(tea)).content.decode()

    after = unescape(admin_client.post(hide, follow=True).content.decode())

    assert "in any block; beside Stoneware mug nothing changes" in before
    assert "On the page of the other item this one stays" in before
    assert "Hidden: Stoneware mug is not offered beside Green tea any more, in any block." in after
    assert "Beside Stoneware mug, Green tea is still offered." in after


def test_a_pair_is_hidden_in_all_lists_of_its_item_and_the_other_way_round_in_none(
    admin_client, tea_and_mug
):
    tea, mug = tea_and_mug
    factories.publish_neighbours("similar", {tea: [(mug, 0.5, 30)], mug: [(tea, 0.5, 30)]})
    hide, _ = hide_and_show(tea, mug)

    admin_client.post(hide)

    here, there = (admin_client.get(page_of(one)).content.decode() for one in (tea, mug))
    assert (here.count(">Show again<"), here.count(">Hide this pair<")) == (2, 0)
    assert (there.count(">Show again<"), there.count(">Hide this pair<")) == (0, 1)


def test_a_hidden_pair_is_shown_again_from_the_row_in_which_it_was_hidden(
    admin_client, client, tea_and_mug, django_capture_on_commit_callbacks
):
    tea, mug = tea_and_mug
    place = f'data-persona-item="shop.product:{mug.pk}"'
    hide, show = hide_and_show(tea, mug)
    with django_capture_on_commit_callbacks(using=router.db_for_write(PairDecision), execute=True):
        hidden = admin_client.post(hide, follow=True).content.decode()
    state.forget()
    assert place not in client.get(tea.get_absolute_url()).content.decode()
    assert f'formaction="{show}"' in hidden

    with django_capture_on_commit_callbacks(using=router.db_for_write(PairDecision), execute=True):
        shown = admin_client.post(show, follow=True).content.decode()

    state.forget()
    assert place in client.get(tea.get_absolute_url()).content.decode()
    assert "may be offered beside Green tea again" in shown
    assert f'formaction="{hide}"' in shown
    changes = [str(entry) for entry in LogEntry.objects.order_by("pk")]
    assert "Hid Stoneware mug beside it" in changes[0]
    assert "Shows Stoneware mug beside it again" in changes[1]


def test_showing_a_pair_that_nothing_hides_says_so_and_leaves_other_decisions(
    admin_client, tea_and_mug
):
    tea, mug = tea_and_mug
    hide_back, _ = hide_and_show(mug, tea)
    _, show = hide_and_show(tea, mug)
    admin_client.post(hide_back)

    said = admin_client.post(show, follow=True).content.decode()

    assert "Nothing hides that pair any more." in said
    assert PairDecision.objects.count() == 1


def test_a_decision_that_has_expired_hides_nothing_on_the_items_page_either(
    admin_client, tea_and_mug
):
    tea, mug = tea_and_mug
    hide, _ = hide_and_show(tea, mug)
    admin_client.post(hide)
    PairDecision.objects.update(expires_at=timezone.now() - timedelta(minutes=1))

    page = admin_client.get(page_of(tea)).content.decode()

    assert "Hide this pair</button>" in page and "Show again</button>" not in page


def test_a_decision_about_a_variant_hides_its_family_and_is_taken_back_with_it(admin_client):
    tea = factories.product("Tea")
    red = factories.product("Red mug", family="mug")
    blue = factories.product("Blue mug", family="mug")
    factories.read_catalogue()
    factories.publish_neighbours("similar", {tea: [(red, 0.5, 30)]})
    family = factories.family_of(red)
    variant = next(i for one in (red, blue) if (i := factories.item_id(one)) != family)
    PairDecision.objects.create(item_id=factories.item_id(tea), other_id=variant)
    _, show = hide_and_show(tea, red)
    assert "Show again</button>" in admin_client.get(page_of(tea)).content.decode()

    admin_client.post(show)

    assert not PairDecision.objects.exists()


def test_a_pair_of_another_store_is_hidden_and_shown_in_that_store(
    admin_client, tea_and_mug, django_capture_on_commit_callbacks
):
    tea, mug = tea_and_mug
    addresses = hide_and_show(tea, mug)
    Item.objects.update(store=2)

    for address in addresses:
        before = [state.read_state(store, fresh=True).get("config", 0) for store in (1, 2)]
        with django_capture_on_commit_callbacks(
            using=router.db_for_write(PairDecision), execute=True
        ):
            admin_client.post(address)

        after = [state.read_state(store, fresh=True).get("config", 0) for store in (1, 2)]
        assert after[0] == before[0] and after[1] > before[1]


@pytest.mark.parametrize("way", ["row", "list"])
def test_a_decision_withdrawn_from_its_list_is_told_to_the_store_it_was_about(
    admin_client, tea_and_mug, django_capture_on_commit_callbacks, way
):
    pair = [factories.item_id(one) for one in tea_and_mug]
    decision = PairDecision.objects.create(item_id=pair[0], other_id=pair[1])
    Item.objects.update(store=2)
    addresses = {
        "row": (reverse("admin:persona_pairdecision_delete", args=[decision.pk]), {}),
        "list": (
            reverse("admin:persona_pairdecision_changelist"),
            {"action": "delete_selected", "_selected_action": [decision.pk]},
        ),
    }
    address, sent = addresses[way]
    before = state.read_state(2, fresh=True).get("config", 0)

    with django_capture_on_commit_callbacks(using=router.db_for_write(PairDecision), execute=True):
        admin_client.post(address, {**sent, "post": "yes"})

    assert not PairDecision.objects.exists()
    assert state.read_state(2, fresh=True).get("config", 0) > before


def test_a_link_alone_neither_hides_nor_shows(admin_client, tea_and_mug):
    for address in hide_and_show(*tea_and_mug):
        assert admin_client.get(address).status_code == 405


def test_neither_is_taken_from_another_sites_form(django_user_model, tea_and_mug):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(django_user_model.objects.create_superuser("boss", password="x"))

    for address in hide_and_show(*tea_and_mug):
        assert strict.post(address).status_code == 403


def test_hiding_twice_keeps_one_decision(admin_client, tea_and_mug):
    tea, mug = tea_and_mug
    hide = reverse(
        "admin:persona_hide_pair", args=[factories.item_id(tea), factories.family_of(mug)]
    )

    admin_client.post(hide, {"reason": "first"})
    admin_client.post(hide, {"reason": "second"})

    assert PairDecision.objects.get().reason == "second"


def test_who_may_only_look_cannot_hide(client, django_user_model, tea_and_mug):
    tea, mug = tea_and_mug
    colleague = django_user_model.objects.create_user("looks", password="x", is_staff=True)
    colleague.user_permissions.add(Permission.objects.get(codename="view_item"))
    client.force_login(colleague)
    hide = reverse(
        "admin:persona_hide_pair", args=[factories.item_id(tea), factories.family_of(mug)]
    )

    assert "Hide this pair" not in client.get(page_of(tea)).content.decode()
    assert client.post(hide).status_code == 403
    assert not PairDecision.objects.exists()


def test_who_may_only_look_reads_that_a_pair_is_hidden_and_cannot_show_it(
    client, django_user_model, tea_and_mug
):
    tea, mug = tea_and_mug
    _, show = hide_and_show(tea, mug)
    PairDecision.objects.create(
        item_id=factories.family_of(tea), other_id=factories.family_of(mug)
    )
    colleague = django_user_model.objects.create_user("looks", password="x", is_staff=True)
    colleague.user_permissions.add(Permission.objects.get(codename="view_item"))
    client.force_login(colleague)

    page = client.get(page_of(tea)).content.decode()

    assert "hidden" in page and "Show again" not in page
    assert client.post(show).status_code == 403
    assert PairDecision.objects.exists()


def test_the_list_tells_what_is_on_sale(admin_client, tea_and_mug):
    address = reverse("admin:persona_item_changelist")

    on_sale = admin_client.get(address, {"state": "sale"}).content.decode()
    gone = admin_client.get(address, {"state": "gone"}).content.decode()

    assert "Green tea" in on_sale
    assert "4.50 EUR" in on_sale
    assert "Green tea" not in gone


def test_the_list_and_the_page_say_of_each_item_what_the_status_says(admin_client):
    kept = {
        "on sale": factories.product("Green tea"),
        "sold out": factories.product("Empty tin", stock=0),
        "switched off": factories.product("Winter tea", is_active=False),
        "retired": factories.product("Old tea"),
    }
    factories.read_catalogue()
    Item.objects.filter(title="Old tea").update(retired_at=timezone.now())
    address = reverse("admin:persona_item_changelist")
    listed = admin_client.get(address).content.decode()

    for (words, product), chosen in zip(
        kept.items(), ("sale", "sold_out", "off", "gone"), strict=True
    ):
        row = re.search(rf"{product.name}</a>.*?</tr>", listed, re.S)
        page = admin_client.get(page_of(product)).content.decode()
        filtered = admin_client.get(address, {"state": chosen}).content.decode()

        assert row and f">{words}</td>" in row[0]
        assert f">{words}</div>" in page
        assert [one.name for one in kept.values() if one.name in filtered] == [product.name]
        assert "icon-yes" not in page


def test_an_item_whose_stock_nobody_counts_is_on_sale(admin_client, tea_and_mug):
    Item.objects.update(stock=None)

    page = admin_client.get(reverse("admin:persona_item_changelist"), {"state": "sale"})

    assert "Green tea" in page.content.decode()


def test_a_pictures_address_that_could_run_code_is_not_put_into_the_page(admin_client):
    tea = factories.product("Tea", picture="javascript:alert(1)")
    factories.read_catalogue()

    page = admin_client.get(page_of(tea)).content.decode()

    assert "javascript:alert" not in page


def test_decisions_are_listed_in_words_and_can_be_withdrawn(admin_client, tea_and_mug):
    tea, mug = tea_and_mug
    decision = PairDecision.objects.create(
        item_id=factories.family_of(tea), other_id=factories.family_of(mug), reason="odd"
    )
    listing = admin_client.get(reverse("admin:persona_pairdecision_changelist")).content.decode()
    assert "Stoneware mug beside Green tea" in listing

    address = reverse("admin:persona_pairdecision_change", args=[decision.pk])
    expiry = timezone.now().date().isoformat()
    admin_client.post(
        address,
        {"reason": "odd", "expires_at_0": expiry, "expires_at_1": "12:00:00", "_save": "1"},
    )
    decision.refresh_from_db()
    assert decision.expires_at is not None

    admin_client.post(
        reverse("admin:persona_pairdecision_delete", args=[decision.pk]), {"post": "yes"}
    )
    assert not PairDecision.objects.exists()


def test_several_decisions_are_withdrawn_at_once(admin_client, tea_and_mug):
    tea, mug = tea_and_mug
    decision = PairDecision.objects.create(
        item_id=factories.family_of(tea), other_id=factories.family_of(mug)
    )

    admin_client.post(
        reverse("admin:persona_pairdecision_changelist"),
        {"action": "delete_selected", "_selected_action": [decision.pk], "post": "yes"},
    )

    assert not PairDecision.objects.exists()


def test_an_address_that_names_no_item_leads_back_instead_of_failing(admin_client):
    for nonsense in ("abc", "999999999"):
        answer = admin_client.get(f"/admin/persona/item/{nonsense}/change/")

        assert answer.status_code == 302


def test_an_item_cannot_be_hidden_beside_itself_nor_beside_one_that_is_not_there(
    admin_client, tea_and_mug
):
    tea, _ = tea_and_mug
    own = factories.item_id(tea)

    said = admin_client.post(reverse("admin:persona_hide_pair", args=[own, own]), follow=True)
    unknown = admin_client.post(reverse("admin:persona_hide_pair", args=[own, 999_999]))

    assert "never shown together" in said.content.decode()
    assert unknown.status_code == 404
    assert not PairDecision.objects.exists()
