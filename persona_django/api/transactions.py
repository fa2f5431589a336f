"""Doors that stand outside the transaction which ATOMIC_REQUESTS puts around each request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connections, transaction

View = Callable[..., Any]


def on_its_own(view: View) -> View:
    """A view that begins and commits its own transactions.

    What it says is done must be committed when the reply is sent, what fails half-way must not
    take that back, and nobody may hold a connection while a slow client is still sending.
    """
    for alias in connections:
        view = transaction.non_atomic_requests(using=alias)(view)
    return view
