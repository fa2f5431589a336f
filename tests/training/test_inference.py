"""What one person bought cannot be read from what everybody is shown (threats 30 and 31).

An observer sees every public row and every slate before and after a rebuild. Between the two one
customer orders something. As long as fewer than `min_buyers` customers did the same, nothing of it
may tell. The gate of chance stands where a shop has it that sets nothing.
"""

from __future__ import annotations

import re
import time
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.test import Client

from persona_django.artefacts import store as artefacts
from persona_django.catalogue import state
from persona_django.model_registry.live import POPULAR_SCHEMA, live_artefact
from persona_django.similarity.packing import unpack
from persona_django.similarity.relations import RELATIONS
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Basis, Kind
from persona_django.training.rebuild import rebuild, rebuild_all
from tests.factories import family_of, products, read_catalogue
from tests.shop.models import Product
from tests.training.history import beside, buy, customers, look, rows_of_live

K = 5
BLOCKS = {
    "similar-items": "similar",
    "bought-together": "bought-together",
    "bought-after": "bought-after",
    "viewed-next": "viewed-next",
    "viewed-then-bought": "viewed-then-bought",
}
"""Public blocks of the relations, and the reason of what is shown for the relation's own sake."""
PROOF = re.compile(r'data-persona-token="[^"]*"')


@pytest.fixture
def empty_shop(db, settings, monkeypatch):
    """Ten products on sale, and no history yet."""
    settings.PERSONA = {**settings.PERSONA, "MIN_TRAINING_SHOPPERS": 1}
    # Two rebuilds at the same moment: what fades with time is no secret.
    clock = SimpleNamespace(time=lambda: 1_900_000_000, perf_counter=time.perf_counter)
    monkeypatch.setattr("persona_django.training.evidence.time", clock)
    made = products(10)
    read_catalogue()
    return made


@pytest.fixture
def shop(empty_shop):
    """165 orders: between two steps, with room for every order below."""
    buy(customers(8), empty_shop[0:3])
    buy(customers(7), empty_shop[2:4])
    strangers(150, empty_shop[9])
    look(range(1, 20), empty_shop[0:4])
    look(range(30, 60), empty_shop[9:])
    return empty_shop


def strangers(n: int, product: Product) -> None:
    """So many customers who ordered this and nothing else."""
    look(range(5001, 5001 + n), [product], kind=Kind.PURCHASE, basis=Basis.AGGREGATE, order=9)


def everything_public() -> dict[str, object]:
    """Every row that any page reads, byte for byte, and what the pages make of them."""
    rebuild_all(force=True)
    popular = artefacts.load(live_artefact("popular"), schema=POPULAR_SCHEMA)
    return {
        **{kind: rows_of_live(kind) for kind in RELATIONS},
        "popular": {name: column.tolist() for name, column in popular.items()},
        "slates": slates(),
        "pages": pages(),
    }


def slates() -> dict[str, object]:
    """What REST answers for every product, and for some together; all but the proof of serving."""
    state.forget()
    cache.clear()
    seeds = [f"shop.product:{product.pk}" for product in Product.objects.order_by("pk")]
    asked = [[one] for one in seeds] + [seeds[:3], seeds[4:8]]
    return {f"{slug} of {some}": slate(slug, some) for slug in BLOCKS for some in asked}


def slate(slug: str, seeds: list[str]) -> list[dict[str, object]]:
    answer = Client().get(f"/persona/api/v1/blocks/{slug}/", {"seed": seeds, "size": 50}).json()
    assert answer["slots"]
    return [{**slot, "token": ""} for slot in answer["slots"]]


def pages() -> list[str]:
    """Every product's page as anybody sees it."""
    found = [
        Client().get(product.get_absolute_url()) for product in Product.objects.order_by("pk")
    ]
    assert all("persona-slot" in page.content.decode() for page in found)
    return [PROOF.sub("", page.content.decode()) for page in found]


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
    Event.objects.filter(kind=Kind.VIEW).delete()

    for _ in range(K - 1):
        buy(customers(1), [shop[0], shop[3]])
    shown = related(everything_public()["slates"])
    assert pair not in pairs_shown(kind)
    assert not together_in(shown, kind, shop[0], shop[3])

    buy(customers(1), [shop[0], shop[3]])
    shown = related(everything_public()["slates"])
    assert pair in pairs_shown(kind)
    assert together_in(shown, kind, shop[0], shop[3])


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
    look(range(931, 961), shop[9:], kind=Kind.CART_ADD, basis=Basis.AGGREGATE)

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


def relations(public: dict[str, object]) -> dict[str, object]:
    """All but what is popular, which counts every item by itself, behind a crowd of its own."""
    kinds = {kind: public[kind] for kind in ("similar", "bought-together")}
    return {**kinds, "slates": related(public["slates"])}


def related(shown: dict[str, list]) -> dict[str, list[str]]:
    """Of each slate the titles and reasons shown for the relation's sake, best first."""
    return {
        asked: [
            f"{slot['title']}: {slot['reason']['text']}"
            for slot in slots
            if slot["reason"]["code"] in BLOCKS.values()
        ]
        for asked, slots in shown.items()
    }


def together_in(shown: dict[str, list[str]], kind: str, one: Product, other: Product) -> bool:
    """Whether the one's slate holds the other."""
    (slug,) = (slug for slug, reason in BLOCKS.items() if reason == kind)
    slots = shown[f"{slug} of {[f'shop.product:{one.pk}']}"]
    return any(text.startswith(f"{other.name}:") for text in slots)


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


@pytest.fixture
def before_a_step(empty_shop):
    """49 orders: one short of a step.

    Beside S stand T and U. A and B have six customers in common, which is no more than chance
    while the orders count as 20, and much more than that once they count as 50. Who looked at A
    looked at E too, or at B.
    """
    s, t, u, a, b, e, _, rare, _, f = empty_shop
    buy(customers(6), [s, t])
    buy(customers(7), [s, u])
    buy(customers(6), [a, b])
    buy(customers(6), [a])
    buy(customers(6), [b])
    strangers(18, f)
    look(range(1, 9), [a, e])
    look(range(9, 15), [a, b])
    look(range(15, 60), [f])
    return a, b, e, rare


def test_an_order_that_reaches_a_step_lets_a_pair_appear_that_it_has_nothing_to_do_with(
    before_a_step,
):
    """All that happens at a step: pairs of a crowd, on the other side of chance than before."""
    a, b, _, rare = before_a_step
    before = everything_public()
    assert beside(a, "bought-together") == beside(b, "bought-together") == []

    buy(customers(1), [rare])

    after = everything_public()
    assert beside(a, "bought-together") == [family_of(b)]
    assert beside(b, "bought-together") == [family_of(a)]
    assert all_but(after, a, b) == all_but(before, a, b)
    assert not shows(after, rare)
    buy(customers(1), [rare])
    assert everything_public() == after


def test_a_pair_that_appears_at_a_step_may_move_where_it_was_seen_already(before_a_step):
    """Viewers alone had shown it; from the step on its buyers count as well."""
    a, b, e, rare = before_a_step
    before = everything_public()
    assert beside(a, "similar") == [family_of(e), family_of(b)]

    buy(customers(1), [rare])

    after = everything_public()
    assert beside(a, "similar") == [family_of(b), family_of(e)]
    assert all_but(after, a, b) == all_but(before, a, b)


def test_an_order_of_one_of_its_items_may_take_a_pair_down_and_does_not_tell_what_else_it_held(
    before_a_step,
):
    a, b, _, rare = before_a_step
    buy(customers(3), [a])
    before = everything_public()
    assert beside(a, "bought-together") == [family_of(b)]

    # The tenth order of A outside the pair: A is now expected more often than it is found.
    buy(customers(1), [a, rare])

    after = everything_public()
    assert beside(a, "bought-together") == beside(b, "bought-together") == []
    assert all_but(after, a, b) == all_but(before, a, b)
    assert not shows(after, rare)


def all_but(public: dict[str, object], one: Product, other: Product) -> dict[str, list[str]]:
    """What is shown for the relations' sake beside every product, in order, without this pair."""
    of_pair = (f"['shop.product:{one.pk}']", f"['shop.product:{other.pk}']")
    names = (f"{one.name}:", f"{other.name}:")
    return {
        asked: [text for text in texts if not (asked.endswith(of_pair) and text.startswith(names))]
        for asked, texts in related(public["slates"]).items()
        if "," not in asked
    }


def shows(public: dict[str, object], product: Product) -> bool:
    """Whether any slate shows it for a relation's sake."""
    texts = related(public["slates"]).values()
    return any(text.startswith(f"{product.name}:") for some in texts for text in some)
