"""What browsers load: built from the source that is here, small, and without anything inline."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import runpy
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.script.site import STATIC

SOURCE = STATIC / "persona" / "persona.js"
BUILT = STATIC / "persona" / "persona.min.js"
BUILD = Path(__file__).parents[2] / ".ci" / "script.py"
ESBUILD = shutil.which(os.environ.get("ESBUILD", "esbuild"))
UNITS = Path(__file__).parent / "units"
MOST_BYTES = 4 * 1024
"""Gzipped, of what every visitor loads once."""


def test_what_is_shipped_was_built_from_this_source():
    told = hashlib.sha256(SOURCE.read_bytes()).hexdigest()
    first = BUILT.read_text("utf-8").splitlines()[0]

    assert first == f"/* persona.js sha256 {told} */", "run: python -m tox run -e script"


@pytest.mark.skipif(not ESBUILD, reason="no esbuild on the path, and none named by ESBUILD")
def test_what_is_shipped_is_what_the_build_gives():
    """What somebody edits there by hand would be lost with the next build."""
    build = runpy.run_path(str(BUILD))

    assert build["built"](ESBUILD) == BUILT.read_bytes()


def test_what_is_shipped_is_small():
    small = len(gzip.compress(BUILT.read_bytes(), 9))

    assert small <= MOST_BYTES


@pytest.mark.parametrize("path", [SOURCE, BUILT], ids=lambda path: path.name)
def test_nothing_in_it_becomes_markup_or_code(path: Path):
    text = re.sub(
        r"/\*.*?\*/|//.*", "", path.read_text("utf-8"), flags=re.S if path == BUILT else 0
    )

    assert not re.search(
        r"\beval\b|\bFunction\(|innerHTML|outerHTML|insertAdjacentHTML|document\.write|"
        r"srcdoc|localStorage|indexedDB|document\.cookie\s*=[^=]|importScripts|WebSocket",
        text,
    )


def test_timers_are_given_functions_and_never_text():
    assert not re.search(r"set(Timeout|Interval)\(\s*[\"'`]", BUILT.read_text("utf-8"))


@pytest.mark.service("node")
@pytest.mark.parametrize("units", sorted(UNITS.glob("*.test.mjs")), ids=lambda path: path.stem)
def test_the_units_pass_in_node(units: Path):
    done = subprocess.run(
        ["node", "--test", str(units)], capture_output=True, text=True, timeout=120, check=False
    )

    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
    assert re.search(r"# pass [1-9]", done.stdout), done.stdout[-2_000:]
