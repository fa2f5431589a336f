"""Rules of the house that a machine can check, over every file of the project."""

from __future__ import annotations

import re
from fnmatch import fnmatch

import pytest

from tests.house.tree import APP, ROOT, called, equated, imported, modules, shown

MOST_LINES = {"tests": 500}
"""Tests may be a little longer: they are read one at a time."""
MOST_LINES_OF_CODE = 350
UNFINISHED = re.compile(r"\b(TO" + "DO|FIX" + r"ME|X" + r"XX)\b|pragma: no " + "cover")
LOADS_CODE = {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal", "cloudpickle"}
RUNS_TEXT = {"eval", "exec", "yaml.load", "yaml.unsafe_load", "os.system", "compile"}
TRUSTS_TEXT = {"mark_safe", "SafeString", "format_html_join.__wrapped__"}
ADDRESS = re.compile(r"https?:" + r"//[^\s\"'<>)]+")
SHEET_OF_A_FILE = '<style>\n{% include "persona/evaluation.css" %}</style>'
"""The report of an evaluation is opened from a disk: no shop's policy holds for it, and a sheet
beside it would be lost when it is sent on."""
NAMES_NO_ADDRESS = "http://www.w3.org/"
"""Namespaces of SVG and XML look like addresses; nothing is fetched from them."""


def test_every_file_is_short_enough_to_be_read_in_one_sitting():
    long = {
        shown(path): lines
        for path in modules()
        if (lines := len(path.read_text("utf-8").splitlines()))
        > MOST_LINES.get(path.relative_to(ROOT).parts[0], MOST_LINES_OF_CODE)
    }

    assert not long


def test_pytest_looks_into_every_folder_of_tests(pytestconfig: pytest.Config):
    passed_by = pytestconfig.getini("norecursedirs")

    unseen = {
        shown(path.parent)
        for path in modules("tests")
        for part in path.parent.relative_to(ROOT).parts
        if any(fnmatch(part, pattern) for pattern in passed_by)
    }

    assert not unseen


def test_nothing_is_left_unfinished():
    marks = [
        f"{shown(path)}:{number}"
        for path in modules()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if UNFINISHED.search(line)
    ]

    assert not marks


def test_nothing_of_ours_reads_a_format_that_can_run_code():
    found = [
        f"{shown(path)}:{line} imports {name}"
        for path in modules("persona_django", "example_shop")
        for name, line in imported(path)
        if name.partition(".")[0] in LOADS_CODE
    ]

    assert not found


def test_signatures_are_compared_in_a_time_that_tells_nothing_of_them():
    """By hmac.compare_digest: == stops at the first character that differs."""
    found = [
        f"{shown(path)}:{line} compares {text}"
        for path in modules("persona_django", "example_shop")
        for text, line in equated(path)
        if re.search(r"signature|hmac", text)
    ]
    signing = [
        path
        for path in modules("persona_django", "example_shop")
        if any(name == "hmac" for name, _ in imported(path))
    ]

    assert not found
    assert signing
    for path in signing:
        assert "hmac.compare_digest" in [name for name, _ in called(path)], shown(path)


def test_nothing_of_ours_runs_text_as_code():
    found = [
        f"{shown(path)}:{line} calls {name}"
        for path in modules("persona_django", "example_shop")
        for name, line in called(path)
        if name in RUNS_TEXT
    ]

    assert not found


def test_arrays_are_never_read_with_pickles_allowed():
    found = [shown(path) for path in modules("persona_django") if _allows_pickle(path.read_text())]

    assert not found


def _allows_pickle(text: str) -> bool:
    return bool(re.search(r"allow_pickle\s*=\s*True", text))


def test_no_text_of_the_shop_is_trusted_as_markup():
    found = [
        f"{shown(path)}:{line} calls {name}"
        for path in modules("persona_django")
        for name, line in called(path)
        if name.rpartition(".")[2] in TRUSTS_TEXT
    ]
    unescaped = [
        shown(path)
        for path in APP.rglob("templates/**/*.html")
        if re.search(r"\|\s*safe\b|autoescape\s+off", path.read_text("utf-8"))
    ]

    assert not found
    assert not unescaped


def test_pages_load_nothing_from_another_machine():
    shipped = [
        path
        for folder in ("persona_django", "example_shop")
        for kind in ("templates", "static")
        for path in (ROOT / folder).rglob(f"{kind}/**/*")
        if path.is_file() and path.suffix in {".html", ".txt", ".js", ".css", ".svg", ".json"}
    ]

    assert shipped
    assert not {
        f"{shown(path)}: {address}"
        for path in shipped
        for address in ADDRESS.findall(path.read_text("utf-8"))
        if not address.startswith(NAMES_NO_ADDRESS)
    }


def test_no_template_of_ours_carries_script_or_style_in_the_page():
    inline = re.compile(r"<script(?![^>]*\bsrc=)|<style|\son[a-z]+=|\sstyle=|javascript:", re.I)
    found = [
        shown(path)
        for path in (APP / "templates" / "persona").rglob("*.html")
        if inline.search(path.read_text("utf-8").replace(SHEET_OF_A_FILE, ""))
    ]

    assert not found


def test_the_app_makes_no_outgoing_request():
    speaks = {
        "requests",
        "httpx",
        "urllib3",
        "aiohttp",
        "http.client",
        "urllib.request",
        "smtplib",
    }
    found = [
        f"{shown(path)}:{line} imports {name}"
        for path in modules("persona_django")
        for name, line in imported(path)
        if name in speaks or name.partition(".")[0] in speaks
    ]

    assert not found


def test_no_module_is_named_for_nothing():
    empty_names = {"utils", "helpers", "common", "mixins", "misc"}

    assert not [shown(path) for path in modules() if path.stem in empty_names]
