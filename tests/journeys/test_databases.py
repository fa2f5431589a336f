"""The demo on each database server: filled in bulk, learnt, walked through, bought in."""

from __future__ import annotations

import json
import re

import pytest

from tests.journeys.databases import empty_database
from tests.journeys.running import Shop
from tests.journeys.shelves import ADDRESS

SERVERS = [
    pytest.param(name, marks=pytest.mark.service(name)) for name in ("postgresql", "mariadb")
]


@pytest.mark.parametrize("server", SERVERS)
def test_a_newcomer_s_demo_on_a_database_server_learns_and_sells(server, tmp_path):
    figures = tmp_path / "figures.json"
    with empty_database(server) as address:
        shop = Shop(tmp_path, database=address)

        shop.manage(
            "demo", "--no-server", "--shoppers", "200", "--products", "200", "--json", str(figures)
        )

        told = json.loads(figures.read_text("utf-8"))
        assert told["made_with"]["database"] == {"mariadb": "mysql"}.get(server, server)
        assert told["counts"]["orders"] > 1_000
        assert told["counts"]["visit_events"] > 1_000
        assert {one["kind"] for one in told["versions"] if one["live"]} == {
            "similar", "bought-together", "bought-after", "viewed-next",
            "content", "visit-next", "trending", "popular",
        }  # fmt: skip
        with shop.served():
            home = shop.get("/")
            products = re.findall(r'href="(/p/[^"]+)"', home)
            page = shop.get(products[0])
            assert "All products, customers and orders are invented." in home
            assert "Often bought together" in page or "Similar items" in page
            assert page.count("card-reason") >= 2

            (key,) = re.findall(r'name="product" value="(\d+)"', page)
            shop.send("/cart/add/", {"product": key, "quantity": "1"})
            order = shop.send("/checkout/", ADDRESS)
            assert f"Order {told['counts']['orders'] + 1} is placed." in order
