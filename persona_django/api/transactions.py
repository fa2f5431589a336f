"""Doors that stand outside the transaction which ATOMIC_REQUESTS puts around each request."""

from __future__ import annotations

from typing import Any

from django.db import connections, transaction
from rest_framework.views import APIView


class OnItsOwn(APIView):
    """A view that begins and commits its own transactions.

    What it says is done must be committed when the reply is sent, what fails half-way must not
    take that back, and nobody may hold a connection while a slow client is still sending.
    """

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        view = super().as_view(**initkwargs)
        for alias in connections:
            view = transaction.non_atomic_requests(using=alias)(view)
        return view
