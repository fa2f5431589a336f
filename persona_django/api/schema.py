"""What drf-spectacular is told of the API. Loaded only where a shop has installed it.

Each class names a view by its path, so that no view needs to know of this, and a view without one
is described as well as its serializers let it.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiViewExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

from persona_django.api.serializers import MOST_SEEDS, SlateSerializer
from persona_django.identity import tokens
from persona_django.tracking.batches import LONGEST_BODY, MOST_EVENTS
from persona_django.tracking.report_values import (
    LAST_POSITION,
    LONGEST_TEXT,
    MOST_RESULTS,
    MOST_SLOTS,
    PARTS,
)
from persona_django.tracking.reports import TYPES
from persona_django.tracking.schema import LONGEST_ID, MOST_QUANTITY
from persona_django.tracking.verdicts import REASONS

_TEXT = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}
_NAME = {"type": "string", "minLength": 1, "maxLength": LONGEST_ID}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_POSITION = {"type": "integer", "minimum": 1, "maximum": LAST_POSITION}
_AMOUNT = {"type": "number", "minimum": 0, "description": "In major units of the currency."}
FIELDS: dict[str, dict[str, Any]] = {
    "id": {**_NAME, "description": "Names the event once; sent again it is a duplicate."},
    "at": {"type": "number", "description": "Milliseconds since 1970, by the client's clock."},
    "item": {**_TEXT, "description": "app.model:key; the key alone where there is one model."},
    "seconds": {"type": "number", "minimum": 0},
    "part": {"type": "string", "enum": sorted(PARTS)},
    "share": _SHARE,
    "quantity": {"type": "integer", "minimum": 1, "maximum": MOST_QUANTITY},
    "token": {**_TEXT, "description": "The token of the slot."},
    "slate": {**_NAME, "description": "Names the slate once for each time its page is shown."},
    "tokens": {"type": "array", "items": _TEXT, "minItems": 1, "maxItems": MOST_SLOTS},
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


def _event(name: str) -> dict[str, Any]:
    type_ = TYPES[name]
    properties = {field: FIELDS[field] for field in sorted(type_.known - {"type"})}
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
        "sent": {"type": "number", "description": "Milliseconds since 1970, when it was sent."},
        "tz": {"type": "integer", "description": "Minutes east of UTC."},
        "entry": {"type": "string", "enum": ["internal", "direct", "search", "campaign", "site"]},
        "events": {
            "type": "array",
            "maxItems": MOST_EVENTS,
            "items": {"oneOf": [_event(name) for name in TYPES]},
        },
    },
    "additionalProperties": False,
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
    errors = VerdictError(many=True, help_text="The first three.")
    stop = serializers.BooleanField(
        required=False, help_text="There is no consent: send no more from this page."
    )


class Permission(serializers.Serializer[Any]):
    """Whether anything may be reported."""

    allowed = serializers.BooleanField()
    purposes = serializers.ListField(child=serializers.CharField())


class Problem(serializers.Serializer[Any]):
    """Why nothing was done."""

    detail = serializers.CharField()


_VISITOR = OpenApiParameter(
    tokens.HEADER,
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="An app's signed token of its visitor, in place of the cookie.",
)


def _problem(description: str) -> OpenApiResponse:
    return OpenApiResponse(Problem, description=description)


class EventsDescription(OpenApiViewExtension):
    """POST and GET events/."""

    target_class = "persona_django.api.events.EventsView"

    def view_replacement(self) -> Any:
        class Described(self.target_class):  # type: ignore[name-defined, misc]
            schema = AutoSchema()

            @extend_schema(
                operation_id="persona_events_allowed",
                description="Whether the visitor agreed, and to what.",
                parameters=[_VISITOR],
                responses={200: Permission, 403: _problem("From another site.")},
            )
            def get(self, request: Any) -> None:
                """Stands for the view's own."""

            @extend_schema(
                operation_id="persona_events_report",
                description=f"What happened: at most {MOST_EVENTS} events, {LONGEST_BODY} bytes.",
                parameters=[_VISITOR],
                request={"application/json": MESSAGE, "text/plain": MESSAGE},
                responses={
                    200: VerdictReply,
                    202: OpenApiResponse(VerdictReply, description="Over a limit: none stored."),
                    400: _problem("The body cannot be read."),
                    403: _problem("From another site."),
                    413: _problem("Too many events, or bytes."),
                    415: _problem("Another type of content, or a packed body."),
                    429: OpenApiResponse(VerdictReply, description="Over a limit: come again."),
                    503: _problem("Nothing can be stored at the moment: come again."),
                },
            )
            def post(self, request: Any) -> None:
                """Stands for the view's own."""

        return Described


class BlockDescription(OpenApiViewExtension):
    """GET blocks/<slug>/."""

    target_class = "persona_django.api.blocks.BlockView"

    def view_replacement(self) -> Any:
        def several(name: str, text: str) -> OpenApiParameter:
            return OpenApiParameter(name, OpenApiTypes.STR, many=True, description=text)

        class Described(self.target_class):  # type: ignore[name-defined, misc]
            schema = AutoSchema()

            @extend_schema(
                operation_id="persona_block",
                description="What to show in one block to whoever asks.",
                parameters=[
                    several("seed", f"Items it starts from, at most {MOST_SEEDS}."),
                    several("cart", "Items to leave out."),
                    OpenApiParameter("size", OpenApiTypes.INT, description="How many, from 1."),
                ],
                responses={
                    200: SlateSerializer,
                    400: OpenApiResponse(OpenApiTypes.OBJECT, description="By parameter: why."),
                    404: _problem("There is no such block."),
                    429: _problem("Asked too often."),
                },
            )
            def get(self, request: Any, slug: str) -> None:
                """Stands for the view's own."""

        return Described
