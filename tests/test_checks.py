"""The system checks say what is wrong with a shop's set-up, and what to do about it."""

from __future__ import annotations

import ast
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.checks import CheckMessage, run_checks
from django.db import connections, router
from django.test import override_settings

from persona_django import checks
from persona_django.catalogue import ItemMap, OrderMap, register, registry
from persona_django.catalogue.models import Item
from persona_django.check_ids import CHECKS
from persona_django.middleware import PersonaMiddleware
from tests import network
from tests.catalogue.tables import without_tables
from tests.factories import mapped, with_templates
from tests.shop.models import Gift, OrderLine, Product

ROOT = Path(__file__).parent.parent
SOUND = {"CONSENT_POLICY": {"BACKEND": "persona_django.identity.consent.RefuseAll"}}


def found(*databases: str, **persona: Any) -> dict[str, CheckMessage]:
    """Our messages by id, under these settings."""
    with override_settings(PERSONA={**SOUND, **persona}):
        messages = run_checks(databases=list(databases) or None)
    return {m.id: m for m in messages if m.id and m.id.startswith("persona.")}


def words(message: CheckMessage) -> str:
    return f"{message.msg} {message.hint}"


@pytest.mark.django_db
def test_a_sound_shop_hears_nothing():
    assert found() == {}


def test_every_message_has_a_number_in_the_table_and_a_hint():
    text = "".join(
        (ROOT / "persona_django" / name).read_text("utf-8")
        for name in (
            "checks.py",
            "catalogue/declarations.py",
            "catalogue/order_declarations.py",
            "catalogue/registry.py",
            "catalogue/visibility.py",
            "blocks/registry.py",
            "blocks/cards.py",
            "deployment.py",
        )
    )

    assert set(re.findall(r'id="(persona\.[EW]\d{3})"', text)) == set(CHECKS)
    assert text.count("hint=") >= text.count('id="persona.')


def test_a_misspelt_setting_names_the_one_that_was_meant():
    message = found(MIN_BUYRES=7)["persona.E001"]

    assert "MIN_BUYRES" in message.msg
    assert "MIN_BUYERS" in str(message.hint)
    assert "Write MIN_BUYERS" in str(found(min_buyers=7)["persona.E001"].hint)
    assert "reference" in str(found(**{"UTTER_NONSENSE": 1})["persona.E001"].hint)


@override_settings(PERSONA_MIN_BUYERS=10, PERSONA_OF_ANOTHER_APP=10)
def test_a_setting_beside_the_dictionary_is_told_where_it_belongs():
    message = found()["persona.W004"]

    assert message.msg == "PERSONA_MIN_BUYERS in your settings is read by nobody."
    assert 'PERSONA = {"MIN_BUYERS": ...}' in str(message.hint)


@override_settings(PERSONA=[("MIN_BUYERS", 10)])
def test_settings_that_are_no_dictionary_are_told_so_in_a_sentence():
    (message,) = checks.settings_are_possible(None)

    assert message.msg == "PERSONA is no dictionary but a list, so every default is in force."
    assert 'PERSONA = {"MIN_BUYERS": 10}' in str(message.hint)


def test_where_keys_are_random_the_shop_is_asked_when_products_came():
    presents = {"title": "label", "price": "cents", "url": "get_absolute_url"}
    with registry.isolated():
        register(Gift)(type("Presents", (ItemMap,), presents))
        told = words(found()["persona.W028"])
    with registry.isolated():
        goods = {**presents, "title": "name", "price": "price"}
        register(Product)(type("Goods", (ItemMap,), goods))
        counted_up = found()

    assert "Presents names no published_at" in told
    assert "new-arrivals" in told
    assert "persona.W028" not in counted_up


def test_an_impossible_value_is_an_error():
    message = found(MIN_BUYERS=2)["persona.E002"]

    assert "MIN_BUYERS" in message.msg
    assert "neighbour" in str(message.hint)


@pytest.mark.parametrize(
    ("card", "said"),
    [
        ("shop/kard.html", "TemplateDoesNotExist"),
        ("shop/broken.html", "TemplateSyntaxError"),
    ],
)
def test_a_card_that_pages_could_not_read_is_told(card, said):
    with (
        with_templates(shop__broken="{% if %}"),
        mapped(Product, card_template=card),
    ):
        message = found()["persona.W047"]

    assert card in message.msg and said in message.msg
    assert "our own card is shown" in message.msg


def test_a_card_that_can_be_read_is_no_fault():
    with (
        with_templates(shop__card="{{ product }}"),
        mapped(Product, card_template="shop/card.html"),
    ):
        assert "persona.W047" not in found()


def test_faults_of_maps_are_messages():
    with registry.isolated():
        register(Product)(type("Odd", (ItemMap,), {"title": "nmae", "price": "price"}))
        messages = found()

    assert set(messages) == {"persona.E014", "persona.E015"}


def test_a_shop_that_registers_nothing_is_told_where_to_begin():
    with registry.isolated():
        assert "persona.py" in words(found()["persona.W023"])


def test_a_shop_that_registers_orders_alone_is_told_what_it_lacks_first():
    with registry.isolated():
        register(OrderLine)(type("Orders", (OrderMap,), {"item": "product", "order": "order"}))

        assert next(iter(found())) == "persona.W023"


def test_a_missing_middleware_is_told():
    with override_settings(MIDDLEWARE=[]):
        assert checks.MIDDLEWARE in words(found()["persona.W030"])


class OwnMiddleware(PersonaMiddleware):
    """A shop may inherit from ours."""


def test_a_middleware_that_inherits_from_ours_is_ours():
    path = f"{__name__}.OwnMiddleware"
    with override_settings(MIDDLEWARE=["no.such.Middleware", *checks.NEEDED_BEFORE, path]):
        assert "persona.W030" not in found()


@pytest.mark.parametrize("behind", checks.NEEDED_BEFORE)
def test_a_middleware_in_the_wrong_place_is_told(behind: str):
    others = [name for name in checks.NEEDED_BEFORE if name != behind]
    with override_settings(MIDDLEWARE=[*others, checks.MIDDLEWARE, behind]):
        assert behind in words(found()["persona.W031"])


def test_a_shop_without_sessions_is_not_told_about_their_order():
    with override_settings(MIDDLEWARE=[checks.MIDDLEWARE]):
        assert "persona.W031" not in found()


def test_nobody_is_recognised_by_default_and_the_shop_is_told_so():
    with override_settings(PERSONA={}):
        messages = [m for m in run_checks() if m.id == "persona.W032"]

    assert "RefuseAll" in words(messages[0])


def test_whoever_pastes_what_the_check_for_a_policy_says_is_not_told_again():
    with override_settings(PERSONA={}):
        (message,) = [m for m in run_checks() if m.id == "persona.W032"]
    chosen = re.search(r"\{.*\}", str(message.hint))
    assert chosen

    with override_settings(PERSONA={"CONSENT_POLICY": ast.literal_eval(chosen[0])}):
        assert not {"persona.W032", "persona.E060", "persona.E002"} & set(found())


@pytest.mark.parametrize(
    ("addresses", "policy", "expected"),
    [
        ("tests.browsing", "FromCookie", 1),
        ("tests.browsing", "RefuseAll", 0),
        ("tests.browsing", "NoSuchPolicy", 0),
        ("tests.script.urls", "FromCookie", 0),
    ],
)
def test_a_script_without_an_address_to_report_to_is_told(addresses, policy, expected):
    chosen = {"BACKEND": f"persona_django.identity.consent.{policy}"}
    with override_settings(ROOT_URLCONF=addresses, PERSONA={"CONSENT_POLICY": chosen}):
        assert [m.id for m in run_checks()].count("persona.W050") == expected


def test_fewer_than_five_buyers_are_a_warning():
    assert "persona.W036" in found(MIN_BUYERS=4)
    assert "persona.W036" not in found(MIN_BUYERS=5)
    assert "persona.W036" not in found(MIN_BUYERS="many")


@pytest.fixture
def sqlite_file(tmp_path: Path, django_db_blocker: Any) -> Iterator[str]:
    """A further SQLite database in a file, in the journal mode that SQLite starts with."""
    from django.db.backends.sqlite3.base import DatabaseWrapper

    sqlite3.connect(tmp_path / "shop.sqlite3").close()
    options = {**connections["default"].settings_dict, "ENGINE": "django.db.backends.sqlite3"}
    options |= {"NAME": str(tmp_path / "shop.sqlite3"), "OPTIONS": {}, "TEST": {}}
    wrapper = DatabaseWrapper(options, "shop_file")
    connections.databases["shop_file"] = options
    connections["shop_file"] = wrapper
    with django_db_blocker.unblock():
        yield "shop_file"
    wrapper.close()
    del connections["shop_file"]
    del connections.databases["shop_file"]


def asked(alias: str) -> dict[str, CheckMessage]:
    return {m.id: m for m in checks.databases_are_ready(None, databases=[alias]) if m.id}


class Elsewhere:
    """Sends one model of the shop's to the further database."""

    model: Any = Product

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return "shop_file" if model is self.model else None


class OrdersElsewhere(Elsewhere):
    model = OrderLine


@pytest.mark.parametrize("kept", [Elsewhere, OrdersElsewhere])
def test_an_sqlite_database_without_wal_is_told(sqlite_file: str, kept: type):
    with override_settings(DATABASE_ROUTERS=[kept(), *settings.DATABASE_ROUTERS]):
        assert "journal_mode=wal" in words(asked(sqlite_file)["persona.W033"])

        with connections[sqlite_file].cursor() as cursor:
            cursor.execute("PRAGMA journal_mode=wal")

        assert asked(sqlite_file) == {}


def test_an_sqlite_database_that_holds_nothing_we_use_is_nobodys_business(sqlite_file: str):
    assert asked(sqlite_file) == {}


def test_a_database_that_cannot_be_asked_is_said_without_a_stop(sqlite_file: str, tmp_path: Path):
    connections[sqlite_file].close()
    (tmp_path / "shop.sqlite3").write_bytes(b"this is no database at all" * 100)

    with override_settings(DATABASE_ROUTERS=[Elsewhere(), *settings.DATABASE_ROUTERS]):
        assert "could not be asked" in words(asked(sqlite_file)["persona.W035"])


SQLITE = """
SECRET_KEY = "only-for-this-test"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.auth", "django.contrib.contenttypes", "persona_django", "tests.shop"
]
PERSONA = {}
SILENCED_SYSTEM_CHECKS = ["persona.W030", "persona.W032"]
ENGINE = "django.db.backends.sqlite3"
DATABASES = {"default": {"ENGINE": ENGINE, "NAME": "shop.sqlite3", "OPTIONS": {WANTED}}}
"""


def manage(place: Path, *words: str, options: str = "") -> str:
    """What a command prints in a shop of its own on an SQLite file, warnings included."""
    (place / "settings_of_a_shop.py").write_text(SQLITE.replace("WANTED", options), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "django", *words, "--settings", "settings_of_a_shop"],
        cwd=place,
        env={**os.environ, "PYTHONPATH": network.python_path(place, ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_the_commands_that_touch_a_database_ask_for_wal_and_those_that_do_not_are_silent(
    tmp_path: Path,
):
    asked_for = "PRAGMA journal_mode=wal"
    wal = f'"init_command": "{asked_for};"'

    migrated = manage(tmp_path, "migrate", "--verbosity", "1")
    plain, checked = manage(tmp_path, "check"), manage(tmp_path, "check", "--database", "default")

    assert asked_for in migrated
    assert "persona.W033" in migrated
    assert "persona.W033" not in plain
    assert "persona.W033" in checked
    assert "persona.W033" not in manage(tmp_path, "check", "--database", "default", options=wal)


@pytest.mark.django_db
def test_a_database_that_is_ready_hears_nothing():
    assert asked(router.db_for_write(Item)) == {}
    assert checks.databases_are_ready(None, databases=None) == []


@pytest.mark.django_db
@pytest.mark.skipif(
    connections["default"].vendor != "mysql", reason="only MySQL and MariaDB have such a charset"
)
def test_a_database_that_cannot_store_an_emoji_is_told():
    with connections["default"].cursor() as cursor:
        cursor.execute("SET NAMES utf8mb3")
        try:
            assert "utf8mb4" in words(asked("default")["persona.W034"])
        finally:
            cursor.execute("SET NAMES utf8mb4")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "typed", [["manage.py", "migrate"], ["manage.py", "--no-color", "migrate", "persona"]]
)
def test_missing_tables_are_told_except_to_the_command_that_makes_them(
    monkeypatch: pytest.MonkeyPatch, typed: list[str]
):
    alias = router.db_for_write(Item)
    with without_tables():
        assert "manage.py migrate" in words(asked(alias)["persona.W035"])
        monkeypatch.setattr(sys, "argv", typed)
        assert asked(alias) == {}


@pytest.mark.django_db
def test_an_app_that_is_switched_off_checks_its_settings_only():
    with registry.isolated(), override_settings(MIDDLEWARE=[]):
        assert found("default", ENABLED=False) == {}
        assert set(found(ENABLED=False, NONSENSE=1)) == {"persona.E001"}


INERT = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
from django.conf import settings
settings.PERSONA = {"ENABLED": False}
django.setup()
from django.core.management import call_command
from django.db.models.signals import post_save
from persona_django.catalogue import registry
from tests.shop.models import OrderLine, Product
call_command("check")
assert registry.item_maps() == {}, registry.item_maps()
assert not post_save.has_listeners(Product)
import sys
assert "tests.shop.persona" not in sys.modules
try:
    call_command("persona_sync")
except Exception as error:
    print(error)
"""


def test_an_app_that_is_switched_off_discovers_nothing_and_hears_no_signal():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", INERT],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "ENABLED" in done.stdout
