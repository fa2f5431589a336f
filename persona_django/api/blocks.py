"""Blocks over REST: the same answers as in templates."""

from __future__ import annotations

from typing import Any

from django.utils.cache import patch_vary_headers
from rest_framework.exceptions import NotFound
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from persona_django import conf
from persona_django.api.serializers import SlateQuery, SlateSerializer
from persona_django.api.throttles import BlockThrottle
from persona_django.blocks.registry import block_named
from persona_django.exceptions import UnknownBlock
from persona_django.serving.recommend import recommend


class BlockView(APIView):
    """GET blocks/<slug>/?seed=shop.product:31&size=6: the slate for whoever asks.

    Whose slate it is follows from the session or from the shop's own authentication classes, and
    who may ask at all from its own permission classes. No parameter names a user, so nobody
    else's orders can be asked for.
    """

    http_method_names = ("get", "head")
    renderer_classes = (JSONRenderer,)
    # Permissions of the shop's that go by model find none here; the rest of them still counts.
    _ignore_model_permissions = True

    def get_throttles(self) -> list[BaseThrottle]:
        """Ours besides the shop's own."""
        return [*super().get_throttles(), BlockThrottle()]

    def get(self, request: Request, slug: str) -> Response:
        if not conf.current().enabled:
            raise NotFound
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
        )
        return Response(SlateSerializer(slate).data)

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        finished = super().finalize_response(request, response, *args, **kwargs)
        # One shopper's slate must never be kept by a proxy and shown to another.
        finished["Cache-Control"] = "private, no-store"
        patch_vary_headers(finished, ("Cookie", "Authorization"))
        return finished
