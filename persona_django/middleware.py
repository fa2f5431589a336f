"""Recognises visitors who agreed to it, and counts the views of their pages after the response."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from persona_django import conf
from persona_django.tracking import pages


class PersonaMiddleware:
    """Add it after Django's session and authentication middleware.

    It asks nothing of the database before the response, never reads or changes a body, and
    leaves the pages of people who did not agree exactly as they were.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        if not conf.current().enabled:
            raise MiddlewareNotUsed('PERSONA["ENABLED"] is False')
        pages.get_ready()
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._is_async:
            return self._answer_later(request)
        response = cast(HttpResponseBase, self.get_response(request))
        pages.settle(request, response)
        return response

    async def _answer_later(self, request: HttpRequest) -> HttpResponseBase:
        response = cast(HttpResponseBase, await self.get_response(request))
        pages.settle(request, response)
        return response
