"""What drf-spectacular is told of the API. Loaded only where a shop has installed it.

Each class names a view by its path, so that no view needs to know of this. Those of events and of
one's own data stand in modules of their own, which are loaded from here.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiViewExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema

from persona_django.api import schema_events, schema_mine  # noqa: F401 (they register themselves)
from persona_django.api.schema_parts import by_parameter, problem, refusals
from persona_django.api.serializers import MOST_SEEDS, SlateSerializer
from persona_django.tracking.situations import DEVICES, ENTRIES


class BlockDescription(OpenApiViewExtension):
    """GET blocks/<slug>/."""

    target_class = "persona_django.api.blocks.BlockView"

    def view_replacement(self) -> Any:
        def several(name: str, text: str) -> OpenApiParameter:
            return OpenApiParameter(name, OpenApiTypes.STR, many=True, description=text)

        def one_of(name: str, known: tuple[str, ...], text: str) -> OpenApiParameter:
            return OpenApiParameter(name, OpenApiTypes.STR, enum=known, description=text)

        class Described(self.target_class):  # type: ignore[name-defined]
            @extend_schema(
                operation_id="persona_block",
                description="What to show in one block to whoever asks.",
                parameters=[
                    several("seed", f"Items it starts from, at most {MOST_SEEDS}."),
                    several("cart", "Items to leave out."),
                    OpenApiParameter("size", OpenApiTypes.INT, description="How many, from 1."),
                    OpenApiParameter(
                        "category",
                        OpenApiTypes.STR,
                        description="Path of the category of which alone something is shown.",
                    ),
                    one_of("device", DEVICES, "What kind of screen it is for."),
                    one_of("entry", ENTRIES, "How its shopper came to the shop."),
                ],
                responses={
                    **refusals(),
                    200: SlateSerializer,
                    400: by_parameter("A parameter is unknown, or cannot be understood."),
                    404: problem("There is no such block."),
                },
            )
            def get(self, request: Any, slug: str) -> None:
                """Stands for the view's own."""

        return Described
