"""Whose data a command is about, as its arguments say."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

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


def subject_in(options: dict[str, Any]) -> Subject:
    """The person named; CommandError where nobody can be found by it."""
    if options["customer"] is not None:
        return subject_of_customer(options["customer"])
    if options["guest"] is not None:
        return subject_of_guest(options["guest"])
    found = subject_of_visitor(options["visitor"])
    if found.is_nobody:
        raise CommandError(
            "This is no cookie of ours, or it is too old. It is the value of the cookie named by "
            'PERSONA["COOKIE_NAME"], as the browser shows it.'
        )
    return found
