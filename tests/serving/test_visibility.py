"""What may not be seen is not seen: at the next render, whatever was learnt or kept."""

from __future__ import annotations

import itertools

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory
from django.utils import translation
from django.utils.functional import SimpleLazyObject

from persona_django import counters
from persona_django.catalogue.maps import Audience
from persona_django.identity.shoppers import Shopper
from persona_django.serving.recommend import recommend
from tests.factories import mapped, product, products, publish_neighbours, read_catalogue
from tests.shop.models import Product

pytestmark = pytest.mark.django_db

HIDDEN = {
    "inactive": {"is_active": False},
    "sold out": {"stock": 0},
    "oversold": {"stock": -3},
}


@pytest.fixture
def shop():
    many = products(12)
    read_catalogue()
    publish_neighbours("similar", {many[0]: [(other, 0.9, 40) for other in many[1:]]})
    return many


@pytest.mark.parametrize("change", HIDDEN)
@pytest.mark.parametrize("door", ["template", "rest", "python"])
def test_a_product_hidden_a_moment_ago_is_gone_from_the_next_render(shop, change, door):
    """Threat 45: caches are warm, neither sync nor rebuild has run since."""
    seed, first, *_ = shop
    client = Client()

    def shown() -> str:
        if door == "template":
            return client.get(f"/product/{seed.pk}/").content.decode()
        if door == "rest":
            address = "/persona/api/v1/blocks/similar-items/"
            return client.get(address, {"seed": f"shop.product:{seed.pk}"}).content.decode()
        return " ".join(slot.url for slot in recommend(None, "similar-items", seeds=[seed]))

    assert all(f"/product/{first.pk}/" in shown() for _ in range(2))

    Product.objects.filter(pk=first.pk).update(**HIDDEN[change])

    assert f"/product/{first.pk}/" not in shown()


@pytest.mark.parametrize("seen", list(itertools.product([True, False], repeat=3)))
def test_only_what_visible_available_and_stock_all_allow_is_shown(seen):
    """Fault 36: the matrix of what a map may say about one product."""
    visible, available, stocked = seen
    tea, mug = product("Tea"), product("Mug")
    read_catalogue()
    publish_neighbours("similar", {tea: [(mug, 0.9, 40)]})

    with mapped(
        Product,
        visible=lambda self, queryset, audience: queryset if visible else queryset.none(),
        available=lambda self, obj: available,
        stock=lambda self, obj: 3 if stocked else 0,
    ):
        slate = recommend(None, "similar-items", seeds=[tea])

    assert bool(slate) == all(seen)


def test_each_audience_sees_its_own_part_of_the_shop():
    tea, mug, pot = product("Tea"), product("Mug", colour="staff"), product("Pot", colour="de")
    read_catalogue()
    publish_neighbours("similar", {tea: [(mug, 0.9, 40), (pot, 0.5, 40)]})
    boss = get_user_model().objects.create_user("boss", is_staff=True)
    asked: list[Audience] = []

    def visible(self, queryset, audience):
        asked.append(audience)
        if not getattr(audience.user, "is_staff", False):
            queryset = queryset.exclude(colour="staff")
        return queryset if audience.language == "de" else queryset.exclude(colour="de")

    def shown(who) -> list[str]:
        slate = recommend(who, "similar-items", seeds=[tea])
        return [slot.title for slot in slate]

    def request():
        made = RequestFactory().get("/")
        made.user = AnonymousUser()
        return made

    with mapped(Product, visible=visible):
        assert shown(request()) == []
        assert shown(Shopper(user=boss, language="en")) == ["Mug"]
        assert shown(Shopper(language="de")) == ["Pot"]
        with translation.override("de"):
            assert shown(request()) == ["Pot"]

    assert {audience.store for audience in asked} == {1}
    assert {audience.currency for audience in asked} == {"EUR"}


def test_a_public_block_does_not_read_who_is_asking(shop):
    """Reading the session would make the shop's page private to every cache."""

    def read():
        raise AssertionError("the user was read")

    request = RequestFactory().get("/", headers={"cookie": "sessionid=somebody"})
    request.user = SimpleLazyObject(read)

    assert len(recommend(request, "similar-items", seeds=[shop[0]])) == 6
    assert len(recommend(request, "bought-together", seeds=[shop[0]])) == 5


def company_of(user, request):
    if user.username == "broken":
        raise ValueError("the shop's own fault")
    return f"{user.username}'s company, by {'page' if request else 'mail'}"


def private(self, queryset, audience):
    company = audience.account or "nobody"
    return queryset.filter(colour__in=["", company])


def test_each_company_sees_its_own_part_of_the_shop(settings):
    settings.PERSONA = {**settings.PERSONA, "ACCOUNT_OF": f"{__name__}.company_of"}
    ann, broken = (get_user_model().objects.create_user(name) for name in ("ann", "broken"))
    tea = product("Tea")
    product("For the page", colour="ann's company, by page")
    product("For the mail", colour="ann's company, by mail")
    read_catalogue()

    def request(user):
        made = RequestFactory().get("/")
        made.user = user
        return made

    def shown(who) -> list[str]:
        return [slot.title for slot in recommend(who, "similar-items", seeds=[tea])]

    with mapped(Product, visible=private):
        assert shown(request(ann)) == ["For the page"]
        assert shown(Shopper(user=ann)) == ["For the mail"]
        assert shown(request(AnonymousUser())) == shown(None) == []
        assert shown(request(broken)) == []
    assert counters.counts()["account_unknown"] == 1


def test_the_page_of_a_company_is_kept_by_no_cache(settings, client, shop):
    settings.PERSONA = {**settings.PERSONA, "ACCOUNT_OF": f"{__name__}.company_of"}
    address = f"/product/{shop[0].pk}/"

    assert "Cookie" in client.get(address)["Vary"]
    client.force_login(get_user_model().objects.create_user("ann"))
    assert "no-store" in client.get(address)["Cache-Control"]


def test_a_shopper_is_answered_in_their_own_language(shop):
    def titles(self, product):
        return f"{translation.get_language()}: {product.name}"

    product("Mug", list_price="9.00")
    read_catalogue()
    with mapped(Product, title=titles, compare_at_price="list_price"):
        (slot,) = recommend(Shopper(language="de"), "similar-items", size=1)

    assert slot.title == "de: Mug"
    assert (slot.price_text, slot.compare_at_text) == ("4,50 EUR", "9,00 EUR")
    assert translation.get_language() == "en"
