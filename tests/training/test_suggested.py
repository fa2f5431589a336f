"""A merchant says what goes with what, and shoppers have the last word."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone

from persona_django.catalogue.models import Item
from persona_django.merchandising.models import SuggestedPair
from persona_django.model_registry.models import Lease, ModelVersion
from persona_django.model_registry.publish import publish
from persona_django.serving.recommend import recommend
from persona_django.similarity.lookup import neighbours_of
from persona_django.similarity.models import NeighbourRow
from persona_django.similarity.relations import RELATIONS
from persona_django.training.rebuild import rebuild, step
from tests.factories import family_of, item_id, product, products, read_catalogue
from tests.shop.models import Order
from tests.training.history import beside, buy, customers, live, look, rows_of_live

pytestmark = pytest.mark.django_db
K = 5
KINDS = ("similar", "bought-together", "bought-after")


@pytest.fixture
def shop(settings):
    """A new shop of eight products in which nobody has done anything yet."""
    settings.PERSONA = {**settings.PERSONA, "MIN_LOG_LIKELIHOOD": 0}
    made = products(8)
    read_catalogue()
    return made


@pytest.fixture
def taught(shop, settings):
    """The same shop, in which orders may teach from the first on."""
    settings.PERSONA = {**settings.PERSONA, "MIN_TRAINING_SHOPPERS": 1}
    return shop


def suggest(item, other, kind: str = "bought-together", **options) -> SuggestedPair:
    """`other` goes with `item`, says the merchant."""
    return SuggestedPair.objects.create(
        relation=RELATIONS[kind], item_id=item_id(item), other_id=item_id(other), **options
    )


def row_of(thing, kind: str = "bought-together"):
    family = family_of(thing)
    return neighbours_of([family]).get((RELATIONS[kind], family))


def score_of(thing, other, kind: str = "bought-together") -> float:
    row = row_of(thing, kind)
    if row is None:
        return 0.0
    return float(row.score[row.item_id == family_of(other)].sum())


def reasons_beside(thing, kind: str = "bought-together", **options) -> dict[str, str]:
    slate = recommend(None, kind, seeds=[thing], **options)
    return {slot.title: slot.reason.text for slot in slate}


@pytest.mark.parametrize("kind", KINDS)
def test_in_a_shop_nobody_came_to_the_word_alone_puts_it_there(shop, kind):
    suggest(shop[0], shop[1], kind)

    outcome = rebuild(kind)

    assert outcome.live, outcome.reason
    assert beside(shop[0], kind) == [family_of(shop[1])]
    assert beside(shop[1], kind) == []
    assert outcome.figures["suggested"] == 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_stronger_word_stands_first(shop, kind):
    suggest(shop[0], shop[1], kind, strength=10)
    suggest(shop[0], shop[2], kind, strength=40)

    rebuild(kind)

    assert beside(shop[0], kind) == [family_of(shop[2]), family_of(shop[1])]


def test_the_more_come_without_taking_it_the_lower_it_stands_until_it_is_gone(taught):
    tea, mug, pot, cup = taught[:4]
    suggest(tea, mug, strength=10)
    buy(customers(6), [tea, pot])
    rebuild("bought-together")
    assert beside(tea, "bought-together")[0] == family_of(mug)

    scores, places = [], []
    for more in (14, 30, 50, 400, 600):
        # Half of them take something else with it, and the others nothing.
        buy(customers(more // 2), [tea, pot])
        buy(customers(more - more // 2), [tea])
        rebuild("bought-together", force=True)
        listed = beside(tea, "bought-together")
        places.append(listed.index(family_of(mug)) if family_of(mug) in listed else None)
        scores.append(score_of(tea, mug))

    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)
    assert places == [1, 1, 1, 1, None]
    assert beside(tea, "bought-together") == [family_of(pot)]
    assert cup is not mug


@pytest.mark.parametrize("kind", ["similar", "bought-after"])
def test_in_the_other_lists_it_falls_as_well(taught, kind):
    tea, mug, pot = taught[:3]
    suggest(tea, mug, kind, strength=2)
    found = []
    for n in (0, 8, 60, 200):
        people = customers(n)
        if kind == "similar":
            look(range(10_000 + n, 10_000 + 2 * n), [tea, pot])
        else:
            buy(people, [tea], days_ago=40)
            buy(people, [pot], days_ago=20)
        rebuild(kind, force=True)
        found.append(score_of(tea, mug, kind))

    assert found == sorted(found, reverse=True)
    assert found[0] > found[1] > found[2] > found[3] == 0


def test_whoever_never_came_again_says_nothing_of_what_comes_after(taught):
    suggest(taught[0], taught[1], "bought-after")
    rebuild("bought-after", force=True)
    before = score_of(taught[0], taught[1], "bought-after")

    buy(customers(30), [taught[0]])
    rebuild("bought-after", force=True)

    assert score_of(taught[0], taught[1], "bought-after") == before > 0


def test_where_shoppers_say_the_same_loudly_it_makes_next_to_no_difference(taught):
    tea, mug, pot = taught[:3]
    buy(customers(300), [tea, mug])
    buy(customers(60), [tea, pot])
    rebuild("bought-together")
    before, alone = beside(tea, "bought-together"), score_of(tea, mug)

    suggest(tea, mug, strength=5)
    rebuild("bought-together")

    assert beside(tea, "bought-together") == before
    assert alone <= score_of(tea, mug) == pytest.approx(alone, abs=0.005)


def test_no_other_pair_and_no_other_list_is_touched(taught):
    tea, mug, pot, cup = taught[:4]
    buy(customers(9), [tea, pot])
    buy(customers(9), [mug, cup])
    rebuild("bought-together")
    before = [score_of(tea, pot), score_of(pot, tea), score_of(mug, cup), score_of(cup, mug)]

    suggest(tea, mug)
    rebuild("bought-together")

    after = [score_of(tea, pot), score_of(pot, tea), score_of(mug, cup), score_of(cup, mug)]
    assert after == before
    assert beside(mug, "bought-together") == [family_of(cup)]


@pytest.mark.parametrize("discount", [0.0, 0.3, 0.8, 1.0])
def test_it_finds_its_place_whatever_the_popularity_discount(taught, settings, discount):
    settings.PERSONA = {**settings.PERSONA, "POPULARITY_DISCOUNT": discount}
    tea, mug, pot, cup = taught[:4]
    buy(customers(30), [tea, pot])
    buy(customers(6), [tea, cup])
    suggest(tea, mug, strength=40)
    rebuild("bought-together")
    strong = score_of(tea, mug)

    SuggestedPair.objects.update(strength=12)
    rebuild("bought-together")

    assert strong > score_of(tea, mug) > 0
    # More than the cosine holds back what is popular, and nobody has bought the mug.
    assert (score_of(tea, pot) > score_of(tea, mug)) == (discount < 0.5)


def test_what_fewer_than_a_crowd_did_moves_no_word(taught):
    tea, mug, pot = taught[:3]
    suggest(tea, mug, strength=10)
    suggest(tea, pot, strength=9)
    rebuild("bought-together")
    before = row_of(tea).score.tolist()

    buy(customers(K - 1), [tea, mug])
    buy(customers(K - 1), [pot])
    rebuild("bought-together")

    assert row_of(tea).score.tolist() == before


def test_shoppers_read_that_the_shop_suggests_it_and_no_figure(taught):
    tea, mug, pot = taught[:3]
    buy(customers(12), [tea, pot])
    suggest(tea, mug, strength=500)
    rebuild("bought-together")

    found = reasons_beside(tea)

    assert found[mug.name] == "Suggested by our shop"
    assert found[pot.name] == "Bought together by more than 10 customers"


def test_figures_count_real_people_only(taught):
    tea, mug = taught[:2]
    buy(customers(12), [tea, mug])
    suggest(tea, mug, strength=500)
    rebuild("bought-together")

    row = row_of(tea)

    assert (row.support.tolist(), row.item_support) == ([12], 12)
    assert reasons_beside(tea)[mug.name] == "Bought together by more than 10 customers"


def test_a_heading_claims_nothing_of_what_is_only_suggested(shop):
    suggest(shop[0], shop[1])
    rebuild("bought-together")
    ask = {"seed": f"shop.product:{shop[0].pk}", "size": 1}

    answer = Client().get("/persona/api/v1/blocks/bought-together/", ask).json()

    assert answer["title"] == "More to discover"
    assert answer["slots"][0]["item"] == f"shop.product:{shop[1].pk}"
    assert answer["slots"][0]["reason"]["code"] == "suggested"


def test_what_has_expired_is_in_no_later_version(shop):
    suggest(shop[0], shop[1], expires_at=timezone.now() - timedelta(minutes=1))
    suggest(shop[0], shop[2], expires_at=timezone.now() + timedelta(days=1))

    rebuild("bought-together")

    assert beside(shop[0], "bought-together") == [family_of(shop[2])]


def test_what_is_taken_back_goes_with_the_next_version_also_where_it_was_all_there_was(shop):
    suggest(shop[0], shop[1])
    assert rebuild("bought-together").live
    SuggestedPair.objects.all().delete()

    outcome = rebuild("bought-together")

    assert outcome.live and outcome.is_empty
    assert beside(shop[0], "bought-together") == []


def test_what_is_taken_back_is_no_loss_of_what_was_learnt(taught):
    buy(customers(9), taught[0:2])
    for thing in taught[2:7]:
        suggest(thing, taught[7])
        suggest(taught[0], thing, strength=900)
    assert rebuild("bought-together").live
    assert len(beside(taught[0], "bought-together")) == 6
    SuggestedPair.objects.all().delete()

    outcome = rebuild("bought-together")

    assert outcome.live, outcome.reason
    assert outcome.figures["overlap"] == 1
    assert beside(taught[0], "bought-together") == [family_of(taught[1])]
    assert beside(taught[3], "bought-together") == []


def test_suggestions_do_not_hide_that_what_was_learnt_is_lost(taught):
    buy(customers(9), taught[0:2])
    for thing in taught[4:7]:
        suggest(thing, taught[7])
    assert rebuild("bought-together").live

    Order.objects.all().delete()
    outcome = rebuild("bought-together")

    assert not outcome.live
    assert "covers only 0% of the 2 items" in outcome.reason


def test_a_damaged_list_of_what_is_taken_back_keeps_no_version_from_going_live(taught):
    buy(customers(9), taught[0:2])
    for thing in taught[2:7]:
        suggest(thing, taught[7])
    assert rebuild("bought-together").live
    words = [family_of(thing) for thing in taught[2:7]]
    NeighbourRow.objects.filter(item_id__in=words).update(data=b"damaged")
    SuggestedPair.objects.all().delete()

    outcome = rebuild("bought-together")

    assert outcome.live, outcome.reason
    assert beside(taught[3], "bought-together") == []


def test_while_too_few_shoppers_teach_lists_hold_suggestions_alone(shop):
    suggest(shop[0], shop[1])
    buy(customers(9), shop[2:4])

    assert rebuild("bought-together").live
    assert beside(shop[0], "bought-together") == [family_of(shop[1])]
    assert beside(shop[2], "bought-together") == []

    assert rebuild("bought-together", force=True).live
    assert beside(shop[2], "bought-together") == [family_of(shop[3])]


def test_stage_by_stage_it_comes_to_the_same(taught, settings):
    settings.PERSONA = {**settings.PERSONA, "CHUNK_FOR": timedelta(0)}
    buy(customers(9), [taught[0], taught[2]])
    suggest(taught[0], taught[1])
    rebuild("bought-together")
    in_one_go = rows_of_live("bought-together")
    Lease.objects.update(done_at=0)

    fence = step("bought-together").fence
    while fence is not None:
        fence = step("bought-together", fence=fence).fence

    assert ModelVersion.objects.filter(kind="bought-together").count() == 2
    assert rows_of_live("bought-together") == in_one_go


def test_going_back_to_an_older_version_shows_the_lists_of_then(taught):
    buy(customers(9), [taught[0], taught[2]])
    rebuild("bought-together")
    before = live("bought-together")
    suggest(taught[0], taught[1], strength=500)
    rebuild("bought-together")
    assert beside(taught[0], "bought-together")[0] == family_of(taught[1])

    publish(before)

    assert beside(taught[0], "bought-together") == [family_of(taught[2])]


def test_a_word_about_a_variant_holds_for_its_family(shop):
    red, blue = product("Red mug", family="mug"), product("Blue mug", family="mug")
    read_catalogue()
    suggest(shop[0], blue, strength=5)
    suggest(shop[0], red, strength=40)
    suggest(red, blue)

    rebuild("bought-together")

    assert beside(shop[0], "bought-together") == [family_of(red)]
    assert score_of(shop[0], red) == pytest.approx(40 / 50)
    assert beside(red, "bought-together") == []


def test_what_is_sensitive_or_not_sold_appears_through_no_word(settings):
    settings.PERSONA = {**settings.PERSONA, "SENSITIVE_CATEGORIES": ("Health",)}
    test = product("Test", category="Health > Tests")
    tea, mug, pot = product("Tea"), product("Mug", stock=0), product("Pot")
    read_catalogue()
    for other in (test, mug, pot):
        suggest(tea, other, strength=100)
    suggest(test, tea)

    rebuild("bought-together")

    assert family_of(test) not in beside(tea, "bought-together")
    assert beside(test, "bought-together") == []
    assert [*reasons_beside(tea)] == ["Pot"]


def test_what_left_the_catalogue_or_is_another_stores_says_nothing(shop):
    suggest(shop[0], shop[1])
    suggest(shop[0], shop[2])
    suggest(shop[0], shop[3])
    gone, elsewhere = item_id(shop[1]), item_id(shop[2])
    SuggestedPair.objects.filter(other_id=gone).update(other_id=999_999)
    Item.objects.filter(pk=elsewhere).update(store=2)
    read_catalogue()

    rebuild("bought-together")

    assert beside(shop[0], "bought-together") == [family_of(shop[3])]


def test_lists_learnt_without_a_word_are_kept_to_the_last_bit(taught):
    look(range(1, 11), taught[0:3])
    buy(customers(9), taught[2:4])
    rebuild("similar")
    before = [row_of(one, "similar") for one in taught[:4]]
    suggest(taught[6], taught[7], "similar")

    rebuild("similar")

    after = [row_of(one, "similar") for one in taught[:4]]
    for one, other in zip(before, after, strict=True):
        assert np.array_equal(one.item_id, other.item_id)
        assert np.array_equal(one.score, other.score)
