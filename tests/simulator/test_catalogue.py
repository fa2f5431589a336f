"""The invented range: believable, whole, and with the truth that the oracle tells."""

from __future__ import annotations

import numpy as np
import pytest

from example_shop.simulator.catalogue import Catalogue, build_catalogue
from example_shop.simulator.goods.all import DEPARTMENTS, KINDS
from example_shop.simulator.parameters import Parameters
from example_shop.simulator.truth import true_partners, true_substitutes


@pytest.fixture(scope="module")
def shelves() -> Catalogue:
    return build_catalogue(1_000, Parameters(), np.random.default_rng(1))


def test_every_product_has_a_name_of_its_own_and_something_to_say(shelves):
    assert shelves.size == 1_000
    assert len(set(shelves.names)) == 1_000
    assert all(len(text) > 20 for text in shelves.descriptions)
    assert all(name.startswith(b) for name, b in zip(shelves.names, shelves.brands, strict=True))


def test_every_kind_and_department_is_on_the_shelves(shelves):
    assert set(shelves.departments) == set(DEPARTMENTS)
    assert (np.bincount(shelves.kind, minlength=len(KINDS)) >= 2).all()
    assert shelves.of_kind(0) == slice(0, int((shelves.kind == 0).sum()))


def test_prices_stay_within_what_the_kind_costs(shelves):
    low, high = np.array([kind.price for kind in KINDS])[shelves.kind].T

    assert (shelves.price >= 100 * low * 0.8 - 20).all()
    assert (shelves.price <= 100 * high * 1.05 + 300).all()


def test_a_cut_price_is_lower_and_an_uncut_one_is_not(shelves):
    product = np.arange(shelves.size)
    day = np.full(shelves.size, 200)
    paid = shelves.paid_price(product, day)

    is_cut = shelves.cut[:, 200] > 0
    assert 0 < is_cut.mean() < 0.3
    assert (paid[is_cut] < shelves.price[is_cut]).all()
    np.testing.assert_array_equal(paid[~is_cut], shelves.price[~is_cut])


def test_variants_of_a_product_stand_together_and_differ(shelves):
    variants = shelves.variants
    rows = list(zip(variants.family.tolist(), variants.colour, variants.size, strict=True))

    assert len(set(rows)) == len(rows) > shelves.size
    assert (np.diff(variants.family) >= 0).all()
    assert 0 < (variants.stock == 0).mean() < 0.1


def test_what_is_made_to_fit_goes_with_its_host_and_names_it(shelves):
    partners = true_partners(shelves, Parameters(), np.random.default_rng(2))
    cases = [kind.path for kind in KINDS].index("Electronics > Phones > Cases")
    rows = (shelves.kind[partners.partner] == cases) & (partners.chance > 0)

    assert rows.any()
    for product, case in zip(partners.product[rows], partners.partner[rows], strict=True):
        assert shelves.host[case] == product
        assert shelves.names[product].removesuffix(" phone") in shelves.names[case]


def test_partners_share_the_chance_that_the_goods_name(shelves):
    partners = true_partners(shelves, Parameters(), np.random.default_rng(2))
    tents = [kind.path for kind in KINDS].index("Outdoor > Camping > Tents")
    tent = shelves.of_kind(tents).start
    rows = slice(partners.first[tent], partners.first[tent + 1])

    assert partners.chance[rows].sum() == pytest.approx(sum(KINDS[tents].goes_with.values()))
    assert (partners.product[rows] == tent).all()


def test_substitutes_are_of_the_same_kind_and_fit_the_same_host(shelves):
    substitutes = true_substitutes(shelves, Parameters())
    product, place = np.nonzero(substitutes >= 0)
    other = substitutes[product, place]

    assert (other != product).all()
    np.testing.assert_array_equal(shelves.kind[other], shelves.kind[product])
    np.testing.assert_array_equal(shelves.host[other], shelves.host[product])
    assert len(product) > 3 * shelves.size
