"""Several processes of one shop: who pauses in one is left alone by all; a killed erasure ends."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.identity.children import Shop, said

pytestmark = pytest.mark.alone

STARTED = """
from django.conf import settings
from persona_django import conf
settings.PERSONA = {**settings.PERSONA, "CONSENT_POLICY": {
    "BACKEND": "persona_django.identity.consent.AcceptAll"}}
conf.current.cache_clear()
"""
MADE = """
from persona_django.catalogue.snapshot import build_snapshot
from persona_django.catalogue.sync import sync
from tests.shop.models import Product
call_command("migrate", run_syncdb=True, verbosity=0)
Product.objects.create(name="Tea", price=9)
sync()
build_snapshot()
"""
BROWSING = (
    STARTED
    + """
from persona_django.tracking.models import Event
client = Client(headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"})
client.get("/product/1/")
print(client.cookies["persona"].value)
for line in sys.stdin:
    client.get("/product/1/")
    print(Event.objects.count())
"""
)
ERASING = """
import time
from persona_django.identity.erasure import erase
from persona_django.identity.subjects import subject_of_keys
from tests.identity.held import hold_everything
hold_everything(4711, events=1300)
def beat():
    print("chunk")
    time.sleep(0.3)
erase(subject_of_keys([4711]), on_chunk=beat)
print("done")
"""
COUNTING = """
from tests.identity.held import rows_of
print(rows_of(4711))
"""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.run(MADE)
    return made


def test_a_pause_holds_in_another_process_within_a_second(shop):
    with shop.process(BROWSING) as browsing:
        cookie = said(browsing)
        assert [said(browsing, "look") for _ in range(2)] == ["2", "3"]

        shop.manage("persona_pause", "--visitor", cookie)
        time.sleep(1)
        assert [said(browsing, "look") for _ in range(3)] == ["3", "3", "3"]

        shop.manage("persona_pause", "--visitor", cookie, "--resume")
        time.sleep(1)
        said(browsing, "look")
        assert int(said(browsing, "look")) >= 4


def test_an_erasure_that_is_killed_records_nothing_more_and_is_finished_by_the_next(shop):
    with shop.process(ERASING) as erasing:
        assert said(erasing) == "chunk"
        assert said(erasing) == "chunk"
        erasing.kill()
        erasing.wait(timeout=20)
    left = int(shop.run(COUNTING))
    assert left > 0

    shop.manage("persona_erase", "--replay")

    assert int(shop.run(COUNTING)) == 0
