"""Shops without sessions, without accounts, with users of their own: nothing breaks (fault 47)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.identity.children import Shop

pytestmark = pytest.mark.alone

NO_AUTH = """
from tests.settings import *
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.staticfiles", "rest_framework",
                  "persona_django", "plain_shop"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware",
              "persona_django.middleware.PersonaMiddleware"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
ROOT_URLCONF = "plain_shop.urls"
REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": [], "UNAUTHENTICATED_USER": None}
"""
NO_SESSIONS = NO_AUTH.replace(
    '"django.contrib.contenttypes"', '"django.contrib.contenttypes", "django.contrib.auth"'
)
SESSIONS_IN_COOKIES = """
from tests.settings import *
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions",
                  "django.contrib.staticfiles", "rest_framework", "persona_django", "plain_shop"]
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware",
              "django.middleware.csrf.CsrfViewMiddleware",
              "django.contrib.auth.middleware.AuthenticationMiddleware",
              "persona_django.middleware.PersonaMiddleware"]
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
ROOT_URLCONF = "plain_shop.urls"
"""
OWN_USERS = (
    SESSIONS_IN_COOKIES
    + """
AUTH_USER_MODEL = "plain_shop.Member"
"""
)
CONSENT = """
PERSONA = {**PERSONA, "CONSENT_POLICY": {
    "BACKEND": "persona_django.identity.consent.AcceptAll"}}
MIGRATION_MODULES = {**MIGRATION_MODULES, "plain_shop": None}
"""
SHOPS = {
    "no accounts": NO_AUTH,
    "accounts and no sessions": NO_SESSIONS,
    "sessions in cookies": SESSIONS_IN_COOKIES,
    "users of the shop's own with UUIDs": OWN_USERS,
}
MODELS = """
import uuid
from django.conf import settings
from django.db import models
class Thing(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=50)
    def get_absolute_url(self):
        return f"/thing/{self.pk}/"
if settings.AUTH_USER_MODEL == "plain_shop.Member":
    from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
    class Member(AbstractBaseUser):
        id = models.UUIDField(primary_key=True, default=uuid.uuid4)
        mail = models.EmailField(unique=True)
        USERNAME_FIELD = "mail"
        objects = BaseUserManager()
"""
MAP = """
from persona_django import catalogue
from plain_shop.models import Thing
@catalogue.register(Thing)
class Things(catalogue.ItemMap):
    title = "name"
    url = "get_absolute_url"
    def price(self, thing):
        return 5
"""
URLS = """
from django.http import HttpResponse
from django.template import engines
from django.urls import include, path
from plain_shop.models import Thing
def thing(request, pk):
    page = engines["django"].from_string(
        '{% load persona %}<html>{% persona_script %}{% persona_block "similar-items" thing %}'
        '{% persona_block "reorder" %}</html>')
    return HttpResponse(page.render({"thing": Thing.objects.get(pk=pk), "request": request}))
urlpatterns = [path("thing/<uuid:pk>/", thing), path("persona/", include("persona_django.urls"))]
"""
JOURNEY = """
from django.apps import apps
from django.conf import settings
setup_test_environment()
call_command("migrate", run_syncdb=True, verbosity=0)
call_command("check")
from persona_django import track
from persona_django.catalogue.snapshot import build_snapshot
from persona_django.catalogue.sync import sync
from persona_django.identity.models import Visitor
from persona_django.tracking.models import Event
from plain_shop.models import Thing
things = [Thing.objects.create(name=f"Thing {n}") for n in range(3)]
sync()
build_snapshot()
client = Client(headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"})
page = client.get(things[0].get_absolute_url())
assert page.status_code == 200 and b"Thing 1" in page.content, page.content
assert Event.objects.count() == 1
before = client.cookies["persona"].value
sessions = apps.is_installed("django.contrib.sessions")
if sessions:
    from django.contrib.auth import get_user_model
    users = get_user_model()
    user = users.objects.create(**{users.USERNAME_FIELD: "anna@shop.example"})
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
client.get(things[1].get_absolute_url())
assert Event.objects.count() == 2
assert (client.cookies["persona"].value != before) is sessions
assert Visitor.objects.filter(account__isnull=False).exists() is sessions
answer = client.get(f"/persona/api/v1/blocks/similar-items/?seed=plain_shop.thing:{things[0].pk}")
assert answer.status_code == 200 and answer.json()["slots"], answer.content
told = {one["name"]: len(one["rows"]) for one in client.get("/persona/api/v1/me/").json()["data"]}
assert told["events"] == 2 if sessions else told["events"] == 2, told
assert client.post("/persona/api/v1/visitor/").status_code == 200
assert client.delete("/persona/api/v1/me/").status_code == 200
assert Event.objects.count() == 0
if sessions:
    call_command("persona_export", customer=str(user.pk), out=None)
    call_command("persona_erase", customer=str(user.pk), no_input=True)
print("walked")
"""


@pytest.fixture
def shop_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "plain_shop"
    folder.mkdir()
    for name, text in {
        "__init__": "", "models": MODELS, "persona": MAP, "urls": URLS,
    }.items():  # fmt: skip
        (folder / f"{name}.py").write_text(text)
    return tmp_path


@pytest.mark.parametrize("kind", SHOPS)
def test_the_whole_journey_works(shop_folder, kind):
    (shop_folder / "plain_settings.py").write_text(SHOPS[kind] + CONSENT)
    shop = Shop(shop_folder, settings="plain_settings")

    assert shop.run(JOURNEY).rstrip().endswith("walked")
