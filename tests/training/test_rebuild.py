"""From a shop's history to what its pages show."""

from __future__ import annotations

from datetime import timedelta

import pytest

from persona_django.artefacts import store as artefacts
from persona_django.exceptions import LostLease
from persona_django.model_registry.leases import hold
from persona_django.model_registry.live import POPULAR_SCHEMA, live_artefact
from persona_django.model_registry.models import Lease, ModelVersion
from persona_django.similarity.models import NeighbourRow
from persona_django.similarity.store import stored_versions
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Basis, Kind
from persona_django.training.rebuild import rebuild, rebuild_all, step
from tests.factories import family_of, item_id, product, products, read_catalogue
from tests.shop.models import OrderLine
from tests.training.history import beside, buy, customers, live, look, rows_of_live

pytestmark = pytest.mark.django_db
Status = ModelVersion.Status


@pytest.fixture(autouse=True)
def _small_shop_may_learn(settings):
    settings.PERSONA = {**settings.PERSONA, "MIN_TRAINING_SHOPPERS": 3, "MIN_LOG_LIKELIHOOD": 0}


@pytest.fixture
def shop():
    """Eight products; ten shoppers looked at two of them, ten at two others."""
    made = products(8)
    read_catalogue()
    look(range(1, 11), made[0:2])
    look(range(11, 21), made[2:4])
    return made


def test_what_the_same_shoppers_look_at_becomes_similar(shop):
    outcome = rebuild("similar")

    assert outcome.live
    assert beside(shop[0]) == [family_of(shop[1])]
    assert beside(shop[2]) == [family_of(shop[3])]
    assert beside(shop[5]) == []


def test_what_is_ordered_at_once_is_bought_together(shop):
    buyers = customers(6)
    buy(buyers, [shop[4], shop[5]])
    buy(buyers, [shop[6]])

    rebuild("bought-together")

    assert beside(shop[4], "bought-together") == [family_of(shop[5])]
    assert beside(shop[6], "bought-together") == []


def test_purchases_teach_what_is_similar_across_orders_too(shop):
    buyers = customers(6)
    buy(buyers, [shop[4]])
    buy(buyers, [shop[6]])

    rebuild("similar")

    assert beside(shop[4]) == [family_of(shop[6])]


def test_imported_purchases_teach_like_the_shops_own_orders(shop):
    look(range(100, 106), shop[4:6], kind=Kind.PURCHASE, basis=Basis.AGGREGATE, order=1)

    rebuild("bought-together")

    assert beside(shop[4], "bought-together") == [family_of(shop[5])]


def test_imported_purchases_without_an_order_count_by_day(shop):
    look(range(100, 106), [shop[4]], kind=Kind.PURCHASE, days_ago=20)
    look(range(100, 106), shop[5:7], kind=Kind.PURCHASE, days_ago=3)

    rebuild("bought-together")

    assert beside(shop[5], "bought-together") == [family_of(shop[6])]
    assert beside(shop[4], "bought-together") == []


def test_orders_teach_nothing_when_the_shop_says_so(shop, settings):
    settings.PERSONA = {**settings.PERSONA, "LEARN_FROM_ORDERS": False}
    buy(customers(6), shop[4:6])

    outcome = rebuild("bought-together")

    assert not outcome.live
    assert outcome.figures["rows_read"] == 0


def test_refunded_lines_are_taken_back(shop):
    buyers = customers(6)
    buy(buyers, shop[4:6])
    rebuild("bought-together", force=True)
    assert beside(shop[4], "bought-together")

    OrderLine.objects.filter(product=shop[5]).update(refunded=1)
    rebuild("bought-together", force=True)

    assert beside(shop[4], "bought-together") == []


@pytest.mark.parametrize("kind", ["similar", "bought-together"])
def test_purchases_may_weigh_nothing(shop, settings, kind):
    settings.PERSONA = {**settings.PERSONA, "EVENT_WEIGHTS": {"purchase": 0}}
    buy(customers(6), shop[4:6])

    assert rebuild(kind).live
    assert bool(beside(shop[4], kind)) == (kind == "bought-together")


def test_variants_learn_as_one_family(shop):
    small, large = product("Pot S", family="pot"), product("Pot L", family="pot")
    read_catalogue()
    look(range(201, 203), [small, shop[7]])
    look(range(203, 205), [large, shop[7]])

    rebuild("similar")

    assert beside(shop[7]) == [family_of(small)]
    assert family_of(small) == family_of(large)


def test_sensitive_categories_are_never_learnt_from(settings):
    settings.PERSONA = {**settings.PERSONA, "SENSITIVE_CATEGORIES": ("Pharmacy",)}
    pills, soap, tea, mug = (
        product("Pills", category="Pharmacy > Pills"),
        product("Soap", category="Pharmacy > Soap"),
        product("Tea"),
        product("Mug"),
    )
    read_catalogue()
    look(range(1, 11), [pills, soap, tea, mug])

    rebuild_all()

    assert beside(tea) == [family_of(mug)]
    assert beside(pills) == []
    popular = artefacts.load(live_artefact("popular"), schema=POPULAR_SCHEMA)
    assert set(popular["group_id"].tolist()) == {family_of(tea), family_of(mug)}


def test_popular_counts_shoppers_not_clicks(shop):
    for _ in range(30):
        look([1], [shop[7]])
    look(range(1, 8), [shop[6]])

    rebuild("popular")

    found = artefacts.load(live_artefact("popular"), schema=POPULAR_SCHEMA)
    shoppers = dict(zip(found["group_id"].tolist(), found["shoppers"].tolist(), strict=True))
    assert shoppers[family_of(shop[6])] == 7
    assert family_of(shop[7]) not in shoppers


def test_figures_of_the_run_are_kept_with_the_version(shop):
    buy(customers(6), shop[4:6])

    rebuild_all()

    figures = live("similar").figures
    assert figures["rows_read"] == 52
    assert figures["pairs"] == 6 and figures["items"] == 6
    assert figures["backend"] in ("numba", "scipy")
    assert {"reading", "reducing", "kernel", "writing", "publishing"} <= set(figures["seconds"])


def test_too_few_shoppers_leave_the_version_staged_with_the_reason(shop, settings):
    settings.PERSONA = {**settings.PERSONA, "MIN_TRAINING_SHOPPERS": 25}

    outcome = rebuild("similar")

    assert not outcome.live
    assert "20 shoppers" in outcome.reason and "25" in outcome.reason
    assert beside(shop[0]) == []


def test_force_publishes_in_spite_of_the_reason(shop, settings):
    settings.PERSONA = {**settings.PERSONA, "MIN_TRAINING_SHOPPERS": 25}

    assert rebuild("similar", force=True).live
    assert beside(shop[0])


def test_an_empty_shop_learns_nothing_and_says_so():
    outcomes = rebuild_all()

    # Which may be empty on a quiet day.
    assert [outcome.kind for outcome in outcomes if outcome.live] == ["trending"]
    assert all(outcome.reason for outcome in outcomes)


def test_lost_events_do_not_replace_a_good_version(shop):
    rebuild("similar")
    before = beside(shop[0])
    Event.objects.filter(item_id__in=[item_id(one) for one in shop[:3]]).delete()
    look(range(31, 41), shop[5:7])

    outcome = rebuild("similar")

    assert not outcome.live
    assert "covers only 0% of the 4 items" in outcome.reason
    assert beside(shop[0]) == before


def test_rebuilding_twice_gives_the_same_rows(shop):
    buy(customers(6), shop[4:7])
    rebuild_all()
    first = {kind: rows_of_live(kind) for kind in ("similar", "bought-together")}

    rebuild_all()

    assert {kind: rows_of_live(kind) for kind in first} == first


def test_stage_by_stage_gives_the_same_rows_as_in_one_go(shop, settings):
    settings.PERSONA = {**settings.PERSONA, "CHUNK_FOR": timedelta(0)}
    buy(customers(6), shop[4:7])
    rebuild("similar")
    in_one_go = rows_of_live("similar")
    Lease.objects.update(done_at=0)

    steps, fence = 0, None
    while True:
        result = step("similar", fence=fence)
        assert result.done
        steps, fence = steps + 1, result.fence
        if fence is None:
            break

    assert steps >= 3
    assert rows_of_live("similar") == in_one_go
    assert ModelVersion.objects.filter(kind="similar").count() == 2
    assert artefacts.newest("work/similar/1") is None


def test_a_step_that_is_not_due_does_nothing(shop):
    rebuild("similar")

    assert not step("similar").done


def test_a_run_goes_on_where_a_dead_worker_left_it(shop):
    first = step("similar")
    died_at = step("similar", fence=first.fence)
    assert died_at.fence is not None
    Lease.objects.update(expires_at=1)

    resumed = step("similar")

    # Reading and learning are not repeated: the next stage is the last one.
    assert resumed.done and resumed.fence is None
    assert live("similar") is not None
    assert stored_versions() == {live("similar").pk}


def test_work_that_cannot_be_read_any_more_is_done_again(shop):
    step("similar")
    artefacts.prune("work/similar/1", keep=0)
    Lease.objects.update(expires_at=1)

    assert step("similar").fence is not None

    assert live("similar") is None


def test_a_worker_that_lost_its_lease_publishes_nothing(shop):
    with pytest.raises(LostLease), hold("rebuild/similar/1") as held:
        Lease.objects.update(expires_at=1)
        assert rebuild("similar").live
        held.renew(surely=True)

    assert ModelVersion.objects.filter(status=Status.LIVE).count() == 1


def test_a_person_is_told_when_another_worker_is_at_it(shop):
    with hold("rebuild/similar/1"):
        outcome = rebuild("similar")

    assert not outcome.live and "Another worker" in outcome.reason


def test_rows_of_old_versions_and_of_dead_builders_are_deleted(shop):
    for _ in range(5):
        rebuild("similar")
    NeighbourRow.objects.create(version_id=10**6, relation=1, item_id=1, data=b"orphan")

    rebuild_all()

    kept = ModelVersion.objects.filter(kind="similar").values_list("pk", flat=True)
    content = ModelVersion.objects.filter(kind="content").values_list("pk", flat=True)
    assert len(kept) == 3
    assert stored_versions() == {*kept, *content}
