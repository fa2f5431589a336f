"""Every setting has its range, and what lies outside says what to do instead."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings

from persona_django import conf, limits
from persona_django.api import server_events
from persona_django.serving import asks
from persona_django.tracking import batches, report_values, schema, throttling

DEFAULTS = conf.Settings()


def faults(name: str, value: Any) -> list[limits.Fault]:
    with override_settings(PERSONA={name.upper(): value}):
        return limits.faults()


@pytest.mark.parametrize("setting", fields(conf.Settings), ids=lambda setting: setting.name)
def test_every_default_is_possible(setting: Any):
    assert faults(setting.name, getattr(conf.Settings(), setting.name)) == []


@pytest.mark.parametrize("setting", fields(conf.Settings), ids=lambda setting: setting.name)
def test_a_value_of_another_type_is_a_fault_of_any_setting(setting: Any):
    ((name, _, hint),) = faults(setting.name, object())

    assert name == setting.name
    assert hint


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("enabled", 1, "True or False"),
        ("min_buyers", 2, "3 to"),
        ("min_buyers", 5.0, "whole number"),
        ("min_buyers", True, "a number"),
        ("min_support", 0, "1 to"),
        ("min_log_likelihood", float("nan"), "finite"),
        ("support_prior", float("inf"), "finite"),
        ("popularity_discount", 1.5, "0 to 1"),
        ("max_block_size", 51, "1 to 50"),
        ("basket_items", 1, "a pair needs two"),
        ("cookie_max_age", timedelta(days=397), "13 months"),
        ("cookie_max_age", timedelta(0), "longer than nothing"),
        ("cookie_max_age", 3600, "timedelta"),
        ("events_kept", timedelta(hours=1), "at least 7 days"),
        ("events_kept", timedelta(days=7) - timedelta(seconds=1), "at least 7 days"),
        ("events_kept", timedelta(seconds=-1), "longer than nothing"),
        ("purchases_kept", timedelta(days=6), "at least 7 days"),
        ("visit_gap", timedelta(seconds=-1), "longer than nothing"),
        ("visit_gap", timedelta(days=10**6), "at most"),
        ("state_max_age", timedelta(hours=1), "roll-back"),
        ("currency", "eur", "ISO 4217"),
        ("currency", 978, "text"),
        ("similarity_backend", "fortran", "auto, numba, scipy"),
        ("cookie_name", "my cookie;", "letters"),
        ("ignored_paths", "/static/", "tuple"),
        ("sensitive_categories", [1], "tuple"),
        ("event_weights", {"view": float("nan")}, "finite"),
        ("event_weights", {"view": "heavy"}, "number"),
        ("event_weights", {"view": True}, "number"),
        ("event_weights", {"cart_remove": -3.0}, "0 to 1000"),
        ("event_weights", {"views": 1.0}, "no kind of event"),
        ("event_weights", [1], "dict"),
        ("store_of", "no.such.module", "cannot be imported"),
        ("account_of", "no.such.module", "cannot be imported"),
        ("robot_networks", ("192.0.2.0/24", "the cloud"), "'the cloud' is no network"),
        ("rest_rate", "often", "a number in a time"),
        ("rest_rate", "0/min", "a number in a time"),
        ("store_of", "persona_django.__version__", "cannot be called"),
        ("consent_policy", {"OPTIONS": {}}, "BACKEND"),
        ("consent_policy", {"BACKEND": "x", "OPTION": {}}, "BACKEND"),
        ("consent_policy", {"BACKEND": "no.such.Policy"}, "cannot be imported"),
    ],
)
def test_an_impossible_value_says_what_is_possible(name: str, value: Any, told: str):
    ((found, _, hint),) = faults(name, value)

    assert found == name
    assert told in hint


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("write_pause", timedelta(0)),
        ("support_prior", 20),
        ("ignored_paths", ["/static/"]),
        ("robot_networks", ["192.0.2.0/24", "2001:db8::/32", "198.51.100.7"]),
        ("event_weights", {"view": 0.5, "refund": 0}),
        ("store_of", "persona_django.recommend"),
        ("cookie_max_age", timedelta(days=1)),
    ],
)
def test_what_is_possible_is_no_fault(name: str, value: Any):
    assert faults(name, value) == []


def test_a_name_in_small_letters_is_no_setting():
    with override_settings(PERSONA={"min_buyers": 100, "trusted_proxies": 1}):
        assert conf.current() == DEFAULTS
        assert not conf.is_chosen("TRUSTED_PROXIES")
        assert limits.faults() == []


@pytest.mark.parametrize(
    ("limit", "written"),
    [
        (batches.LONGEST_BODY, 64 * 1024),
        (batches.MOST_EVENTS, 50),
        (server_events.MOST_EVENTS, 500),
        (report_values.LONGEST_EVENT, 4 * 1024),
        (report_values.MOST_FIELDS, 20),
        (report_values.LONGEST_NAME, 64),
        (report_values.LONGEST_TEXT, 256),
        (batches.EVENT_DEPTH, 3),
        (schema.LONGEST_ID, 128),
        (batches.OLDEST_SECONDS, 86_400),
        (schema.CLOCK_TOLERANCE_SECONDS, 300),
        (limits.SHORTEST["events_kept"][0], timedelta(days=7)),
        (DEFAULTS.visitor_requests, 60),
        (DEFAULTS.visitor_events, 600),
        (DEFAULTS.visitor_events_a_day, 5_000),
        (throttling.TIMES_FOR_A_NETWORK, 10),
        (DEFAULTS.refuse_excess, False),
        (DEFAULTS.events_kept, timedelta(days=90)),
        (DEFAULTS.visitors_kept, timedelta(days=390)),
        (DEFAULTS.cookie_max_age, timedelta(days=390)),
        (DEFAULTS.min_buyers, 5),
        (limits.RANGES["min_buyers"][0], 3),
        (DEFAULTS.events_per_shopper, 500),
        (DEFAULTS.neighbours_kept, 50),
        (asks.MOST_SEEDS, 100),
        (DEFAULTS.min_training_shoppers, 25),
    ],
)
def test_the_limits_that_are_promised_stand_with_no_settings(limit: Any, written: Any):
    """Written out, so that no limit is moved without a word."""
    assert limit == written


@override_settings(PERSONA=["ENABLED"])
def test_settings_that_are_no_dict_are_one_fault_and_the_defaults_serve():
    ((_, shown, hint),) = limits.faults()

    assert (shown, "a dict" in hint) == ("list", True)
    assert conf.written() == {}
    assert conf.current() == conf.Settings()
