"""Model versions: what was learnt, whether it is live, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from persona_django.admin.comparison import compared
from persona_django.admin.readonly import ReadOnlyAdmin
from persona_django.exceptions import NotReady, PersonaError
from persona_django.model_registry import publish
from persona_django.model_registry.models import ModelVersion

_INCOMPLETE = frozenset({ModelVersion.Status.BUILDING, ModelVersion.Status.ABANDONED})
_CAN_PUBLISH = frozenset({ModelVersion.Status.STAGED, ModelVersion.Status.RETIRED})


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    """Every training run with its figures. Publishing moves one pointer; so does going back."""

    list_display = ("kind", "number", "status", "published_at", "summary", "reason")
    list_filter = ("kind", "status")
    ordering = ("-id",)
    fields = (
        "kind", "number", "status", "reason", "created_at", "published_at", "figure_table",
    )  # fmt: skip
    readonly_fields = fields
    change_form_template = "admin/persona/modelversion/change_form.html"
    actions = ("publish_chosen", "compare_chosen")

    @admin.display(description=gettext_lazy("version"), ordering="id")
    def number(self, version: ModelVersion) -> int:
        return version.pk

    @admin.display(description=gettext_lazy("learnt"))
    def summary(self, version: ModelVersion) -> str:
        """Items, pairs and shoppers in one line, as far as the run came."""
        words = (("items", _("items")), ("pairs", _("pairs")), ("shoppers", _("shoppers")))
        return ", ".join(
            f"{number_format(version.figures[key], force_grouping=True)} {word}"
            for key, word in words
            if isinstance(version.figures.get(key), int)
        )

    @admin.display(description=gettext_lazy("figures"))
    def figure_table(self, version: ModelVersion) -> SafeString:
        rows = format_html_join(
            "", "<tr><th scope='row'>{}</th><td>{}</td></tr>", _flat(version.figures)
        )
        return format_html('<div class="persona-wide"><table>{}</table></div>', rows)

    @admin.action(description=gettext_lazy("Publish the chosen version"), permissions=("publish",))
    def publish_chosen(
        self, request: HttpRequest, versions: QuerySet[ModelVersion]
    ) -> HttpResponse | None:
        """Ask whether to make one version live, and say what is known of it."""
        chosen = list(versions[:2])
        if len(chosen) != 1:
            messages.error(request, _("Choose one version: one of each kind is live."))
            return None
        version = chosen[0]
        if not _may_go_live(version):
            messages.error(
                request,
                _("Version %(version)s is %(status)s, so it cannot be published.")
                % {"version": version.pk, "status": version.get_status_display()},
            )
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": _("Publish this version?"),
            "opts": self.opts,
            "version": version,
            "summary": self.summary(version),
            "live": publish.versions(version.kind, version.store)
            .filter(status=ModelVersion.Status.LIVE)
            .first(),
        }
        return TemplateResponse(request, "admin/persona/modelversion/publish.html", context)

    @admin.action(description=gettext_lazy("Compare the two chosen versions"))
    def compare_chosen(
        self, request: HttpRequest, versions: QuerySet[ModelVersion]
    ) -> HttpResponse | None:
        """Go to the page on which two versions of one relation stand side by side."""
        chosen = list(versions.order_by("pk")[:3])
        if len(chosen) != 2 or not _are_comparable(*chosen):
            messages.error(request, _("Choose two versions of one kind that links items."))
            return None
        return HttpResponseRedirect(
            reverse("admin:persona_compare", args=[version.pk for version in chosen])
        )

    def _compare(self, request: HttpRequest, before: int, after: int) -> HttpResponse:
        """What changed between two versions. Reads both in full: seconds where there are many.

        Back to the list with the reason where one of them is not whole, or is damaged.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        earlier, later = (get_object_or_404(ModelVersion, pk=pk) for pk in (before, after))
        if not _are_comparable(earlier, later):
            raise Http404
        try:
            _refuse_incomplete(earlier, later)
            found = compared(earlier, later)
        except PersonaError as fault:
            messages.error(request, str(fault))
            return HttpResponseRedirect(reverse("admin:persona_modelversion_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": _("What changed between two versions"),
            "opts": self.opts,
            "before": earlier,
            "after": later,
            **found,
        }
        return TemplateResponse(request, "admin/persona/modelversion/compare.html", context)

    def has_publish_permission(self, request: HttpRequest) -> bool:
        """Whoever may change versions, although nothing else of them can be changed here."""
        return request.user.has_perm("persona.change_modelversion")

    def get_urls(self) -> list[URLPattern]:
        def page(name: str, act: Callable[[ModelVersion], ModelVersion]) -> URLPattern:
            view = require_POST(lambda request, pk: self._act(request, pk, act))
            return path(
                f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=f"persona_{name}"
            )

        return [
            page("publish", lambda version: publish.publish(version, force=True)),
            page("roll_back", lambda version: publish.roll_back(version.kind, version.store)),
            path(
                "<int:before>/compare/<int:after>/",
                self.admin_site.admin_view(self._compare),
                name="persona_compare",
            ),
            *super().get_urls(),
        ]

    def _act(
        self, request: HttpRequest, pk: int, act: Callable[[ModelVersion], ModelVersion]
    ) -> HttpResponse:
        """Publish or go back, say what is live now, and return to the version."""
        if not self.has_publish_permission(request):
            raise PermissionDenied
        version = get_object_or_404(ModelVersion, pk=pk)
        try:
            live = act(version)
        except PersonaError as fault:
            messages.error(request, str(fault))
        else:
            self.log_change(request, live, _("Made live."))
            messages.success(
                request,
                _("Version %(version)s of %(kind)s is live now; pages follow within a second.")
                % {"version": live.pk, "kind": live.kind},
            )
        return HttpResponseRedirect(reverse("admin:persona_modelversion_change", args=[pk]))

    def get_fields(self, request: HttpRequest, obj: ModelVersion | None = None) -> Any:
        # Of a version with nothing the matter, "why it is not live" would only mislead.
        return [name for name in self.fields if name != "reason" or obj is None or obj.reason]

    def extra_of(self, request: HttpRequest, shown: ModelVersion | None) -> dict[str, Any]:
        if shown is None or not self.has_publish_permission(request):
            return {"can_publish": False, "can_roll_back": False}
        live = shown.status == ModelVersion.Status.LIVE
        return {
            "can_publish": _may_go_live(shown),
            "can_roll_back": live and _has_older(shown),
        }


def _may_go_live(version: ModelVersion) -> bool:
    """Whether it is whole, and not live already."""
    return version.status in _CAN_PUBLISH


def _are_comparable(one: ModelVersion, other: ModelVersion) -> bool:
    """Whether both hold lists, of the same relation and store."""
    return bool(one.relation) and (one.kind, one.store) == (other.kind, other.store)


def _refuse_incomplete(*versions: ModelVersion) -> None:
    """Raise NotReady for one that has not all of its lists, not yet or not any more: beside
    another it would seem to have lost them."""
    for version in versions:
        if version.status in _INCOMPLETE:
            said = _(
                "Version %(version)s is %(status)s, so not all of its lists are there to be "
                "compared. %(reason)s"
            )
            raise NotReady(
                said
                % {
                    "version": version.pk,
                    "status": version.get_status_display(),
                    "reason": version.reason,
                }
            )


def _has_older(version: ModelVersion) -> bool:
    """Whether there is a version to go back to."""
    return (
        publish.versions(version.kind, version.store)
        .filter(status=ModelVersion.Status.RETIRED, pk__lt=version.pk)
        .exists()
    )


def _flat(figures: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested figures as rows of words and numbers."""
    rows: list[tuple[str, str]] = []
    for name, value in figures.items():
        label = f"{prefix}{name}".replace("_", " ")
        if isinstance(value, dict):
            rows += _flat(value, prefix=f"{label}: ")
        elif isinstance(value, float):
            rows.append((label, number_format(value, decimal_pos=3)))
        elif isinstance(value, int) and not isinstance(value, bool):
            rows.append((label, number_format(value, force_grouping=True)))
        else:
            rows.append((label, str(value)))
    return rows
