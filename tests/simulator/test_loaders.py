"""Loaders of the public sets, on files made here in the same form. No row of real data."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from example_shop.loaders import online_retail, rees46, tafeng
from example_shop.loaders.fashion_products import read_catalogue, visited_by, with_real_titles
from example_shop.loaders.public_sets import (
    DAY,
    WEEK,
    DataMissingError,
    data_folder,
    read_columns,
)
from example_shop.loaders.simulated import shop_of
from example_shop.simulator.parameters import Parameters
from example_shop.simulator.world import simulate

TODAY = 1_790_000_000 // DAY * DAY


def write(folder: Path, name: str, header: str, *rows: str) -> None:
    with gzip.open(folder / f"{name}.csv.gz", "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        writer.writerows(row.split(",") for row in rows)


@pytest.fixture
def gifts(tmp_path: Path) -> Path:
    """A wholesaler's year in miniature."""
    write(
        tmp_path,
        "online_retail.items",
        "item_id,title,price",
        "100A,RED LUNCH BAG,1.5",
        "200,GARDEN CLOCK,9.99",
        "300,,0",
        "POST,POSTAGE,18",
    )
    write(
        tmp_path, "online_retail",
        "user_id,item_id,event,timestamp,price,quantity,basket_id,country",
        "7,100A,purchase,2011-01-03T10:00:00,1.50,6,b1,France",
        "7,200,purchase,2011-01-03T10:00:00,9.99,2,b1,France",
        "7,POST,purchase,2011-01-03T10:00:00,18.00,1,b1,France",
        ",100a,purchase,2011-01-04T10:00:00,1.60,1,b2,Germany",
        "8,100A,purchase,2011-01-05T10:00:00,1.50,4,b3,Spain",
        "7,100A,purchase,2011-01-06T10:00:00,1.50,3,b4,France",
        "7,100A,return,2011-01-07T10:00:00,1.50,-4,c1,France",
        "8,200,return,2011-01-07T11:00:00,9.99,-1,c2,Spain",
        "7,300,purchase,2011-01-08T10:00:00,0.40,1,b5,France",
        ",200,adjustment,2011-01-09T10:00:00,0.00,-9,x1,Spain",
    )  # fmt: skip
    return tmp_path


def test_invoices_become_orders_and_nobody_stays_nobody(gifts):
    shop = online_retail.load(gifts, today=TODAY)

    assert list(shop.customers.username) == ["customer-7@example.com", "customer-8@example.com"]
    assert shop.orders.customer.tolist() == [0, -1, 1, 0, 0]
    assert list(shop.orders.country) == ["France", "Germany", "Spain", "France", "France"]
    assert shop.lines.order.tolist() == [0, 0, 1, 2, 3, 4]
    assert shop.lines.price.tolist() == [150, 999, 160, 150, 150, 40]


def test_postage_and_corrections_are_left_out_and_counted(gifts):
    shop = online_retail.load(gifts, today=TODAY)

    assert "POST" not in shop.products.sku
    assert shop.left_out == {
        "postage, fees and vouchers": 1,
        "write-offs and corrections": 1,
        "returns of something not bought in this year": 1,
    }


def test_a_return_takes_back_the_latest_purchase_first(gifts):
    shop = online_retail.load(gifts, today=TODAY)

    assert shop.lines.refunded.tolist() == [1, 0, 0, 0, 3, 0]
    assert (shop.lines.refunded_at > 0).tolist() == [True, False, False, False, True, False]


def test_codes_that_differ_in_case_are_one_product_with_a_shelf_and_a_price(gifts):
    products = online_retail.load(gifts, today=TODAY).products

    assert list(products.sku) == ["100A", "200", "300"]
    assert list(products.name) == ["Red lunch bag", "Garden clock", "Product 300"]
    assert list(products.category) == [
        "Gifts > Bags", "Gifts > Clocks & signs", "Gifts > Everything else",
    ]  # fmt: skip
    assert products.price.tolist() == [150, 999, 40]


def test_dates_move_by_whole_weeks_to_just_before_today(gifts):
    at = online_retail.load(gifts, today=TODAY).orders.at
    monday = int(np.datetime64("2011-01-03T10:00:00").astype("datetime64[s]").astype(np.int64))

    assert (at[0] - monday) % WEEK == 0
    assert TODAY - WEEK - 3 * DAY < at.max() < TODAY


@pytest.fixture
def night(tmp_path: Path) -> Path:
    write(
        tmp_path,
        "rees46_oct2019_sample.items",
        "item_id,category,brand,price",
        "1,electronics.audio.headphone,tonal,30",
        "2,2053013,,5",
    )
    write(
        tmp_path, "rees46_oct2019_sample", "user_id,session_id,item_id,event,timestamp,price",
        "51,s1,1,view,2019-10-01T00:00:00Z,30.00",
        "51,s1,1,view,2019-10-01T00:00:00Z,30.00",
        "51,s1,1,cart,2019-10-01T00:01:00Z,30.00",
        "51,s1,1,purchase,2019-10-01T00:02:00Z,30.00",
        "51,s1,2,purchase,2019-10-01T00:02:00Z,5.00",
        "52,s2,2,view,2019-10-01T00:03:00Z,5.00",
    )  # fmt: skip
    return tmp_path


def test_views_and_carts_become_events_of_customers_or_visitors(night):
    shop = rees46.load(night, today=TODAY)

    assert shop.browsing is not None
    assert list(shop.browsing.kind) == ["view", "cart_add", "view"]
    assert shop.browsing.customer.tolist() == [0, 0, -1]
    assert shop.browsing.visitor[2] == "52"
    assert shop.left_out == {"exact repetitions of another row": 1}


def test_what_was_bought_in_one_visit_is_one_order(night):
    shop = rees46.load(night, today=TODAY)

    assert len(shop.orders) == 1
    assert shop.lines.order.tolist() == [0, 0]
    assert list(shop.products.category) == ["Electronics > Audio > Headphone", "Other"]
    assert list(shop.products.name) == ["Tonal Headphone 1", "Product 2"]
    assert "too little to learn what is bought together" in " ".join(shop.notes)
    assert "REES46" in shop.summary and "dates moved" in shop.summary


def test_baskets_without_dates_stand_a_week_apart(tmp_path):
    write(
        tmp_path, "tafeng", "user_id,item_id,event,basket_id,basket_no,part",
        "1,0,purchase,1-1,1,history",
        "1,5,purchase,1-1,1,history",
        "1,0,purchase,1-2,2,history",
        "1,7,purchase,1-3,3,future",
        "2,5,purchase,2-1,1,history",
    )  # fmt: skip

    shop = tafeng.load(tmp_path, today=TODAY)

    assert len(shop.orders) == 3
    assert shop.orders.at[1] - shop.orders.at[0] == WEEK
    assert shop.orders.at.max() < TODAY
    assert list(shop.products.name) == ["Grocery no. 0", "Grocery no. 5"]
    assert "invented" in shop.products.description[0]
    assert list(shop.left_out.values()) == [1]


def test_a_real_catalogue_can_be_visited_by_invented_shoppers(tmp_path):
    rows = [
        f"{n},Acme{n % 3} Men Shirt {n},Men > Apparel > {part},{colour},{season},2011.0,Casual"
        for n in range(120)
        for part, colour, season in [
            ("Topwear > Shirts", "Blue", "Summer")
            if n % 2
            else ("Bottomwear > Jeans", "NA", "Fall")
        ]
    ]
    write(
        tmp_path,
        "fashion_products.items",
        "item_id,title,category,baseColour,season,year,usage",
        *rows,
    )

    parameters = visited_by(Parameters())
    catalogue = read_catalogue(tmp_path, 100, parameters, seed=1)
    world = simulate(shoppers=60, seed=1, parameters=parameters, catalogue=catalogue)
    shop = shop_of(world, seed=1)
    products = with_real_titles(shop.products, catalogue)

    assert len(shop.products) == 100
    assert all(name.startswith("Acme") for name in products.name)
    assert not any(products.brand)
    assert set(shop.products.colour) == {"", "Blue"}
    assert set(shop.products.season) == {"Summer", "Autumn"}
    assert len(shop.lines) > 100
    assert len(world.oracle.partners.product) > 0
    assert not len(world.oracle.cycles.product)


def test_the_simulated_shop_keeps_refused_visits_and_honest_robots_out():
    world = simulate(shoppers=200, products=200, seed=1)

    shop = shop_of(world, seed=1)

    assert shop.browsing is not None
    customers = shop.browsing.customer
    assert world.oracle.people.consents[customers[customers >= 0]].all()
    assert set(np.array(shop.browsing.visitor)[customers < 0]) == {"robot 201"}
    assert len(shop.customers) == 200
    assert len(shop.products) == len(world.catalogue.variants.family)
    assert len(set(shop.products.sku)) == len(shop.products)
    assert all(count > 0 for count in shop.left_out.values())
    assert len({one.customer for one in shop.demo_shoppers}) == len(shop.demo_shoppers) >= 6


def test_a_missing_folder_or_file_says_where_it_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("PERSONA_DATA", str(tmp_path / "nowhere"))

    with pytest.raises(DataMissingError, match=r"nowhere.*--data-folder or PERSONA_DATA"):
        data_folder()
    with pytest.raises(DataMissingError, match=r"online_retail\.csv\.gz"):
        online_retail.load(data_folder(str(tmp_path)), today=TODAY)


def test_a_file_of_another_shape_is_refused_by_the_name_of_the_column(tmp_path):
    write(tmp_path, "one", "a,b", "1,2")

    with pytest.raises(DataMissingError, match="no column c"):
        read_columns(tmp_path / "one.csv.gz", ("a", "c"))


def test_a_long_file_says_how_much_of_it_is_read(tmp_path):
    write(tmp_path, "one", "a,b", *(f"{n},{n * 7919}" for n in range(12_000)))
    said: list[tuple[str, int, int]] = []

    columns = read_columns(
        tmp_path / "one.csv.gz", ("a",), progress=lambda *some: said.append(some)
    )

    assert len(columns["a"]) == 12_000
    assert len(said) == 4
    assert [done for _, done, _ in said] == sorted(done for _, done, _ in said)
    assert said[-1][1] == said[-1][2] == (tmp_path / "one.csv.gz").stat().st_size
