"""Who asks, and how they are addressed: from a request, a shopper, or nobody in particular."""

from __future__ import annotations

from functools import cached_property
from typing import Any
from weakref import ref

from django.db import DatabaseError
from django.http import HttpRequest
from django.utils.module_loading import import_string
from django.utils.translation import get_language

from persona_django import conf, counters
from persona_django.catalogue.maps import Audience, signed_out
from persona_django.identity import consent, restrictions
from persona_django.identity.shoppers import (
    Shopper,
    customer_key,
    customer_keys,
    known_user,
    signed_in_user,
    store_of,
    visitor_to_know,
)


class Asker:
    """Whoever asks. Learns who is signed in only when a block needs to know.

    Reading `request.user` touches the session, which makes a page private to caches; a block that
    is the same for everyone must not do that to the shop's page.
    """

    def __init__(self, who: HttpRequest | Shopper | None) -> None:
        # Weak, because the page that holds this hangs on the request itself.
        self._request_ref = ref(who) if isinstance(who, HttpRequest) else None
        self._shopper = who if isinstance(who, Shopper) else None

    @property
    def request(self) -> HttpRequest | None:
        """The request that asks; None for shoppers and for nobody in particular."""
        return self._request_ref() if self._request_ref is not None else None

    @cached_property
    def store(self) -> int:
        """Number of the store that is asked."""
        request = self.request
        if request is not None:
            return store_of(request)
        return self._shopper.store if self._shopper is not None else 1

    @cached_property
    def user(self) -> Any | None:
        """The signed-in user; None for everyone else."""
        request = self.request
        if request is not None:
            return signed_in_user(request)
        return self._shopper.user if self._shopper is not None else None

    @cached_property
    def visitor(self) -> int | None:
        """The visitor whom what they said before is remembered for; None without their consent."""
        request, known = self.request, self._shopper
        if request is not None:
            found = visitor_to_know(request)
        else:
            found = known.visitor if known is not None and known.consented else None
        # As far as this process has heard: asking would be one more query of the page.
        return None if restrictions.are_known(found) else found

    @cached_property
    def customer(self) -> int | None:
        """The number that stands for the signed-in user in tokens."""
        return customer_key(self.user) if self.user is not None else None

    @cached_property
    def is_left_alone(self) -> bool:
        """Whether nothing may be shown that is theirs alone: they opted out in this browser, or
        paused or were erased as a customer or, where the shop names them so, as a visitor."""
        request = self.request
        if request is not None and consent.opted_out(request):
            return True
        if not restrictions.are_any():
            return False
        keys = customer_keys(self.user) if self.user is not None else []
        if self._shopper is not None:
            keys += [key for key in (self._shopper.visitor, self._shopper.customer) if key]
        return any(map(restrictions.is_restricted, keys))

    @cached_property
    def account(self) -> Any | None:
        """The company the signed-in user buys for; None for everyone else.

        Nobody is asked who they are before a shop says that it has accounts.
        """
        path = conf.current().account_of
        if not path or self.user is None:
            return None
        try:
            return import_string(path)(self.user, self.request)
        except DatabaseError:
            raise
        except Exception as error:  # noqa: BLE001 - the shop's function must not break its page
            counters.failed("account_unknown", _ACCOUNT_ADVICE, error=error)
            return None

    @property
    def is_staff(self) -> bool:
        """Whether exact figures may be shown; False while the page has not asked who it is."""
        request = self.request
        if request is not None:
            return bool(getattr(known_user(request), "is_staff", False))
        return self._shopper is not None and self._shopper.is_staff

    @property
    def audience(self) -> Audience:
        """Whom the shop's own `visible()` is asked about. The user stays lazy until it looks."""
        request = self.request
        user = getattr(request, "user", None) if request is not None else self.user
        language = (self._shopper.language if self._shopper else "") or get_language() or ""
        return Audience(
            user=signed_out() if user is None else user,
            account=self.account,
            store=self.store,
            language=language,
            currency=conf.current().currency,
        )


_ACCOUNT_ADVICE = (
    'PERSONA["ACCOUNT_OF"] raised, so the shopper is shown what everyone sees. Check it.'
)
