"""What several descriptions of the API have in common."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from persona_django.identity import tokens

VISITOR = OpenApiParameter(
    tokens.HEADER,
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="An app's signed token of its visitor, in place of the cookie.",
)


class Problem(serializers.Serializer[Any]):
    """Why nothing was done."""

    detail = serializers.CharField()


def refusals(forbidden: str = "Your own settings let nobody ask who comes so.") -> Any:
    """What REST framework may answer before a view of ours, by status."""
    return {
        400: problem("The body cannot be read."),
        401: problem("Your own authentication knows nobody by what was sent."),
        403: problem(forbidden),
        415: problem("Another type of content."),
        429: problem("Asked too often: come again after Retry-After seconds."),
    }


def by_parameter(description: str) -> OpenApiResponse:
    """An answer that says by parameter what is wrong with it, each in a few sentences."""
    sentences = {"type": "array", "items": {"type": "string"}, "minItems": 1}
    schema = {"type": "object", "additionalProperties": sentences, "minProperties": 1}
    return OpenApiResponse(schema, description=description)


def problem(description: str) -> OpenApiResponse:
    """An answer that says why nothing was done."""
    return OpenApiResponse(Problem, description=description)
