"""Counting and logging of what went wrong."""

from __future__ import annotations

from persona_django import counters


def test_every_failure_is_counted_and_each_reason_is_logged_once_a_minute(caplog):
    for _ in range(5):
        counters.failed("a_reason", "Do this.", error=ValueError("inner"))
    counters.failed("another_reason", "Do that.")
    counters.count("quietly", 3)

    assert counters.counts() == {"a_reason": 5, "another_reason": 1, "quietly": 3}
    assert caplog.text.count("Do this.") == 1
    assert caplog.text.count("Do that.") == 1
    assert "inner" in caplog.text


def test_after_a_minute_the_same_reason_is_logged_again(caplog, monkeypatch):
    clock = iter([0.0, 59.0, 61.0])
    monkeypatch.setattr(counters, "monotonic", lambda: next(clock))

    for _ in range(3):
        counters.failed("a_reason", "Do this.")

    assert caplog.text.count("Do this.") == 2
