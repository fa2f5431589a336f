"""What the shop says of itself: what is real, what is invented, and what was not learnt."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest
from django.core.management import call_command
from django.urls import reverse

from example_shop import origin
from example_shop.models import Origin, Product
from persona_django.catalogue import state

pytestmark = pytest.mark.django_db(transaction=True)

TOO_LITTLE = "There is too little here to learn"


@pytest.fixture(autouse=True)
def own_folders(settings, tmp_path):
    settings.PERSONA = {**settings.PERSONA, "CACHE_FOLDER": str(tmp_path / "persona")}


def write(folder: Path, name: str, header: str, rows: list[str]) -> None:
    with gzip.open(folder / f"{name}.csv.gz", "wt", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(row.split(",") for row in (header, *rows))


@pytest.fixture
def night(tmp_path: Path) -> Path:
    """A few minutes of a shop for electronics, in the form of the public set."""
    items = [f"{n},electronics.audio.headphone,tonal,{20 + n}" for n in range(1, 9)]
    write(tmp_path, "rees46_oct2019_sample.items", "item_id,category,brand,price", items)
    happened = [
        f"{shopper},s{shopper},{shopper % 8 + 1},{event},2019-10-01T00:0{shopper}:00Z,30.00"
        for shopper in range(8)
        for event in ("view", "cart", "purchase")
    ]
    header = "user_id,session_id,item_id,event,timestamp,price"
    write(tmp_path, "rees46_oct2019_sample", header, happened)
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
        assert "those rows show what is popular and new" in said
        assert "All products" not in said
    assert "You may also like" in page
    assert "Often bought together" not in page and "Similar items" not in page
    assert page.count('class="card-name"') >= 7
    assert "REES46: three hours of a large electronics shop" in about
    assert "The set has no titles" in about
    assert "Three hours of one night are too little to learn what is bought together" in about


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
