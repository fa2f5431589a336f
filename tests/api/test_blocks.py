"""Blocks over REST: the same answers, strictly asked, for nobody else's eyes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from django.test import Client, override_settings
from django.utils import timezone
from django.utils.module_loading import import_string

from persona_django.api.blocks import BlockView
from persona_django.serving.recall import recall
from tests.factories import mapped, product, publish_neighbours, publish_popular, read_catalogue
from tests.serving.test_page import statements
from tests.shop.models import Gift, Order, OrderLine, Product

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nobody_asked_before():
    cache.clear()
    yield
    cache.clear()


SIMILAR = "/persona/api/v1/blocks/similar-items/"
REORDER = "/persona/api/v1/blocks/reorder/"


@pytest.fixture
def tea():
    tea = product("Tea")
    mug = product("Mug", price="4.50", list_price="9.00", picture="/media/mug.jpg")
    pot = product("Pot")
    read_catalogue()
    publish_neighbours("similar", {tea: [(mug, 0.9, 214), (pot, 0.5, 30)]})
    return tea


def titles(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [slot["title"] for slot in response.json()["slots"]]


def test_a_seed_without_the_dashes_of_its_uuid_is_the_same_product(client):
    gift, mug = Gift.objects.create(label="Voucher"), product("Mug")
    product("Pot")
    read_catalogue()
    publish_neighbours("similar", {gift: [(mug, 0.9, 214)]})

    answers = [
        titles(client.get(SIMILAR, {"seed": f"shop.gift:{key}", "size": 1}))
        for key in (gift.pk, gift.pk.hex)
    ]

    assert answers == [["Mug"], ["Mug"]]


def test_a_block_answers_with_everything_a_card_needs(client, tea):
    response = client.get(SIMILAR, {"seed": f"shop.product:{tea.pk}", "size": 1})

    answer = response.json()
    (slot,) = answer.pop("slots")
    assert answer == {"block": "similar-items", "title": "Similar items", "personal": False}
    assert len(slot.pop("token")) > 60
    assert slot == {
        "position": 1,
        "item": f"shop.product:{tea.pk + 1}",
        "title": "Mug",
        "url": f"/product/{tea.pk + 1}/",
        "price": "4.50",
        "compare_at_price": "9.00",
        "currency": "EUR",
        "image": "/media/mug.jpg",
        "reason": {
            "code": "similar",
            "text": "More than 200 shoppers liked both",
            "level": "family",
        },
    }


def test_the_model_is_left_out_where_a_shop_has_only_one(client, tea):
    with mapped(Product):
        assert titles(client.get(SIMILAR, {"seed": tea.pk, "size": 1})) == ["Mug"]

    response = client.get(SIMILAR, {"seed": tea.pk})
    assert response.status_code == 400
    assert "app.model:key" in response.json()["seed"][0]


def test_several_seeds_and_a_cart_may_be_given(client, tea):
    seeds = [f"shop.product:{tea.pk}", f"shop.product:{tea.pk + 1}"]

    assert titles(client.get(SIMILAR, {"seed": seeds})) == ["Pot"]
    assert titles(client.get(SIMILAR, {"seed": seeds[:1], "cart": seeds[1:]})) == ["Pot"]


def test_without_parameters_the_popular_are_answered(client, tea):
    publish_popular([tea])

    assert titles(client.get(SIMILAR))[0] == "Tea"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"size": "many"}, "size"),
        ({"size": "0"}, "size"),
        ({"size": "-1"}, "size"),
        ({"size": "1e3"}, "size"),
        ({"size": "9" * 4_300}, "size"),
        ({"size": ["3", "4"]}, "size"),
        ({"seed": ""}, "seed"),
        ({"seed": "no.model:3"}, "seed"),
        ({"seed": "shop.product:"}, "seed"),
        ({"seed": "shop.product:\0"}, "seed"),
        ({"seed": "shop.product:abc"}, "seed"),
        ({"seed": "shop.product:' OR 1=1 --"}, "seed"),
        ({"seed": "shop.product:pk__gt"}, "seed"),
        ({"seed": "x" * 300}, "seed"),
        ({"seed": [f"shop.product:{n}" for n in range(21)]}, "seed"),
        ({"cart": "no.model:3"}, "cart"),
        ({"user": "5"}, "user"),
        ({"customer": "5", "limit": "9"}, "limit"),
    ],
)
def test_what_cannot_be_understood_is_refused_by_name_and_in_few_words(client, tea, given, field):
    response = client.get(SIMILAR, given)

    assert response.status_code == 400
    assert field in response.json()
    assert len(response.content) < 2_000


def test_an_unknown_product_is_answered_like_a_hidden_one(client, tea):
    Product.objects.filter(pk=tea.pk).update(is_active=False)
    publish_popular([Product.objects.get(name="Pot")])

    unknown = client.get(SIMILAR, {"seed": "shop.product:999999", "size": 1})

    assert titles(unknown) == ["Pot"]


def test_a_size_above_the_limit_is_cut(client, tea):
    with override_settings(PERSONA={"MAX_BLOCK_SIZE": 1}):
        assert len(titles(client.get(SIMILAR, {"size": 10**9}))) == 1


def test_an_unknown_block_is_not_found_and_the_known_ones_are_named(client):
    response = client.get("/persona/api/v1/blocks/no-such-block/")

    assert response.status_code == 404
    assert "similar-items" in response.json()["detail"]


@override_settings(PERSONA={"ENABLED": False})
def test_switched_off_there_is_nothing_to_be_found(client):
    assert client.get(SIMILAR).status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_only_reading_is_possible(client, tea, method):
    assert getattr(client, method)(SIMILAR).status_code == 405


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    "accept", ["application/json", "text/html", BROWSER, "image/png", "odd", "", "a/b;version=9"]
)
@pytest.mark.parametrize(
    ("address", "status"),
    [
        (SIMILAR, 200),
        (SIMILAR + "?size=many", 400),
        ("/persona/api/v1/blocks/x/", 404),
        ("/persona/api/v1/me/", 200),
    ],
)
def test_everybody_is_told_in_json_whatever_they_ask_for(client, tea, accept, address, status):
    response = client.get(address, HTTP_ACCEPT=accept)

    assert response.status_code == status
    assert response["Content-Type"] == "application/json"
    assert isinstance(response.json(), dict)


@pytest.mark.parametrize("address", [SIMILAR, SIMILAR + "?size=many", "/persona/api/v1/blocks/x/"])
def test_no_answer_may_be_stored_by_anyone(client, tea, address):
    response = client.get(address)

    assert response["Cache-Control"] == "private, no-store"
    assert "Cookie" in response["Vary"]


def test_a_stranger_s_page_is_no_cookie_and_names_no_origin(client, tea):
    response = client.get(SIMILAR, HTTP_ORIGIN="https://elsewhere.example")

    assert not response.cookies
    assert "Access-Control-Allow-Origin" not in response


# -- privacy (threats 28 and 30) ------------------------------------------------------------------


def test_no_score_and_no_exact_figure_leaves_the_shop(client, tea):
    publish_neighbours(
        "bought-together", {tea: [(Product.objects.get(name="Mug"), 0.8125, 214)]}, buyers=3_050
    )

    text = client.get(
        "/persona/api/v1/blocks/bought-together/", {"seed": f"shop.product:{tea.pk}"}
    ).content.decode()

    assert "more than 200 customers" in text
    for secret in ("214", "3050", "3,050", "0.8125", "score", "support"):
        assert secret not in without_numbers_of_items(text)


def without_numbers_of_items(text: str) -> str:
    """The answer without what may hold any digits by chance."""
    for slot in json.loads(text)["slots"]:
        for name in ("token", "url", "item"):
            text = text.replace(json.dumps(slot[name]), "")
    return text


def test_one_more_customer_changes_nothing_that_the_public_sees(client, tea):
    mug = Product.objects.get(name="Mug")

    def answer(support: int) -> list[dict]:
        publish_neighbours("bought-together", {tea: [(mug, 0.8, support)]})
        found = client.get(
            "/persona/api/v1/blocks/bought-together/", {"seed": f"shop.product:{tea.pk}"}
        ).json()["slots"]
        return [{**slot, "token": ""} for slot in found]

    assert answer(5) != answer(11)
    assert answer(214) == answer(215)


def test_two_shoppers_are_given_the_same_public_block(client, tea):
    ann = get_user_model().objects.create_user("ann")
    anonymous = client.get(SIMILAR, {"seed": f"shop.product:{tea.pk}"}).content

    client.force_login(ann)

    assert client.get(SIMILAR, {"seed": f"shop.product:{tea.pk}"}).content == anonymous


@pytest.mark.parametrize("extra", ["", "?seed=shop.product:2", "?size=50", "?cart=shop.product:1"])
def test_everyone_reads_their_own_orders_and_nobody_else_s(client, tea, extra):
    ann, bob = (get_user_model().objects.create_user(name) for name in ("ann", "bob"))
    mug = Product.objects.get(name="Mug")
    placed = timezone.now() - timedelta(days=40)
    order = Order.objects.create(user=ann, created=placed)
    OrderLine.objects.create(order=order, product=mug, price=1)

    assert titles(client.get(REORDER + extra)) == []
    client.force_login(bob)
    assert titles(client.get(REORDER + extra)) == []
    client.force_login(ann)
    mine = client.get(REORDER)
    assert titles(mine) == ["Mug"]
    assert mine.json()["personal"] is True
    client.logout()
    assert titles(client.get(REORDER)) == []


@pytest.mark.parametrize("name", ["user", "user_id", "customer", "shopper", "account", "visitor"])
def test_no_parameter_names_a_person(client, tea, name):
    assert client.get(REORDER, {name: "1"}).status_code == 400


# -- who may ask, and how often -------------------------------------------------------------------


@contextmanager
def rest_framework(**options: list[str]) -> Iterator[None]:
    """The shop's own settings of REST framework, which views read when they are defined."""
    given = {name: [import_string(path) for path in paths] for name, paths in options.items()}
    for name, classes in given.items():
        setattr(BlockView, name, classes)
    try:
        yield
    finally:
        # What it inherits shows again; setting that instead would make it the view's own.
        for name in given:
            delattr(BlockView, name)


def test_the_view_says_nothing_about_who_may_ask_so_the_shop_s_own_settings_do():
    assert "permission_classes" not in vars(BlockView)
    assert "throttle_classes" not in vars(BlockView)


def test_a_shop_that_answers_signed_in_people_only_keeps_others_from_blocks(client, tea):
    with rest_framework(permission_classes=["rest_framework.permissions.IsAuthenticated"]):
        assert client.get(SIMILAR).status_code == 403
        client.force_login(get_user_model().objects.create_user("ann"))
        assert client.get(SIMILAR).status_code == 200


@pytest.mark.parametrize(
    ("name", "stranger"),
    [("DjangoModelPermissions", 403), ("DjangoModelPermissionsOrAnonReadOnly", 200)],
)
def test_permissions_by_model_do_not_stumble_over_a_view_without_one(client, tea, name, stranger):
    with rest_framework(permission_classes=[f"rest_framework.permissions.{name}"]):
        assert client.get(SIMILAR).status_code == stranger
        client.force_login(get_user_model().objects.create_user("ann"))
        assert client.get(SIMILAR).status_code == 200


def test_whoever_asks_too_often_has_to_wait_and_nobody_else(client, tea, settings):
    settings.PERSONA = {**settings.PERSONA, "REST_RATE": "2/min"}
    ann = Client()
    ann.force_login(get_user_model().objects.create_user("ann"))

    answers = [client.get(SIMILAR) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2]["Retry-After"]) <= 60
    assert answers[2]["Cache-Control"] == "private, no-store"
    assert client.get(SIMILAR, REMOTE_ADDR="192.0.2.9").status_code == 200
    assert ann.get(SIMILAR).status_code == 200


@time_machine.travel("2026-03-01T12:00:10Z", tick=False)
def test_a_cache_that_is_away_takes_no_block_along(client, tea, settings, monkeypatch):
    def away(*args, **options):
        raise ConnectionError("no cache here")

    monkeypatch.setattr(LocMemCache, "incr", away)
    settings.PERSONA = {**settings.PERSONA, "REST_RATE": "2/min"}

    assert titles(client.get(SIMILAR, {"size": 1})) == ["Pot"]
    # The process counts for itself meanwhile.
    assert [client.get(SIMILAR).status_code for _ in range(2)] == [200, 429]


@time_machine.travel("2026-03-01T12:00:10Z", tick=False)
def test_a_network_has_ten_times_the_limit_whoever_is_signed_in_there(client, tea, settings):
    settings.PERSONA = {**settings.PERSONA, "REST_RATE": "1/min"}

    answers = [client.get(SIMILAR, REMOTE_ADDR=f"203.0.113.{n}").status_code for n in range(11)]

    assert answers == [200] * 10 + [429]
    ann = Client()
    ann.force_login(get_user_model().objects.create_user("ann"))
    assert ann.get(SIMILAR, REMOTE_ADDR="203.0.113.99").status_code == 429


@time_machine.travel("2026-03-01T12:00:10Z", tick=False)
def test_all_addresses_of_one_household_are_one_client(client, tea, settings):
    settings.PERSONA = {**settings.PERSONA, "REST_RATE": "2/min"}

    answers = [client.get(SIMILAR, REMOTE_ADDR=f"2001:db8:1:2::{n}").status_code for n in range(3)]

    assert answers == [200, 200, 429]


def test_a_shop_whose_own_server_asks_for_everybody_sets_no_limit(client, tea, settings):
    settings.PERSONA = {**settings.PERSONA, "REST_RATE": ""}

    assert {client.get(SIMILAR).status_code for _ in range(5)} == {200}


def test_each_answer_looks_up_its_own_block_only(client, tea):
    """What the request before asked for says nothing about this one."""
    client.get("/persona/api/v1/blocks/bought-together/", {"seed": f"shop.product:{tea.pk}"})
    client.get(SIMILAR, {"seed": f"shop.product:{tea.pk}"})

    with statements() as found:
        client.get(SIMILAR, {"seed": f"shop.product:{tea.pk}"})

    assert recall.expect("persona:block") == []
    assert len(found.products) == 1
