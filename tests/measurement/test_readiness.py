"""persona_status says what is there, what is missing, and what to do."""

import json
import time
from datetime import datetime, timezone
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connections, router
from django.test import override_settings

from persona_django.catalogue import registry
from persona_django.catalogue.models import Item
from persona_django.identity.models import Standing, Visitor
from persona_django.measurement.readiness import kinds, report
from persona_django.model_registry.models import Lease, ModelVersion
from persona_django.training.rebuild import rebuild_all
from tests import factories
from tests.shop.models import Order, OrderLine, Product
from tests.training.history import buy, customers


def status(**options) -> str:
    out = StringIO()
    call_command("persona_status", stdout=out, **options)
    return out.getvalue()


@pytest.mark.django_db
def test_an_empty_shop_is_told_to_sync_and_to_rebuild():
    said = status()

    assert "Registered: shop.gift, shop.product." in said
    assert "0 on sale" in said
    assert "Run: python manage.py persona_sync" in said
    assert "similar: Nothing was learnt yet. Run: python manage.py persona_rebuild" in said
    assert "until then it shows what is alike by its texts, then what is popular" in said


@pytest.mark.django_db
def test_a_shop_that_learnt_is_told_what_its_blocks_show():
    tea, mug = factories.products(2)
    factories.read_catalogue()
    version = factories.publish_neighbours("similar", {tea: [(mug, 0.5, 9)]})
    ModelVersion.objects.filter(pk=version.pk).update(figures={"items": 2, "pairs": 1000})

    said = status()

    assert "2 on sale, 0 retired." in said
    assert f"Version {version.pk} is live" in said
    assert "2 items, 1,000 pairs" in said
    assert "similar-items: Shows what was learnt" in said


def said_of(about: str) -> list:
    return [finding for finding in report().findings if finding.about == about]


EMPTY = "Asked for now, it is empty: "


@pytest.mark.django_db
def test_a_shop_with_something_to_sell_has_no_empty_block():
    factories.products(3)
    factories.read_catalogue()

    for slug in ("similar-items", "bought-together"):
        said = said_of(slug)[-1]
        assert said.ok and EMPTY not in said.text


@pytest.mark.django_db
@pytest.mark.parametrize("change", [{"stock": 0}, {"is_active": False}])
def test_what_is_sold_out_or_switched_off_is_not_counted_as_on_sale(change):
    made = factories.products(3)
    Product.objects.filter(pk__in=[one.pk for one in made[:2]]).update(**change)
    factories.read_catalogue()

    (said,) = said_of("catalogue")

    assert said.ok
    assert said.text.startswith("1 on sale, ")
    (block,) = said_of("similar-items")
    assert not block.ok
    assert EMPTY + "There is only this product on sale" in block.text


@pytest.mark.django_db
def test_where_nothing_is_on_sale_catalogue_and_blocks_say_so():
    factories.products(3, stock=0)
    factories.read_catalogue()

    (catalogue,) = said_of("catalogue")
    (block,) = said_of("similar-items")

    assert not catalogue.ok
    assert "0 on sale, 3 sold out or switched off, 0 retired. Look at available" in catalogue.text
    assert not block.ok
    assert EMPTY + "Nothing in the catalogue is on sale." in block.text


@pytest.mark.django_db
def test_a_map_that_shows_nothing_to_anybody_is_named_as_the_cause():
    factories.products(3)
    factories.read_catalogue()
    with factories.mapped(Product, visible=lambda self, rows, account: rows.none()):
        (block,) = said_of("similar-items")

    assert not block.ok
    assert EMPTY in block.text
    assert "the shop's own products gave none of them: visible()" in block.text


@pytest.mark.django_db
def test_blocks_of_another_store_are_asked_for_in_that_store():
    factories.products(3)
    factories.read_catalogue()

    (block,) = [one for one in report(2).findings if one.about == "similar-items"]

    assert not block.ok
    assert EMPTY + "The catalogue was not read yet" in block.text


@pytest.mark.django_db
def test_a_version_that_is_held_back_is_reported_with_its_reason():
    ModelVersion.objects.create(
        kind="similar", status=ModelVersion.Status.STAGED, fence=1, reason="Only 3 shoppers."
    )

    assert "is not live: Only 3 shoppers." in status()


@pytest.mark.django_db
def test_a_shop_without_visits_has_nothing_to_do_about_what_only_visits_teach():
    factories.products(4)
    factories.read_catalogue()
    buy(customers(6), [*Product.objects.order_by("pk")])
    rebuild_all(force=False)

    # Blocks of the same names come after their kinds.
    learnt, held_back, alike = (said_of(kind)[0] for kind in ("similar", "viewed-next", "content"))

    assert not learnt.ok, "six customers are too few for what every shop has"
    assert held_back.ok
    assert "Only 0 shoppers with two or more items so far" in held_back.text
    assert alike.ok and "is live" in alike.text


@pytest.mark.django_db
def test_where_too_few_people_came_again_a_shop_waits_as_it_does_for_visits():
    factories.products(4)
    factories.read_catalogue()
    goods = [*Product.objects.order_by("pk")]
    few = customers(6)
    buy(few, goods[:2], days_ago=9)
    buy(few, goods[2:], days_ago=1)
    rebuild_all(force=False)

    (held_back, *_) = said_of("bought-after")

    assert held_back.ok
    assert "Only 6 shoppers" in held_back.text


@pytest.mark.django_db
def test_what_is_held_back_although_people_enough_came_is_for_a_person_to_see():
    ModelVersion.objects.create(
        kind="viewed-next",
        status=ModelVersion.Status.STAGED,
        fence=1,
        reason="It covers only 3 % of the items.",
        figures={"shoppers_with_two_items": 1_000},
    )

    assert not said_of("viewed-next")[0].ok


@pytest.mark.django_db
def test_every_kind_is_told_of_once():
    factories.products(2)
    factories.read_catalogue()

    said = [(finding.about, finding.text) for finding in report().findings]

    assert len(said) == len(set(said))
    assert kinds().count("popular") == 1


@pytest.mark.django_db
def test_jobs_tell_when_they_finished_and_what_went_wrong():
    Lease.objects.create(name="rebuild/similar/1", done_at=1_700_000_000)
    Lease.objects.create(name="snapshot/1", note="OSError: no space left on device")

    said = status()

    assert "rebuild/similar/1 last finished" in said
    assert "snapshot/1: OSError: no space left on device" in said


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["retention/1", "rebuild/similar/2"])
def test_of_a_job_that_waits_it_says_what_lets_it_go_on(name):
    Lease.objects.create(name=name, attempts=3, expires_at=1, done_at=1_700_000_000)

    said = status()

    assert f"todo jobs: {name} waits for a person. Died 3 times in a row" in said
    assert f"python manage.py persona_run --again {name}." in said


@pytest.mark.django_db
def test_a_third_attempt_that_is_still_at_it_waits_for_nobody():
    Lease.objects.create(name="retention/1", attempts=3, expires_at=time.time() + 60, holder="me")

    assert "waits for a person" not in status()


@pytest.mark.django_db
def test_a_machine_reads_the_same_findings_and_the_exit_status():
    found = json.loads(status(json=True))

    assert found["ok"] is False
    assert ("catalogue", False) in {(said["about"], said["ok"]) for said in found["findings"]}
    with pytest.raises(SystemExit):
        status(check=True)


@pytest.mark.django_db
def test_one_of_a_thing_is_not_called_several():
    Visitor.objects.create(key=1, purposes="measure", standing=Standing.ROBOT)
    buy(customers(1), factories.products(1))

    said = status()

    assert "0 events stored, 1 visitor who agreed" in said
    assert "visitors: 0 count, 0 are too new to tell, 1 behaves like a robot" in said
    assert "1 line of shop.orderline counts as purchases." in said


@pytest.mark.django_db
def test_a_shop_that_registered_nothing_is_told_to_write_a_persona_py():
    with registry.isolated():
        texts = [finding.text for finding in report().findings]

    assert any("No product model is registered" in text for text in texts)
    assert any("No order lines are registered" in text for text in texts)


@override_settings(PERSONA={"ENABLED": False})
def test_a_shop_that_switched_the_app_off_is_told_so_without_a_query():
    assert 'PERSONA["ENABLED"] is False' in status()


@pytest.mark.django_db(transaction=True)
def test_before_migrate_the_advice_is_to_migrate():
    alias = router.db_for_write(Item)
    with connections[alias].schema_editor() as editor:
        editor.delete_model(Item)
    try:
        assert "Run: python manage.py migrate" in status()
    finally:
        with connections[alias].schema_editor() as editor:
            editor.create_model(Item)


@pytest.mark.django_db
def test_an_order_map_without_a_customer_is_named_as_the_cause_of_an_empty_reorder_block():
    with registry.isolated():
        said = {finding.about: finding for finding in report().findings}

    assert not said["reorder"].ok
    assert "names its `customer`" in said["reorder"].text


@pytest.mark.django_db
def test_an_order_map_that_raises_is_reported_and_the_rest_is_still_said(monkeypatch):
    (order_map,) = registry.order_maps()

    def broken():
        raise ValueError("no such thing")

    monkeypatch.setattr(order_map, "queryset", broken)

    said = status()

    assert "cannot be read: no such thing" in said
    assert "similar-items:" in said


@pytest.mark.django_db
def test_orders_that_name_no_product_of_the_catalogue_are_told_with_what_to_look_at(monkeypatch):
    tea, mug = factories.product("Tea"), factories.product("Mug")
    ada = User.objects.create(username="ada")
    order = Order.objects.create(user=ada, paid=True, created=datetime.now(timezone.utc))
    OrderLine.objects.create(order=order, product=mug, quantity=40, price=1)
    factories.read_catalogue()
    (found,) = said_of("orders")[1:]
    assert found.ok

    (order_map,) = registry.order_maps()
    monkeypatch.setattr(order_map, "item", "quantity")

    (found,) = said_of("orders")[1:]
    assert not found.ok
    assert "None of the newest names a product" in found.text
    assert "(quantity)" in found.text
    assert tea.pk != 40


@pytest.mark.django_db
def test_a_shop_without_products_is_not_told_to_sync_again():
    factories.read_catalogue()

    said = status()

    assert "The shop has no products" in said
    assert "persona_sync" not in said
