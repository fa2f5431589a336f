"""Whose data a command is about, as its arguments say."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser

from persona_django.identity.erasure import export
from persona_django.identity.subjects import (
    Subject,
    subject_of_customer,
    subject_of_guest,
    subject_of_visitor,
)


def add_arguments(parser: CommandParser, *, required: bool = True) -> None:
    """Add the ways to name somebody, of which one is used."""
    group = parser.add_mutually_exclusive_group(required=required)
    group.add_argument(
        "--customer",
        metavar="KEY",
        help="A customer by primary key, with every browser and app they signed in with.",
    )
    group.add_argument(
        "--visitor",
        metavar="COOKIE",
        help="A visitor by the value of their cookie or of their app's token.",
    )
    group.add_argument(
        "--guest",
        metavar="KEY",
        help="A guest by what the order map's guest_key holds, such as an e-mail address.",
    )
    parser.add_argument(
        "--anyway", action="store_true", help="Also where the shop has no such customer."
    )


def subject_in(options: dict[str, Any]) -> Subject:
    """The person named; CommandError where nobody can be found by it."""
    if options["customer"] is not None:
        customer = subject_of_customer(options["customer"])
        if not options["anyway"] and not _has_user(customer.customer) and not _is_held(customer):
            # A slip of the pen must not lock out whoever gets that key one day.
            raise CommandError(
                f"The shop has no user with the key {customer.customer}, and nothing is held "
                "about one. --anyway does it all the same."
            )
        return customer
    if options["guest"] is not None:
        return subject_of_guest(options["guest"])
    found = subject_of_visitor(options["visitor"])
    if found.is_nobody:
        raise CommandError(
            "This is no cookie of ours, or it is too old. It is the value of the cookie named by "
            'PERSONA["COOKIE_NAME"], as the browser shows it.'
        )
    return found


def _has_user(key: str) -> bool:
    """Whether the shop has a user of this key; False in shops without accounts."""
    if not apps.is_installed("django.contrib.auth"):
        return False
    from django.contrib.auth import get_user_model

    try:
        return bool(get_user_model()._default_manager.filter(pk=key).exists())
    except (ValueError, ValidationError):
        # A key of another type, such as a word where keys are numbers.
        return False


def _is_held(subject: Subject) -> bool:
    """Whether anything is kept about them: an account may be gone before its data."""
    told = export(subject)
    return bool(told["left_alone"] or told["failed"] or any(part["rows"] for part in told["data"]))
