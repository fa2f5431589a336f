"""`manage.py demo` from an empty database to pages, as a newcomer runs it."""

from __future__ import annotations

import io
import json
import re
import socket
import sys

import numpy as np
import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils.html import escape

from example_shop.loaders import bulk
from example_shop.loaders.browsing import hand_over
from example_shop.loaders.filling import Filled
from example_shop.loaders.shop_data import Browsing
from example_shop.management.commands import demo as command
from example_shop.management.demonstration import progress
from example_shop.management.demonstration.run import PASSWORD
from example_shop.models import Brand, Customer, Order, OrderLine, Product
from persona_django.catalogue.snapshot import current_snapshot
from persona_django.catalogue.sync import sync
from persona_django.identity.keys import keyed
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Kind

pytestmark = pytest.mark.django_db(transaction=True)

SMALL = {"shoppers": 250, "products": 200, "no_server": True}


@pytest.fixture(autouse=True)
def own_folders(settings, tmp_path):
    settings.PERSONA = {**settings.PERSONA, "CACHE_FOLDER": str(tmp_path / "persona")}


def demo(**options) -> str:
    out = io.StringIO()
    call_command("demo", stdout=out, **{**SMALL, **options})
    return out.getvalue()


def told(*command: str) -> str:
    out = io.StringIO()
    call_command(*command, stdout=out, no_color=True)
    return out.getvalue()


def test_a_newcomer_reads_what_is_in_the_shop_what_was_learnt_and_how_good_it_is(tmp_path, capfd):
    said = demo(json=str(tmp_path / "figures.json"))

    figures = json.loads((tmp_path / "figures.json").read_text())
    assert "The shop: an invented department store" in said
    assert "similar items    version" in said
    assert "floor" in said and "ceiling" in said
    assert figures["counts"]["products"] == 200
    assert figures["counts"]["customers"] == Customer.objects.count() == 250
    assert figures["counts"]["orders"] == Order.objects.count() > 1_000
    taken_in = Event.objects.exclude(kind__in=(Kind.DISMISS, Kind.RESTORE)).count()
    assert figures["counts"]["visit_events"] == taken_in > 1_000
    assert [version["kind"] for version in figures["versions"] if version["live"]] == [
        "similar", "bought-together", "bought-after", "viewed-next", "content",
        "visit-next", "trending", "popular",
    ]  # fmt: skip
    assert len(figures["quality"]) == 6
    assert all(one["floor"] < one["found"] <= one["ceiling"] for one in figures["quality"])
    assert len(figures["neighbours"]) == 10
    assert "it does not come back, everybody else goes on to see it" in said
    dismissed = figures["dismissed"]
    assert not dismissed["came_back"]
    assert dismissed["others_see_it"] and dismissed["came_back_when_restored"]
    assert figures["steps"][0]["name"] == "Making the database"
    assert "Learning what belongs together" in capfd.readouterr().err


def test_the_shop_it_leaves_behind_can_be_walked_through(client):
    demo()
    shopper = Customer.objects.exclude(demo_note="").first()
    product = Product.objects.filter(is_active=True, stock__gt=0).order_by("-sold", "id").first()

    signed_in = client.login(username=shopper.user.get_username(), password=PASSWORD)
    page = client.get(product.get_absolute_url())

    assert signed_in
    assert client.get(reverse("home")).status_code == 200
    assert page.status_code == 200
    assert escape(product.name) in page.content.decode()
    assert current_snapshot() is not None
    assert OrderLine.objects.filter(refunded__gt=0, refunded_at__isnull=False).exists()


def test_the_shop_it_leaves_behind_has_nothing_to_do_and_nothing_too_old():
    said = demo()

    assert "todo" not in told("persona_status")
    assert "retention/1: 0 old rows deleted" in told("persona_run", "--again", "retention/1")
    assert "looks and carts imported from the log of those who agreed" in said


def test_staff_read_the_exact_figures_on_the_shop_s_cards_and_nobody_else_does(client):
    demo()
    product = Product.objects.filter(is_active=True, stock__gt=0).order_by("-sold", "id").first()
    boss = get_user_model().objects.create_superuser("boss", "boss@example.com", "open sesame")

    to_a_shopper = client.get(product.get_absolute_url()).content.decode()
    client.force_login(boss)
    to_staff = client.get(product.get_absolute_url()).content.decode()

    exact = re.compile(
        r'class="card-reason">[^<]*<span class="card-exact">\([\d,]+ of [\d,]+, by chance [^)]+\)'
    )
    assert exact.search(to_staff)
    assert 'class="card-reason"' in to_a_shopper and "card-exact" not in to_a_shopper


def test_running_it_again_goes_on_with_the_same_shop():
    first = demo()
    orders = Order.objects.count()

    again = demo()

    assert "as filled before" in again and "as filled before" not in first
    assert Order.objects.count() == orders
    assert "How good that is" in again


def test_another_shop_is_never_mixed_into_one_that_is_there():
    demo()

    with pytest.raises(CommandError, match="Add --fresh to empty it"):
        demo(seed=2)


def test_fresh_empties_the_shop_and_fills_it_anew():
    demo()
    Brand.objects.create(name="Left over")

    demo(seed=2, fresh=True)

    assert not Brand.objects.filter(name="Left over").exists()
    assert Customer.objects.count() == 250


def test_a_missing_folder_and_a_shop_too_small_are_said_at_once(tmp_path):
    with pytest.raises(CommandError, match="no folder"):
        demo(data="tafeng", data_folder=str(tmp_path / "nowhere"))
    with pytest.raises(CommandError, match="at least 200 products"):
        demo(products=10)


def test_a_port_in_use_is_said_before_the_work_begins():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"tox run -e demo -- --port {port + 1}"):
            demo(no_server=False, port=port)

    assert not Product.objects.exists()


def test_what_it_learnt_is_read_before_it_serves_where_the_output_is_no_terminal(monkeypatch):
    file = io.BytesIO()
    buffered = io.TextIOWrapper(io.BufferedWriter(file, 1 << 20), encoding="utf-8")
    read_when_serving = []
    monkeypatch.setattr(
        command, "call_command", lambda *words, **_: read_when_serving.append(file.getvalue())
    )

    call_command("demo", stdout=buffered, **{**SMALL, "no_server": False, "port": 0})

    assert b"Ctrl+C ends the shop" in read_when_serving[0]


def test_rows_of_a_bulk_insert_continue_the_keys_and_the_database_goes_on_after_them():
    Brand.objects.create(name="First")

    keys = bulk.insert(Brand, {"name": ["Second", "Third"]})
    bulk.continue_keys([Brand])

    first = Brand.objects.get(name="First").pk
    assert keys.tolist() == [first + 1, first + 2]
    assert Brand.objects.create(name="Fourth").pk == first + 3


def test_money_and_times_reach_every_database_unchanged():
    assert bulk.money(np.array([5, 1999, 5])) == ["0.05", "19.99", "0.05"]
    assert bulk.money(np.zeros(0, dtype=np.int64)) == []
    assert [one and one.isoformat() for one in bulk.times(np.array([0, 86_400]))] == [
        None, "1970-01-02T00:00:00+00:00",
    ]  # fmt: skip


def test_looks_of_customers_meet_their_orders_and_strangers_stay_visitors():
    demo()
    Event.objects.all().delete()
    product, user = Product.objects.first(), Customer.objects.first().user
    sync()
    looks = Browsing(
        customer=np.array([0, -1]),
        visitor=["", "stranger"],
        kind=["view", "cart_add"],
        product=np.array([0, 0]),
        at=np.array([1_790_000_000, 1_790_000_001]),
    )

    stored = hand_over(looks, Filled(products=np.array([product.pk]), users=np.array([user.pk])))

    shoppers = set(Event.objects.values_list("shopper", flat=True))
    assert stored == 2
    assert shoppers == {keyed("customer", str(user.pk)), keyed("visitor", "stranger")}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


LONG_STEPS = (
    "Inventing the shop",
    "Filling the shop",
    "Taking in the catalogue",
    "Taking in visits",
    "Learning what belongs together",
    "Measuring against the truth",
)


def test_on_a_terminal_every_long_step_of_the_demo_fills_a_bar(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(progress, "REDRAWN_EVERY", 0.0)

    demo()

    for step in LONG_STEPS:
        drawn = re.findall(rf"{step} +[█░]{{24}} +(\d+)%  (\w+)", screen.getvalue())
        assert drawn and drawn[-1][0] == "100", (step, drawn)
        # A shop this small is read in one page.
        assert len(drawn) > 1 or step == "Taking in the catalogue", (step, drawn)


def test_a_terminal_sees_a_bar_and_a_file_one_line_for_each_step():
    screen, file = Terminal(), io.StringIO()

    for stream in (screen, file):
        steps = progress.Steps(stream=stream)
        with steps.step("Counting") as say:
            say("sheep", 1, 2)
            say("sheep", 2, 2)

    assert "100%  sheep" in screen.getvalue()
    assert file.getvalue().count("\n") == 1
    assert "Counting" in file.getvalue() and "█" not in file.getvalue()
    assert [one.name for one in steps.finished] == ["Counting"]
