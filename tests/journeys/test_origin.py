"""What the shop says of itself: what is real, what is invented, and what was not learnt."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from example_shop import origin
from example_shop.loaders.sources import CHOICES, FASHION, SIMULATED
from example_shop.models import Customer, Order, Origin, Product
from persona_django.catalogue import state
from tests.journeys.shelves import put_on_sale

pytestmark = pytest.mark.django_db(transaction=True)

TOO_LITTLE = "There is too little here to learn"


@pytest.fixture(autouse=True)
def own_folders(settings, tmp_path):
    settings.PERSONA = {**settings.PERSONA, "CACHE_FOLDER": str(tmp_path / "persona")}


def write(folder: Path, name: str, header: str, rows: Sequence[str]) -> None:
    with gzip.open(folder / f"{name}.csv.gz", "wt", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(row.split(",") for row in (header, *rows))


def night_of_electronics(folder: Path) -> None:
    """A few minutes of a shop for electronics, in the form of the public set."""
    items = [f"{n},electronics.audio.headphone,tonal,{20 + n}" for n in range(1, 9)]
    write(folder, "rees46_oct2019_sample.items", "item_id,category,brand,price", items)
    happened = [
        f"{shopper},s{shopper},{shopper % 8 + 1},{event},2019-10-01T00:0{shopper}:00Z,30.00"
        for shopper in range(8)
        for event in ("view", "cart", "purchase")
    ]
    header = "user_id,session_id,item_id,event,timestamp,price"
    write(folder, "rees46_oct2019_sample", header, happened)


def week_of_a_wholesaler(folder: Path) -> None:
    """A few invoices, one of them of nobody and one line sent back."""
    items = [f"{100 + n},RED LUNCH BAG {n},{n}.5" for n in range(1, 9)]
    write(folder, "online_retail.items", "item_id,title,price", items)
    bought = [
        f"{user},{101 + (user + line) % 8},purchase,{day}T10:00:00,1.50,2,b{user}{day},France"
        for user in range(1, 6)
        for day in ("2011-01-03", "2011-01-04")
        for line in range(2)
    ]
    others = [
        ",101,purchase,2011-01-05T10:00:00,1.50,1,b99,Spain",
        "1,102,return,2011-01-06T10:00:00,1.50,-1,c1,France",
    ]
    header = "user_id,item_id,event,timestamp,price,quantity,basket_id,country"
    write(folder, "online_retail", header, bought + others)


def baskets_of_a_grocer(folder: Path) -> None:
    """Baskets without names, prices or dates."""
    bought = [
        f"{user},{(user + basket) % 8},purchase,{user}-{basket},{basket},history"
        for user in range(1, 7)
        for basket in range(1, 4)
    ]
    write(folder, "tafeng", "user_id,item_id,event,basket_id,basket_no,part", bought)


def catalogue_of_clothes(folder: Path) -> None:
    """A catalogue that nobody has visited yet."""
    parts = ("Topwear > Shirts", "Bottomwear > Jeans")
    items = [
        f"{n},Acme{n % 3} Men Shirt {n},Men > Apparel > {parts[n % 2]},Blue,Summer,2011.0,Casual"
        for n in range(60)
    ]
    header = "item_id,title,category,baseColour,season,year,usage"
    write(folder, "fashion_products.items", header, items)


SETS = {
    "rees46": (
        night_of_electronics,
        ("three hours of a real shop (REES46), with their dates moved", "The set has no titles"),
        "Tonal Headphone 1",
    ),
    "online_retail": (
        week_of_a_wholesaler,
        ("a real wholesaler&#x27;s year (Online Retail)", "shelves are made from words"),
        "Red lunch bag",
    ),
    "tafeng": (
        baskets_of_a_grocer,
        ("a real grocer (Ta-Feng); titles, prices", "Ta-Feng publishes numbers, not names"),
        "Grocery no. 1",
    ),
    "fashion_products": (
        catalogue_of_clothes,
        ("seasons come from a real catalogue", "prices and everything bought are invented"),
        "Acme1 Men Shirt 1",
    ),
}
"""For each set what writes it in miniature, what the shop then says of itself, and a product."""


@pytest.fixture
def night(tmp_path: Path) -> Path:
    night_of_electronics(tmp_path)
    return tmp_path


def demo(**options) -> None:
    call_command("demo", stdout=io.StringIO(), no_server=True, **options)


def test_a_shop_of_a_real_set_too_small_to_learn_from_says_so_and_shows_its_fallbacks(
    client, night
):
    demo(data="rees46", data_folder=str(night))

    page = client.get(Product.objects.first().get_absolute_url()).content.decode()
    about = client.get(reverse("about")).content.decode()

    for said in (page, about):
        assert "three hours of a real shop (REES46), with their dates moved" in said
        assert f"{TOO_LITTLE} which items are similar or what is bought together;" in said
        assert "those rows show what is of the same kind, popular or new" in said
        assert "All products" not in said
    assert "Of the same kind" in page
    assert "Often bought together" not in page and "liked both" not in page
    assert page.count('class="card-name"') >= 7
    assert "REES46: three hours of a large electronics shop" in about
    assert "The set has no titles" in about
    assert "Three hours of one night are too little to learn what is bought together" in about


@pytest.mark.parametrize("name", [name for name in CHOICES if name != SIMULATED])
def test_a_shop_of_each_public_set_says_what_is_real_and_can_be_shopped_in(client, tmp_path, name):
    write_set, said, title = SETS[name]
    write_set(tmp_path)

    demo(data=name, data_folder=str(tmp_path), shoppers=60)

    about = client.get(reverse("about")).content.decode()
    assert all(words in about for words in said)
    product = Product.objects.filter(name__startswith=title).first()
    page = client.get(product.get_absolute_url()).content.decode()
    assert said[0] in page
    assert page.count('class="card-name"') >= 6
    customers = Order.objects.exclude(user=None).values("user").distinct().count()
    assert Customer.objects.count() >= customers > 3
    # A few real customers are too few to learn from, and each shop says so; invented ones come.
    assert (TOO_LITTLE in page) is (name != FASHION)


def test_an_invented_shop_that_has_learnt_says_only_that_it_is_invented(client):
    demo(shoppers=250, products=200)

    home = client.get(reverse("home")).content.decode()

    assert "All products, customers and orders are invented." in home
    assert TOO_LITTLE not in home


def test_one_row_that_is_not_learnt_is_named_alone(client):
    origin.keep(title="a test", summary="Made by hand.", notes=(), choice={})
    state.point("similar", 1, fence=1)

    home = client.get(reverse("home")).content.decode()

    assert f"{TOO_LITTLE} what is bought together; until there is more, that row shows" in home


def test_a_shop_of_one_s_own_claims_nothing_about_its_goods(client):
    page = client.get(reverse("about")).content.decode()

    assert not Origin.objects.exists()
    assert "Demonstration shop. Nothing here can really be bought" in page
    assert "invented" not in page and TOO_LITTLE not in page


def test_filling_anew_replaces_what_was_said(client):
    origin.keep(title="the first", summary="First.", notes=("Old.",), choice={})
    client.get(reverse("about"))

    origin.keep(title="the second", summary="Second.", notes=("New.",), choice={})

    about = client.get(reverse("about")).content.decode()
    assert "The second." in about and "New." in about
    assert "First." not in about and "Old." not in about


def test_switched_off_no_page_of_the_shop_asks_a_table_of_ours(client, settings):
    origin.keep(title="a test", summary="Made by hand.", notes=(), choice={})
    product = put_on_sale()
    settings.PERSONA = {**settings.PERSONA, "ENABLED": False}

    with CaptureQueriesContext(connection) as asked:
        page = client.get(product.get_absolute_url()).content.decode()

    assert "Made by hand." in page and TOO_LITTLE not in page
    assert [query["sql"] for query in asked if "persona_" in query["sql"]] == []
