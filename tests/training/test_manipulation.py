"""Those who want to move what everybody is shown: threats 1 and 6."""

from __future__ import annotations

import time
from itertools import count

import numpy as np
import pytest

from persona_django.artefacts import store as artefacts
from persona_django.model_registry.live import POPULAR_SCHEMA, live_artefact
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Kind
from persona_django.training.rebuild import rebuild_all
from tests.factories import item_id, products, read_catalogue
from tests.training.history import look, rows_of_live

pytestmark = pytest.mark.django_db
_uids = count(10**12)


@pytest.fixture
def shop(settings):
    settings.PERSONA = {**settings.PERSONA, "MIN_TRAINING_SHOPPERS": 3, "MIN_LOG_LIKELIHOOD": 0}
    made = products(6)
    read_catalogue()
    for number in range(5):
        look(range(1 + number, 12 + 2 * number), made[number : number + 2])
    return made


def learnt() -> dict[str, object]:
    """Everything that pages show: lists of neighbours, and who stands before whom."""
    rebuild_all()
    popular = artefacts.load(live_artefact("popular", 1), schema=POPULAR_SCHEMA)
    order = np.argsort(-popular["score"], kind="stable")
    return {
        "similar": {item: row[:4] for item, row in rows_of_live("similar").items()},
        "rank": popular["group_id"][order].tolist(),
        "shoppers": popular["shoppers"].tolist(),
        "rows": rows_of_live("similar"),
    }


def flood(kind: Kind, items: list[int], *, shopper: int = 1, n: int = 10_000) -> None:
    at = int(time.time()) - 3_600
    Event.objects.bulk_create(
        Event(
            shopper=shopper, uid=next(_uids), kind=kind, item_id=items[number % len(items)],
            at=at + number % 3_600, value=1_000,
        )
        for number in range(n)
    )  # fmt: skip


def test_ten_thousand_forged_clicks_of_one_visitor_move_no_list(shop):
    before = learnt()
    flood(Kind.CLICK, [item_id(shop[0])])

    after = learnt()

    assert after["rank"] == before["rank"]
    assert after["shoppers"] == before["shoppers"]
    assert after["similar"].keys() == before["similar"].keys()


@pytest.mark.parametrize(
    "kind", [Kind.DISMISS, Kind.CART_REMOVE, Kind.SKIP, Kind.CART_ABANDONED, Kind.UNSAVE]
)
def test_ten_thousand_refusals_change_not_one_global_figure(shop, kind):
    before = learnt()
    flood(kind, [item_id(shop[4])])

    assert learnt() == before
