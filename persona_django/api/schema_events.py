"""How the endpoints of events are described."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.extensions import OpenApiViewExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

from persona_django.api import server_events
from persona_django.api.schema_parts import VISITOR, problem
from persona_django.tracking import server_reports
from persona_django.tracking.batches import LONGEST_BODY, MOST_EVENTS
from persona_django.tracking.clients import MOST_MINUTES_EAST
from persona_django.tracking.report_values import (
    LAST_POSITION,
    LONGEST_TEXT,
    MOST_AMOUNT,
    MOST_RESULTS,
    MOST_SECONDS,
    MOST_TOKENS,
    PARTS,
)
from persona_django.tracking.reports import TYPES
from persona_django.tracking.schema import LONGEST_ID, MOST_QUANTITY
from persona_django.tracking.server_reports import AMOUNT
from persona_django.tracking.verdicts import REASONS

_TEXT = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}
_NAME = {"type": "string", "minLength": 1, "maxLength": LONGEST_ID}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_POSITION = {"type": "integer", "minimum": 1, "maximum": LAST_POSITION}
_AMOUNT = {
    "type": "number",
    "minimum": 0,
    "maximum": MOST_AMOUNT,
    "description": "In major units of the currency.",
}
_MOMENT = {"type": "number", "minimum": -(10**15), "maximum": 10**15}
"""Milliseconds since 1970; what is further off than a day is replaced anyway."""
FIELDS: dict[str, dict[str, Any]] = {
    "id": {**_NAME, "description": "Names the event once; sent again it is a duplicate."},
    "at": {**_MOMENT, "description": "Milliseconds since 1970, by the client's clock."},
    "item": {**_TEXT, "description": "app.model:key; the key alone where there is one model."},
    "seconds": {"type": "number", "minimum": 0, "maximum": MOST_SECONDS},
    "part": {"type": "string", "enum": sorted(PARTS)},
    "share": _SHARE,
    "quantity": {"type": "integer", "minimum": 1, "maximum": MOST_QUANTITY},
    "token": {**_TEXT, "description": "The token of the slot."},
    "slate": {**_NAME, "description": "Names the slate once for each time its page is shown."},
    "tokens": {"type": "array", "items": _TEXT, "minItems": 1, "maxItems": MOST_TOKENS},
    "first": {**_POSITION, "description": "Position of the first token."},
    "seen": {"type": "array", "items": _POSITION, "maxItems": LAST_POSITION},
    "words": _TEXT,
    "results": {"type": "integer", "minimum": 0, "maximum": MOST_RESULTS},
    "name": _TEXT,
    "value": _TEXT,
    "low": _AMOUNT,
    "high": _AMOUNT,
}
"""Every field that an event may have, whatever its type."""


_KEY = {"oneOf": [_NAME, {"type": "integer"}]}
SERVER_FIELDS: dict[str, dict[str, Any]] = {
    **FIELDS,
    "order": {**_KEY, "description": "The order, by its name in your system."},
    "line": {**_KEY, "description": "The line within the order; its item when left out."},
    "refund": {**_KEY, "description": "The parcel, where pieces come back in several."},
    "customer": {**_KEY, "description": "Key of your user."},
    "guest": {**_NAME, "description": "What the order map calls the guest key."},
    "basis": {"type": "string", "enum": ["customer", "aggregate"]},
    "price": {"oneOf": [_AMOUNT, {"type": "string", "pattern": AMOUNT}]},
    "store": {
        "type": "integer",
        "minimum": 1,
        "maximum": server_reports.MOST_STORE,
        "description": "Of several shops, the number that STORE_OF has for it; 1 when left out.",
    },
    "stock": {"type": "integer", "nullable": True, "description": "Pieces left."},
}
"""Every field that an event of another server may have, whatever its type."""


def _event(
    name: str, types: Mapping[str, Any] = TYPES, fields: Mapping[str, Any] = FIELDS
) -> dict[str, Any]:
    type_ = types[name]
    properties = {field: fields[field] for field in sorted(type_.known - {"type"})}
    return {
        "type": "object",
        "required": sorted(type_.needed),
        "properties": {"type": {"type": "string", "enum": [name]}, **properties},
        "additionalProperties": False,
    }


MESSAGE: dict[str, Any] = {
    "type": "object",
    "required": ["events"],
    "properties": {
        "sent": {**_MOMENT, "description": "Milliseconds since 1970, when it was sent."},
        "tz": {
            "type": "integer",
            "minimum": -MOST_MINUTES_EAST,
            "maximum": MOST_MINUTES_EAST,
            "description": "Minutes east of UTC.",
        },
        "entry": {"type": "string", "enum": ["internal", "direct", "search", "campaign", "site"]},
        "events": {
            "type": "array",
            "maxItems": MOST_EVENTS,
            "items": {"oneOf": [_event(name) for name in TYPES]},
        },
    },
    "additionalProperties": False,
}


SERVER_MESSAGE: dict[str, Any] = {
    "type": "object",
    "required": ["events"],
    "properties": {
        "events": {
            "type": "array",
            "maxItems": server_events.MOST_EVENTS,
            "items": {
                "oneOf": [
                    _event(name, server_reports.TYPES, SERVER_FIELDS)
                    for name in server_reports.TYPES
                ]
            },
        },
    },
}


class VerdictError(serializers.Serializer[Any]):
    event = serializers.IntegerField(help_text="Its place in the message, from 0.")
    reason = serializers.ChoiceField(choices=sorted(REASONS))
    text = serializers.CharField()


class VerdictReply(serializers.Serializer[Any]):
    """What became of each event."""

    result = serializers.CharField(
        help_text="One letter an event: a accepted, which means committed, d duplicate, r refused."
    )
    counts = serializers.DictField(child=serializers.IntegerField())
    # Declared fields are no attributes of the class, so this hides nothing.
    errors = VerdictError(many=True, help_text="The first three.")  # type: ignore[assignment]
    stop = serializers.BooleanField(
        required=False, help_text="There is no consent: send no more from this page."
    )
    unread = serializers.BooleanField(
        required=False, help_text="Over the limit of its network, or of all: it was not read."
    )


class Permission(serializers.Serializer[Any]):
    """Whether anything may be reported."""

    allowed = serializers.BooleanField()
    purposes = serializers.ListField(child=serializers.CharField())
    unread = serializers.BooleanField(
        required=False, help_text="Over the limit of its network, or of all: nobody was asked."
    )


class EventsDescription(OpenApiViewExtension):
    """POST and GET events/."""

    target_class = "persona_django.api.events.EventsView"

    def view_replacement(self) -> Any:
        class Described(self.target_class):  # type: ignore[name-defined]
            @extend_schema(
                operation_id="persona_events_allowed",
                description="Whether the visitor agreed, and to what.",
                parameters=[VISITOR],
                responses={
                    200: Permission,
                    202: OpenApiResponse(Permission, description="Asked too often: not allowed."),
                    403: problem("From another site."),
                    429: OpenApiResponse(Permission, description="Asked too often: come again."),
                },
            )
            def get(self, request: Any) -> None:
                """Stands for the view's own."""

            @extend_schema(
                operation_id="persona_events_report",
                description=f"What happened: at most {MOST_EVENTS} events, {LONGEST_BODY} bytes.",
                parameters=[VISITOR],
                request={"application/json": MESSAGE, "text/plain": MESSAGE},
                responses={
                    200: VerdictReply,
                    202: OpenApiResponse(VerdictReply, description="Over a limit: none stored."),
                    400: problem("The body cannot be read."),
                    403: problem("From another site."),
                    413: problem("Too many events, or bytes."),
                    415: problem("Another type of content, or a packed body."),
                    429: OpenApiResponse(VerdictReply, description="Over a limit: come again."),
                    503: problem("Nothing can be stored at the moment: come again."),
                },
            )
            def post(self, request: Any) -> None:
                """Stands for the view's own."""

        return Described


class ServerEventsDescription(OpenApiViewExtension):
    """POST server/events/."""

    target_class = "persona_django.api.server_events.ServerEventsView"

    def view_replacement(self) -> Any:
        def signed(name: str, text: str) -> OpenApiParameter:
            return OpenApiParameter(
                f"X-Persona-{name}",
                OpenApiTypes.STR,
                OpenApiParameter.HEADER,
                required=True,
                description=text,
            )

        class Described(self.target_class):  # type: ignore[name-defined]
            @extend_schema(
                operation_id="persona_server_events_report",
                description="What another server of the shop's reports, signed with a shared key.",
                parameters=[
                    signed("Key", "Name of the key."),
                    signed("Timestamp", "Seconds since 1970."),
                    signed("Nonce", "16 to 128 characters, never used before."),
                    signed("Signature", "HMAC-SHA256 over timestamp, nonce and body."),
                ],
                request={"application/json": SERVER_MESSAGE},
                responses={
                    200: VerdictReply,
                    400: problem("The body cannot be read."),
                    401: problem("Not signed, stale, or taken before."),
                    413: problem("Too many events, or bytes."),
                    415: problem("Another type of content, or a packed body."),
                    429: problem("More than one network may send: come again."),
                    503: problem("Nothing can be stored at the moment: come again."),
                },
            )
            def post(self, request: Any) -> None:
                """Stands for the view's own."""

        return Described
