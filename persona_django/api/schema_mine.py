"""How the endpoints for one's own data are described."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiViewExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers

from persona_django.api.schema_parts import VISITOR, by_parameter, problem, refusals

_NO_PARAMETER = {400: by_parameter("There is no such parameter.")}
_FOREIGN = {**refusals("From another site, or without the shop's CSRF token."), **_NO_PARAMETER}
_AWAY = problem("It cannot be answered at the moment: come again.")
_LED_BACK = OpenApiResponse(description="A form is led back to the shop's page it came from.")


class Erased(serializers.Serializer[Any]):
    """How much was erased, what could not be yet, and what a job finishes within minutes."""

    erased = serializers.DictField(child=serializers.IntegerField())
    failed = serializers.ListField(child=serializers.CharField())
    later = serializers.ListField(child=serializers.CharField())


class Paused(serializers.Serializer[Any]):
    """Whether recording is paused."""

    paused = serializers.BooleanField()


class Token(serializers.Serializer[Any]):
    """An app's token of its visitor."""

    visitor = serializers.CharField()


class MineDescription(OpenApiViewExtension):
    """GET and DELETE me/."""

    target_class = "persona_django.api.mine.MineView"

    def view_replacement(self) -> Any:
        class Described(self.target_class):  # type: ignore[name-defined]
            @extend_schema(
                operation_id="persona_me",
                description="Everything held about whoever asks.",
                parameters=[VISITOR],
                responses={**refusals(), **_NO_PARAMETER, 200: OpenApiTypes.OBJECT, 503: _AWAY},
            )
            def get(self, request: Any) -> None:
                """Stands for the view's own."""

            @extend_schema(
                operation_id="persona_me_delete",
                description="Erase everything held about whoever asks, for good.",
                parameters=[VISITOR],
                responses={**_FOREIGN, 200: Erased, 503: Erased},
            )
            def delete(self, request: Any) -> None:
                """Stands for the view's own."""

        return Described


class _ForForms(OpenApiViewExtension):
    """One act that plain forms can ask for."""

    name = ""
    text = ""
    answer: Any = Paused

    def view_replacement(self) -> Any:
        responses = {**_FOREIGN, 200: self.answer, 303: _LED_BACK, 503: _AWAY}
        described = extend_schema(
            operation_id=self.name,
            description=self.text,
            parameters=[VISITOR],
            request=None,
            responses=responses,
        )

        class Described(self.target_class):  # type: ignore[name-defined]
            @described
            def post(self, request: Any) -> None:
                """Stands for the view's own."""

        return Described


class EraseDescription(_ForForms):
    target_class = "persona_django.api.mine.EraseView"
    name, text = "persona_me_erase", "As DELETE me/, for forms."
    answer = Erased


class PauseDescription(_ForForms):
    target_class = "persona_django.api.mine.PauseView"
    name, text = "persona_me_pause", "Keep what is there; record and personalise nothing more."


class ResumeDescription(_ForForms):
    target_class = "persona_django.api.mine.ResumeView"
    name, text = "persona_me_resume", "Take a pause back."


class VisitorDescription(OpenApiViewExtension):
    """POST visitor/."""

    target_class = "persona_django.api.visitors.VisitorView"

    def view_replacement(self) -> Any:
        class Described(self.target_class):  # type: ignore[name-defined]
            @extend_schema(
                operation_id="persona_visitor",
                description="A token for an app that has consent and no cookies.",
                parameters=[VISITOR],
                request=None,
                responses={**refusals("No consent, a pause, or a browser."), 200: Token},
            )
            def post(self, request: Any) -> None:
                """Stands for the view's own."""

        return Described
