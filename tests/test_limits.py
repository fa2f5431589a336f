"""Every setting has its range, and what lies outside says what to do instead."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings

from persona_django import conf, limits


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


@override_settings(PERSONA=["ENABLED"])
def test_settings_that_are_no_dict_are_one_fault_and_the_defaults_serve():
    ((_, shown, hint),) = limits.faults()

    assert (shown, "a dict" in hint) == ("list", True)
    assert limits.given() == {}
    assert conf.current() == conf.Settings()
