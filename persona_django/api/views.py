"""What the addresses have in common that go REST framework's own way in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import DataError
from django.utils.cache import patch_vary_headers
from rest_framework.exceptions import AuthenticationFailed, NotFound
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from persona_django import conf
from persona_django.api.throttles import BlockThrottle
from persona_django.identity import tokens


class OnlyJSON(DefaultContentNegotiation):
    """JSON for everybody, also for a browser in which somebody opens the address to look at it."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: Any = None
    ) -> tuple[BaseRenderer, str]:
        """The only way in which anything is told, whatever was asked for."""
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)


class PersonaView(APIView):
    """The shop's own authentication, permissions and throttles hold, and ours besides; what one
    shopper is told is never kept for another."""

    renderer_classes = (JSONRenderer,)
    content_negotiation_class = OnlyJSON
    # Permissions of the shop's that go by model find none here; the rest of them still counts.
    _ignore_model_permissions = True
    throttle = BlockThrottle

    def get_throttles(self) -> list[BaseThrottle]:
        """Ours besides the shop's own."""
        return [*super().get_throttles(), self.throttle()]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Switched off there is nothing here, for anybody."""
        if not conf.current().enabled:
            raise NotFound
        super().initial(request, *args, **kwargs)

    def perform_authentication(self, request: Request) -> None:
        """A name that no database can even look for, such as one with NUL in it, is nobody's."""
        try:
            super().perform_authentication(request)
        except DataError as error:
            raise AuthenticationFailed from error

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Let no proxy keep an answer and give it to somebody else."""
        finished = super().finalize_response(request, response, *args, **kwargs)
        finished["Cache-Control"] = "private, no-store"
        patch_vary_headers(finished, ("Cookie", "Authorization", tokens.HEADER))
        return finished
