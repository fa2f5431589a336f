"""Files to import, and what became of them."""

from __future__ import annotations

import csv
from typing import Any

from persona_django.importing.runs import ImportReport, Options
from persona_django.tracking.models import Event

HEADER = "user_id,item_id,event,timestamp,price,quantity,basket_id"
SHOP = Options(model="shop.product")
EVENTS = Options(model="shop.product", kind="event")


def rows(*names: str) -> list[tuple[Any, ...]]:
    return list(Event.objects.order_by("at", "id").values_list(*names))


def refused(report: ImportReport) -> list[list[str]]:
    assert report.rejects is not None
    with report.rejects.open(newline="", encoding="utf-8") as found:
        return list(csv.reader(found))[1:]
