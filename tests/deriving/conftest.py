"""What several tests of this room share."""

from __future__ import annotations

import pytest

from tests.factories import item_id, product, products, read_catalogue

SHOES, GIFTS = "Shoes > Trail", "Presents > Mugs"


@pytest.fixture
def items(db: None) -> list[int]:
    """Six items: four of one category, two of another."""
    made = [*products(4), *products(2, category=GIFTS)]
    read_catalogue()
    return [item_id(one) for one in made]


@pytest.fixture
def variants(db: None) -> list[int]:
    """Two variants of one family, and another item."""
    made = [product("red", family="shoe"), product("blue", family="shoe"), product("tea")]
    read_catalogue()
    return [item_id(one) for one in made]
