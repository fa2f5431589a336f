"""What one person bought cannot be read from what everybody is shown (threats 30 and 31).

An observer sees every public row before and after a rebuild. Between the two one customer orders
something. As long as fewer than `min_buyers` customers did the same, the rows must not tell.
"""

from __future__ import annotations

import pytest

from persona_django.artefacts import store as artefacts
from persona_django.model_registry.live import POPULAR_SCHEMA, live_artefact
from persona_django.similarity.packing import unpack
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Basis, Kind
from persona_django.training.rebuild import rebuild, rebuild_all
from tests.factories import family_of, products, read_catalogue
from tests.training.history import beside, buy, customers, look, rows_of_live

K = 5


@pytest.fixture
def shop(db, settings, monkeypatch):
    settings.PERSONA = {**settings.PERSONA, "MIN_TRAINING_SHOPPERS": 1, "MIN_LOG_LIKELIHOOD": 0}
    # Two rebuilds at the same moment: what fades with time is no secret.
    monkeypatch.setattr("persona_django.training.evidence.time.time", lambda: 1_900_000_000)
    made = products(10)
    read_catalogue()
    buy(customers(8), made[0:3])
    buy(customers(7), made[2:4])
    look(range(1, 20), made[0:4])
    return made


def everything_public() -> dict[str, object]:
    """Every row that any page reads, byte for byte."""
    rebuild_all(force=True)
    popular = artefacts.load(live_artefact("popular"), schema=POPULAR_SCHEMA)
    return {
        "similar": rows_of_live("similar"),
        "bought-together": rows_of_live("bought-together"),
        "popular": {name: column.tolist() for name, column in popular.items()},
    }


def pairs_shown(kind: str) -> set[tuple[int, int]]:
    return {
        (item, other)
        for item, data in rows_of_live(kind).items()
        for other in unpack(data).item_id.tolist()
    }


def test_one_order_of_rare_items_changes_no_public_row(shop):
    before = everything_public()

    buy(customers(1), shop[6:9])

    assert everything_public() == before


def test_orders_of_rare_items_change_nothing_until_the_crowd_is_complete(shop):
    before = everything_public()

    for _ in range(K - 1):
        buy(customers(1), shop[6:8])
        assert everything_public() == before
    buy(customers(1), shop[6:8])

    assert everything_public() != before
    assert beside(shop[6], "bought-together") == [family_of(shop[7])]
    assert beside(shop[6], "similar") == [family_of(shop[7])]


def test_one_shopper_who_orders_again_and_again_is_no_crowd(shop):
    before = everything_public()

    (target,) = customers(1)
    for _ in range(3 * K):
        buy([target], shop[6:9])

    assert everything_public() == before


@pytest.mark.parametrize("kind", ["similar", "bought-together"])
def test_of_popular_items_a_pair_is_shown_from_exactly_k_buyers_on(shop, kind):
    pair = (family_of(shop[0]), family_of(shop[3]))
    # Nobody ever looked at both: only orders could link these two.
    Event.objects.all().delete()

    for _ in range(K - 1):
        buy(customers(1), [shop[0], shop[3]])
    everything_public()
    assert pair not in pairs_shown(kind)

    buy(customers(1), [shop[0], shop[3]])
    everything_public()
    assert pair in pairs_shown(kind)


def test_planted_viewers_and_one_buyer_are_no_crowd(shop):
    """The attack: be all but one of the shoppers a pair needs, and wait for the last."""
    look([901, 902], shop[7:9])
    look(range(901, 901 + K - 1), [shop[6]])
    before = everything_public()

    buy(customers(1), shop[6:9])

    assert everything_public() == before


def test_a_buyer_does_not_move_what_viewers_alone_have_shown(shop):
    look(range(901, 910), shop[7:9])
    before = everything_public()

    buy(customers(1), shop[7:9])

    assert everything_public() == before


def test_imports_without_consent_need_the_crowd_whatever_their_kind(shop):
    before = everything_public()

    look(range(901, 901 + K - 1), shop[7:9], kind=Kind.VIEW, basis=Basis.AGGREGATE)

    assert everything_public() == before


def test_one_buyer_does_not_complete_a_crowd_of_imported_viewers(shop):
    look(range(901, 901 + K - 1), shop[7:9], kind=Kind.VIEW, basis=Basis.AGGREGATE)
    before = everything_public()

    buy(customers(1), shop[7:9])

    assert everything_public() == before


def test_imported_interest_is_not_bought_together(shop):
    look(range(901, 901 + 2 * K), shop[7:9], kind=Kind.CART_ADD, basis=Basis.AGGREGATE)

    everything_public()

    assert beside(shop[7], "similar") == [family_of(shop[8])]
    assert beside(shop[7], "bought-together") == []


def test_one_kind_rebuilt_alone_gives_the_rows_of_all_rebuilt_together(shop):
    look(range(901, 901 + 2 * K), shop[2:5], kind=Kind.VIEW, basis=Basis.AGGREGATE)
    look(range(921, 921 + 2 * K), shop[0:4], kind=Kind.PURCHASE, basis=Basis.AGGREGATE, order=3)
    together = everything_public()

    for kind in ("similar", "bought-together"):
        rebuild(kind, force=True)

        assert rows_of_live(kind) == together[kind]


@pytest.fixture
def popular_apart(shop):
    """Every item below is popular by itself. Beside A stand B and C, and C only just before B."""
    first, second, third, other = shop[4:8]
    buy(customers(K + 1), [first, second])
    buy(customers(K + 1), [first, third])
    buy(customers(K + 1), [other, shop[8]])
    return first, second, third, other


def relations(rows: dict[str, object]) -> dict[str, object]:
    return {kind: rows[kind] for kind in ("similar", "bought-together")}


def test_one_order_of_popular_items_few_have_in_common_changes_no_row(popular_apart):
    """The norms, supports and totals behind every list stay as they were, not only the pair."""
    _, second, _, other = popular_apart
    before = relations(everything_public())

    (target,) = customers(1)
    buy([target], [second, other])
    buy([target], [second])

    assert relations(everything_public()) == before


def test_orders_of_popular_items_change_no_row_until_the_crowd_is_complete(popular_apart):
    _, second, _, other = popular_apart
    before = relations(everything_public())

    for _ in range(K - 1):
        buy(customers(1), [second, other])
        assert relations(everything_public()) == before
    buy(customers(1), [second, other])
    everything_public()

    for kind in ("similar", "bought-together"):
        assert (family_of(second), family_of(other)) in pairs_shown(kind)


def test_an_imported_purchase_of_popular_items_few_have_in_common_changes_no_row(popular_apart):
    _, second, _, other = popular_apart
    before = relations(everything_public())

    look([777], [second, other], kind=Kind.PURCHASE, basis=Basis.AGGREGATE, order=4)

    assert relations(everything_public()) == before
