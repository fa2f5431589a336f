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


def problem(description: str) -> OpenApiResponse:
    """An answer that says why nothing was done."""
    return OpenApiResponse(Problem, description=description)
