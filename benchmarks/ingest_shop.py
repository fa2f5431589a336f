"""The addresses that `ingest` measures: ours, and beside it a bare view that only inserts."""

from __future__ import annotations

import json
import time

from django.http import HttpRequest, JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from persona_django.identity.keys import keyed
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Kind
from tests.faults.shop import views

NUMBERS = {kind.name.lower(): int(kind) for kind in Kind}


@csrf_exempt
def bare(request: HttpRequest) -> JsonResponse:
    """Believe everything, look up nothing, insert it. What any shop's own view would cost."""
    given = json.loads(request.body)["events"]
    now = int(time.time())
    visitor = keyed("visitor", request.COOKIES["persona"])
    Event.objects.bulk_create(
        [
            Event(
                shopper=visitor,
                uid=keyed("event", one["id"]),
                kind=NUMBERS[one["type"]],
                item_id=int(one["item"].partition(":")[2]),
                at=now,
                value=one.get("seconds", 0),
            )
            for one in given
        ]
    )
    return JsonResponse({"result": "a" * len(given), "counts": {"accepted": len(given)}})


urlpatterns = [
    path("page/<int:pk>/", views.page, name="product"),
    path("bare/", bare),
    path("persona/", include("persona_django.urls")),
]
