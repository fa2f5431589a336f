"""What happens around one page of the shop: the cookie on its response, its view after it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import models, router
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from persona_django import conf, counters
from persona_django.identity import consent, cookies, restrictions, visitors
from persona_django.identity.visitors import Recognised
from persona_django.tracking import drops, ingest, items, page_limits, robot_networks, writing
from persona_django.tracking.bots import is_robot
from persona_django.tracking.clients import LONGEST_HEADER, circumstances
from persona_django.tracking.context import Sender
from persona_django.tracking.inserting import again_on_deadlock
from persona_django.tracking.models import Event
from persona_django.tracking.newcomers import place_in_network
from persona_django.tracking.schema import Kind

PERSONAL = "_persona_personal"
"""Set on a request whose page shows what only this shopper may see, such as past orders."""

DIFFERS = "_persona_differs"
"""Set on a request whose page shows others something else, although to this one nothing secret."""

PAGE_TYPES = ("text/html", "application/xhtml+xml")
WITHOUT_PAGE = frozenset({204, 205, 206})
"""Successful, but without a page to look at: empty, or a part of a file."""
AHEAD_HEADERS = ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ")
AHEAD_OF_TIME = ("prefetch", "prerender", "preview")
"""How browsers mark what they fetch before anybody asked to see it."""


def get_ready() -> None:
    """Load what the first page of a visitor would otherwise wait for. Never raises."""
    try:
        if not isinstance(consent.policy(), consent.RefuseAll):
            is_robot("Mozilla/5.0")
    except Exception as error:  # noqa: BLE001 - the shop starts with a broken policy, too
        counters.failed("consent_policy", consent.ADVICE, error=error)


def settle(request: HttpRequest, response: HttpResponseBase) -> None:
    """Settle the cookie on a response, and note what to write once its last byte has gone out.

    Makes no query and never raises. Does nothing at all to the pages of people who did not agree.
    """
    try:
        if request.__dict__.get(PERSONAL):
            cookies.keep_from_caches(response)
        elif request.__dict__.get(DIFFERS):
            patch_vary_headers(response, ["Cookie"])
        if request.path_info.startswith(tuple(conf.current().ignored_paths)):
            return
        if not visitors.concerns(request):
            return
        is_shown = is_page(request, response) and is_wanted(request)
        recognised = visitors.recognise(request, response, may_begin=is_shown)
        is_view = is_shown and recognised.visitor is not None
        if is_view and not is_chosen(request):
            counters.count("view_cross_site")
            is_view = False
        if is_view:
            _name_shown_object(request, response)
        if is_view or recognised.has_news or recognised.left_alone:
            response._resource_closers.append(AfterPage(request, recognised, is_view))  # type: ignore[attr-defined]
    except Exception as error:  # noqa: BLE001 - the shop's page goes out whatever happens here
        counters.failed("page_unsettled", _UNSETTLED, error=error)


_UNSETTLED = (
    "A page could not be tracked; it went out unharmed. This is a fault of ours: report it."
)


def is_page(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Whether this is a page that a browser shows: a successful GET of HTML."""
    return (
        request.method == "GET"
        and 200 <= response.status_code < 300
        and response.status_code not in WITHOUT_PAGE
        and response.get("Content-Type", "").startswith(PAGE_TYPES)
    )


def is_wanted(request: HttpRequest) -> bool:
    """Whether a browser asked for this page to show it: no frame, no picture, no script, no
    prefetch, no robot."""
    meta = request.META
    destination = meta.get("HTTP_SEC_FETCH_DEST")
    if destination is None:
        # Browsers from before 2023 say only what they would take: for a picture no HTML.
        accepted = meta.get("HTTP_ACCEPT", "")[:LONGEST_HEADER]
        if accepted and "text/html" not in accepted and not accepted.startswith("*/*"):
            return False
    elif destination != "document" or meta.get("HTTP_SEC_FETCH_MODE", "navigate") != "navigate":
        return False
    if any(meta.get(header, "").startswith(AHEAD_OF_TIME) for header in AHEAD_HEADERS):
        counters.count("view_prefetched")
        return False
    if is_robot(meta.get("HTTP_USER_AGENT", "")) or robot_networks.is_within(meta):
        counters.count("view_by_robot")
        return False
    return True


def is_chosen(request: HttpRequest) -> bool:
    """Whether the shopper came here by an act of their own, as far as the browser tells.

    A link on another site is one. A window that another site opens, or sends elsewhere, by a
    script is not: it could make anybody look at anything. People whom an advertisement passes on
    come so, too, and with browsers that do not say which it was all links of other sites; the
    script tells of their view once they scroll, press or type something.
    """
    meta = request.META
    return meta.get("HTTP_SEC_FETCH_SITE") != "cross-site" or "HTTP_SEC_FETCH_USER" in meta


def _name_shown_object(request: HttpRequest, response: HttpResponseBase) -> None:
    """A DetailView's `object` is what its page is about, unless the page said something else."""
    context = getattr(response, "context_data", None)
    shown = context.get("object") if isinstance(context, dict) else None
    if (
        isinstance(shown, models.Model)
        and ingest.named_item(request) is None
        and items.is_registered(items.name_of(shown)[0])
    ):
        ingest.name_item(request, shown, explicit=False)


class AfterPage:
    """Writes the view, and the visitor's row, when the server closes the response.

    Django closes a response after its last byte, under WSGI and ASGI, streams included, and
    before it closes the database connections.
    """

    __slots__ = ("at", "is_view", "recognised", "request")

    def __init__(self, request: HttpRequest, recognised: Recognised, is_view: bool) -> None:
        self.request = request
        self.recognised = recognised
        self.is_view = is_view
        self.at = int(time.time())

    def __call__(self) -> None:
        try:
            self.write()
        except Exception as error:  # noqa: BLE001 - Django would swallow it without a word
            counters.failed("view_unwritten", ingest.UNWRITTEN, error=error)

    def __reduce__(self) -> tuple[Callable[[], Any], tuple[()]]:
        # A cached page is pickled with its closers. Replayed for the next visitor, it must not
        # count this one's view again.
        return _replayed, ()

    def write(self) -> None:
        """Write what this page taught, in a transaction of its own."""
        restrictions.refresh()
        if self.recognised.left_alone:
            return
        item_id = self._item() if self.is_view else 0
        if not item_id and not self.recognised.has_news:
            return
        unwritten = visitors.is_unwritten(self.recognised)
        if not page_limits.may_be_kept(self.request.META, self.recognised.visitor):
            self._write_withdrawal()
            return
        rank = 0
        if unwritten:
            rank = visitors.rank_of(self.recognised, partial(place_in_network, self.request))
        views = [self._view(item_id)] if item_id else []
        again_on_deadlock(
            lambda: self._stored(views, rank=rank, unwritten=unwritten),
            alias=router.db_for_write(Event),
        )
        drops.flush_if_due()

    def _stored(self, views: list[ingest.NewEvent], *, rank: int, unwritten: bool) -> None:
        with writing.contained(one_statement=not unwritten) as is_ours:
            if unwritten and not visitors.write(self.recognised, rank=rank):
                return
            if views:
                # Nobody was told that it is stored, and a worker must not wait for the disk.
                ingest.insert(views, hurried=is_ours)

    def _write_withdrawal(self) -> None:
        """What is over a limit leaves no new row; that consent was taken back counts all the same
        for whoever has one."""
        if self.recognised.withdrawn is not None:
            with writing.contained(one_statement=False):
                visitors.write(self.recognised, may_add=False)

    def _item(self) -> int:
        named = ingest.named_item(self.request)
        if named is None:
            return 0
        if not items.is_registered(named[0]):
            counters.failed("view_of_unregistered_model", _UNREGISTERED)
            return 0
        found = items.find_item(*named, store=self.recognised.store)
        if not found:
            counters.failed("view_of_unknown_item", _UNKNOWN)
        elif items.sensitive_among([found], self.recognised.store):
            counters.count("event_sensitive")
            return 0
        return found

    def _view(self, item_id: int) -> ingest.NewEvent:
        assert self.recognised.visitor is not None
        return ingest.NewEvent(
            store=self.recognised.store,
            shopper=self.recognised.visitor,
            uid=ingest.event_uid(f"view {ingest.view_id(self.request)}"),
            kind=Kind.VIEW,
            item_id=item_id,
            at=self.at,
            context=circumstances(self.request, sender=Sender.PAGE, at=self.at).packed(),
        )


_UNREGISTERED = (
    "A page named as its item an object whose model has no ItemMap, so its view is not counted. "
    "Register the model in a persona.py."
)
_UNKNOWN = (
    "A page showed a product that the catalogue does not know yet, so its view is not counted. "
    "Run `manage.py persona_sync`."
)


def _replayed() -> Callable[[], None]:
    return _nothing


def _nothing() -> None:
    """What is left of `AfterPage` in a page that comes out of a cache."""
