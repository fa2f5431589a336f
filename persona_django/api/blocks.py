"""Blocks over REST: the same answers as in templates."""

from __future__ import annotations

from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from persona_django.api.serializers import SlateQuery, SlateSerializer
from persona_django.api.views import PersonaView
from persona_django.blocks.registry import block_named
from persona_django.exceptions import UnknownBlock
from persona_django.serving.recommend import recommend


class BlockView(PersonaView):
    """GET blocks/<slug>/?seed=shop.product:31&size=6: the slate for whoever asks.

    Whose slate it is follows from the session or from the shop's own authentication classes, and
    who may ask at all from its own permission classes. No parameter names a user, so nobody
    else's orders can be asked for.
    """

    http_method_names = ("get", "head")

    def get(self, request: Request, slug: str) -> Response:
        try:
            block_named(slug)
        except UnknownBlock as error:
            raise NotFound(str(error)) from error
        asked = SlateQuery(data=request.query_params)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        slate = recommend(
            # What DRF's authentication found is on the request below it, too.
            request._request,
            slug,
            seeds=given["seed"],
            cart=given["cart"],
            size=given["size"],
            category=given["category"],
            device=given["device"],
            entry=given["entry"],
        )
        return Response(SlateSerializer(slate).data)
