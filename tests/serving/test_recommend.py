"""What one block answers: its chain of fallbacks, its families, its shopper."""

from __future__ import annotations

from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db import connections, router
from django.template import Context, Template
from django.test import RequestFactory, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from persona_django.catalogue import registry, state
from persona_django.catalogue.snapshot import build_snapshot
from persona_django.catalogue.sync import sync
from persona_django.exceptions import BadToken
from persona_django.feedback.tokens import read_token
from persona_django.identity.shoppers import Shopper, customer_key
from persona_django.model_registry.models import ModelVersion
from persona_django.serving.recommend import arecommend, recommend
from tests.factories import (
    family_of,
    item_id,
    product,
    products,
    publish_neighbours,
    publish_popular,
    read_catalogue,
    tell_people,
)
from tests.shop.models import Gift, Order, OrderLine, Product

pytestmark = pytest.mark.django_db


def titles(slate) -> list[str]:
    return [slot.title for slot in slate]


def request_of(user=None):
    request = RequestFactory().get("/")
    request.user = user or AnonymousUser()
    return request


# -- the chain -----------------------------------------------------------------------------------


def test_neighbours_of_the_seed_come_best_first():
    tea, pot, mug = product("Tea"), product("Pot"), product("Mug")
    read_catalogue()
    publish_neighbours("similar", {tea: [(mug, 0.9, 40), (pot, 0.5, 30)]})

    slate = recommend(None, "similar-items", seeds=[tea], size=2)

    assert titles(slate) == ["Mug", "Pot"]
    assert slate.fallback == 0


def test_what_the_relation_cannot_fill_the_category_the_shop_and_the_newest_fill_in_turn():
    tea = product("Tea", category="Drinks > Tea")
    pot, mug = product("Pot"), product("Mug", category="Drinks > Tea")
    sock = product("Sock", category="Clothes")
    product("Shirt", category="Clothes")
    read_catalogue()
    publish_neighbours("similar", {tea: [(pot, 0.9, 40)]})
    publish_popular([sock, mug])

    slate = recommend(None, "similar-items", seeds=[tea])

    assert titles(slate) == ["Pot", "Mug", "Sock", "Shirt"]
    assert [slot.reason.code for slot in slate] == [
        "similar",
        "popular-nearby",
        "popular",
        "newest",
    ]
    assert slate.fallback == 7


def test_the_heading_claims_no_more_than_what_most_of_the_slate_is(client):
    tea, mug, *others = products(6)
    read_catalogue()
    publish_neighbours("bought-together", {tea: [(mug, 0.9, 40)]})
    publish_popular(others)
    address = "/persona/api/v1/blocks/bought-together/"

    slates = [recommend(None, "bought-together", seeds=[tea], size=size) for size in (1, 4)]
    in_template = [
        Template(
            f"{{% load persona %}}{{% persona_block 'bought-together' tea size={size} %}}"
        ).render(Context({"tea": tea}))
        for size in (1, 4)
    ]
    over_rest = [
        client.get(address, {"seed": f"shop.product:{tea.pk}", "size": size}).json()["title"]
        for size in (1, 4)
    ]

    assert [slot.reason.code for slot in slates[1]] == ["bought-together", *["popular-nearby"] * 3]
    assert [slate.title for slate in slates] == ["Often bought together", "More to discover"]
    assert over_rest == [slate.title for slate in slates]
    assert all(f">{s.title}</h2>" in page for s, page in zip(slates, in_template, strict=True))


def test_a_shop_that_learnt_nothing_yet_shows_its_newest():
    tea, *others = products(4)
    read_catalogue()

    slate = recommend(None, "similar-items", seeds=[tea])

    assert titles(slate) == ["Tea 3", "Tea 2", "Tea 1"]
    assert len(others) == len(slate)


def test_without_a_seed_the_popular_are_shown():
    tea, pot = product("Tea"), product("Pot")
    read_catalogue()
    publish_popular([pot, tea])

    assert titles(recommend(None, "bought-together")) == ["Pot", "Tea"]


def test_a_product_that_no_sync_has_read_yet_gets_the_popular():
    pot = product("Pot")
    read_catalogue()
    publish_popular([pot])

    assert titles(recommend(None, "similar-items", seeds=[product("Brand new")])) == ["Pot"]


def test_several_seeds_are_answered_together_and_left_out():
    tea, pot, mug, cup = product("Tea"), product("Pot"), product("Mug"), product("Cup")
    read_catalogue()
    publish_neighbours(
        "similar", {tea: [(pot, 0.9, 40), (mug, 0.3, 30)], pot: [(cup, 0.5, 30), (tea, 0.9, 40)]}
    )

    assert titles(recommend(None, "similar-items", seeds=[tea, pot])) == ["Cup", "Mug"]


def test_a_larger_size_than_the_shop_allows_is_cut():
    products(8)
    read_catalogue()

    with override_settings(PERSONA={"MAX_BLOCK_SIZE": 3, "BLOCK_SIZE": 2}):
        assert len(recommend(None, "similar-items", size=10**9)) == 3
        assert len(recommend(None, "similar-items")) == 2
        assert len(recommend(None, "similar-items", size=-5)) == 1


# -- families ------------------------------------------------------------------------------------


def test_a_family_is_shown_once_by_its_best_available_item():
    tea = product("Tea")
    red = product("Red mug", family="mug", stock=0)
    blue = product("Blue mug", family="mug")
    read_catalogue()
    publish_neighbours("similar", {tea: [(red, 0.9, 40)]})
    publish_popular([red])

    slate = recommend(None, "similar-items", seeds=[tea])

    assert titles(slate) == ["Blue mug"]
    assert (slate.slots[0].item_id, slate.slots[0].group_id) == (item_id(blue), family_of(red))


def test_the_variant_that_sold_out_a_second_ago_makes_room_for_the_next_of_its_family():
    tea = product("Tea")
    red = product("Red mug", family="mug")
    product("Blue mug", family="mug")
    read_catalogue()
    publish_neighbours("similar", {tea: [(red, 0.9, 40)]})
    Product.objects.filter(pk=red.pk).update(stock=0)

    assert titles(recommend(None, "similar-items", seeds=[tea])) == ["Blue mug"]


def test_no_other_variant_of_the_page_s_product_is_offered():
    red = product("Red mug", family="mug")
    blue = product("Blue mug", family="mug")
    pot = product("Pot")
    read_catalogue()
    publish_neighbours("similar", {red: [(pot, 0.9, 40)]})

    assert titles(recommend(None, "similar-items", seeds=[blue])) == ["Pot"]


# -- slots ---------------------------------------------------------------------------------------


def test_a_slot_carries_what_a_card_needs_from_the_shop_s_own_object():
    tea = product("Tea")
    mug = product("Mug", price="4.50", list_price="9.00", picture="/media/mug.jpg")
    read_catalogue()
    version = publish_neighbours("similar", {tea: [(mug, 0.9, 214)]})

    (slot,) = recommend(None, "similar-items", seeds=[tea], size=1)

    assert slot.product == mug
    assert (slot.title, slot.url, slot.image) == ("Mug", f"/product/{mug.pk}/", "/media/mug.jpg")
    assert (slot.price_text, slot.compare_at_text) == ("4.50 EUR", "9.00 EUR")
    assert slot.reason.text == "More than 200 shoppers liked both"
    assert f'data-persona-item="shop.product:{mug.pk}"' in slot.attrs
    proof = read_token(slot.token)
    assert (proof.block, proof.item_id, proof.position) == ("similar-items", slot.item_id, 1)
    assert (proof.version, proof.personal) == (version.pk, False)


def test_a_former_price_that_is_no_higher_is_no_discount():
    tea, mug = product("Tea"), product("Mug", price="4.50", list_price="4.50")
    read_catalogue()
    publish_neighbours("similar", {tea: [(mug, 0.9, 40)]})

    assert recommend(None, "similar-items", seeds=[tea]).slots[0].compare_at_price is None


def test_two_product_models_share_one_slate():
    tea, gift = product("Tea"), Gift.objects.create(label="Voucher", cents=2_500)
    read_catalogue()
    publish_neighbours("bought-together", {tea: [(gift, 0.9, 40)], gift: [(tea, 0.9, 40)]})

    there = recommend(None, "bought-together", seeds=[tea]).slots[0]
    back = recommend(None, "bought-together", seeds=[gift]).slots[0]

    assert (there.product, there.price_text) == (gift, "25.00 EUR")
    assert back.product == tea


def test_staff_read_exact_figures_and_shoppers_never_do():
    tea, mug = product("Tea"), product("Mug")
    read_catalogue()
    publish_neighbours("bought-together", {tea: [(mug, 0.9, 214)]}, buyers=3_050)
    boss = get_user_model().objects.create_user("boss", is_staff=True)
    ann = get_user_model().objects.create_user("ann")

    def exact(who):
        return recommend(who, "bought-together", seeds=[tea]).slots[0].reason.exact

    assert exact(request_of(boss)) == "214 of 3,050"
    assert exact(Shopper(user=boss, is_staff=True)) == "214 of 3,050"
    assert [exact(who) for who in (request_of(ann), request_of(), None)] == ["", "", ""]


@pytest.fixture
def told():
    """A pair that 214 of 3,050 have in common, and 61 would by chance."""
    tea, mug = product("Tea"), product("Mug")
    read_catalogue()
    version = publish_neighbours("bought-together", {tea: [(mug, 0.9, 214)]}, buyers=3_050)
    tell_people(version, {tea: 3_050, mug: 400}, everyone=20_000)
    return tea


def test_staff_read_how_many_would_have_both_by_chance(told):
    boss = Shopper(user=get_user_model().objects.create_user("boss"), is_staff=True)

    (slot,) = recommend(boss, "bought-together", seeds=[told], size=1)

    assert slot.reason.exact == "214 of 3,050, by chance 61"


def test_a_pair_reached_from_two_seeds_is_reckoned_from_the_one_it_is_shown_for():
    tea, pot, mug = product("Tea"), product("Pot"), product("Mug")
    read_catalogue()
    beside = {tea: [(mug, 0.5, 30)], pot: [(mug, 0.9, 30)]}
    version = publish_neighbours("bought-together", beside, buyers=3_050)
    tell_people(version, {tea: 100, pot: 50, mug: 400}, everyone=1_000)
    boss = Shopper(user=get_user_model().objects.create_user("boss"), is_staff=True)

    (slot,) = recommend(boss, "bought-together", seeds=[tea, pot], size=1)

    assert (slot.title, slot.reason.exact) == ("Mug", "30 of 3,050, by chance 20")


def test_what_chance_takes_is_read_once_by_a_process_for_staff_and_for_nobody_else(told):
    boss = Shopper(user=get_user_model().objects.create_user("boss"), is_staff=True)

    def queries(who) -> int:
        state.forget()
        with CaptureQueriesContext(connections[router.db_for_read(ModelVersion)]) as asked:
            recommend(who, "bought-together", seeds=[told])
        return len(asked)

    queries(None)
    usual = queries(None)
    shoppers = queries(Shopper(user=get_user_model().objects.create_user("ann")))

    assert shoppers == usual
    assert queries(boss) == usual + 2
    assert queries(boss) == usual


def test_a_version_without_such_figures_is_shown_to_staff_all_the_same(told):
    ModelVersion.objects.update(artefact_id=987_654)
    boss = Shopper(user=get_user_model().objects.create_user("boss"), is_staff=True)

    assert recommend(boss, "bought-together", seeds=[told]).slots[0].reason.exact == "214 of 3,050"


# -- reorder -------------------------------------------------------------------------------------


def buys(user, thing, *, days_ago: float, quantity: int = 1) -> None:
    placed = timezone.now() - timedelta(days=days_ago)
    order = Order.objects.create(user=user, created=placed)
    OrderLine.objects.create(order=order, product=thing, quantity=quantity, price=thing.price)


@pytest.fixture
def ann():
    return get_user_model().objects.create_user("ann")


def test_reorder_shows_what_was_bought_most_often_and_longest_ago_first(ann):
    often, once, fresh = product("Often"), product("Once"), product("Fresh")
    product("Never")
    for days in (40, 70, 100):
        buys(ann, often, days_ago=days)
    buys(ann, once, days_ago=60)
    for days in (0, 1):
        buys(ann, fresh, days_ago=days)
    read_catalogue()

    slate = recommend(request_of(ann), "reorder")

    assert titles(slate) == ["Often", "Once", "Fresh"]
    assert slate.slots[0].reason.text == "You bought this 3 times"
    assert slate.personal
    assert read_token(slate.slots[0].token, customer_key(ann)).personal


def test_what_one_store_shows_is_proven_there_and_in_no_other(ann):
    buys(ann, product("Tea"), days_ago=60)
    read_catalogue()
    sync(store=2)
    build_snapshot(2)
    state.forget()
    who = Shopper(user=ann, customer=customer_key(ann), store=2)

    mine = recommend(who, "reorder")
    (token,) = [slot.token for slot in mine]

    assert read_token(token, customer_key(ann), store=2).item_id == mine.slots[0].item_id
    with pytest.raises(BadToken):
        read_token(token, customer_key(ann))


def test_reorder_shows_the_very_variant_that_was_bought(ann):
    product("Red mug", family="mug")
    blue = product("Blue mug", family="mug")
    buys(ann, blue, days_ago=40)
    read_catalogue()

    assert titles(recommend(request_of(ann), "reorder")) == ["Blue mug"]

    Product.objects.filter(pk=blue.pk).update(stock=0)
    assert titles(recommend(request_of(ann), "reorder")) == []


@pytest.mark.parametrize(("days", "shown"), [(30, ["New"]), (90, ["New", "Old"])])
def test_reorder_reads_orders_as_far_back_as_the_shop_says(ann, settings, days, shown):
    settings.PERSONA = {**settings.PERSONA, "REORDER_HISTORY": timedelta(days=days)}
    new, old = product("New"), product("Old")
    buys(ann, new, days_ago=20)
    buys(ann, old, days_ago=60)
    read_catalogue()

    assert sorted(titles(recommend(request_of(ann), "reorder"))) == shown


def test_reorder_goes_back_two_years_where_the_shop_says_nothing(ann):
    within, before = product("Within"), product("Before")
    buys(ann, within, days_ago=725)
    buys(ann, before, days_ago=735)
    read_catalogue()

    assert titles(recommend(request_of(ann), "reorder")) == ["Within"]


def test_nobody_else_s_orders_can_be_reached_through_reorder(ann):
    bob = get_user_model().objects.create_user("bob")
    tea, pot = product("Tea"), product("Pot")
    buys(ann, tea, days_ago=40)
    buys(bob, pot, days_ago=40)
    read_catalogue()
    publish_popular([pot, tea])

    assert titles(recommend(request_of(ann), "reorder", seeds=[pot])) == ["Tea"]
    assert titles(recommend(request_of(bob), "reorder", seeds=[tea])) == ["Pot"]
    assert titles(recommend(request_of(), "reorder")) == []
    assert titles(recommend(None, "reorder")) == []
    assert titles(recommend(Shopper(customer=customer_key(ann)), "reorder")) == []


def test_an_empty_reorder_says_why_and_shows_nobody_else_s_things_instead(ann):
    publish = product("Tea")
    read_catalogue()
    publish_popular([publish])

    assert "nobody is signed in" in recommend(request_of(), "reorder").why_empty
    assert "none yet" in recommend(request_of(ann), "reorder").why_empty


def test_what_is_on_the_page_or_in_the_cart_is_not_offered_again(ann):
    tea, pot, mug = product("Tea"), product("Pot"), product("Mug")
    for thing in (tea, pot, mug):
        buys(ann, thing, days_ago=40)
    read_catalogue()
    request = request_of(ann)
    recommend(request, "similar-items", seeds=[tea], size=1, cart=[mug])

    assert set(titles(recommend(request, "reorder", cart=[mug]))) <= {"Pot"}


# -- doors ---------------------------------------------------------------------------------------


def test_the_async_door_gives_the_same_answer():
    tea, mug = product("Tea"), product("Mug")
    read_catalogue()
    publish_neighbours("similar", {tea: [(mug, 0.9, 40)]})

    async def ask():
        return await arecommend(None, "similar-items", seeds=tea)

    assert titles(async_to_sync(ask)()) == titles(recommend(None, "similar-items", seeds=tea))


def test_a_seed_may_be_an_object_an_address_or_a_pair():
    tea, mug = product("Tea"), product("Mug")
    read_catalogue()
    publish_neighbours("similar", {tea: [(mug, 0.9, 40)]})

    for seeds in (tea, [tea], f"shop.product:{tea.pk}", [("shop.product", tea.pk)]):
        assert recommend(None, "similar-items", seeds=seeds).slots[0].product == mug


def test_a_visible_that_asks_who_is_signed_in_works_without_a_request(monkeypatch):
    teas = products(3)
    read_catalogue()
    publish_popular(teas)
    item_map = registry.item_maps()["shop.product"]
    asked = []

    def visible(queryset, audience):
        asked.append(audience.user.is_authenticated)
        return queryset

    monkeypatch.setattr(item_map, "visible", visible)

    assert recommend(None, "similar-items", seeds=[teas[0]]).slots
    assert asked == [False]
