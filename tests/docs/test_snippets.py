"""Code and names in the documentation are real ones."""

from __future__ import annotations

import ast
import importlib
import re
import textwrap
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from persona_django.conf import Settings
from tests.house.tree import markdown, shown

PAGES = tuple(markdown())
every_page = pytest.mark.parametrize("page", PAGES, ids=shown)
OTHER_PEOPLES = {
    "CELERY_BEAT_SCHEDULE",
    "CONN_MAX_AGE",
    "SECURE_SSL_REDIRECT",
    "SECURE_PROXY_SSL_HEADER",
    "DEBUG",
    "LANGUAGE_CODE",
    "TIME_ZONE",
    "DNT",
    "INSTALLED_APPS",
    "MIDDLEWARE",
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "DATABASE_URL",
    "PERSONA_DATA",
    "CACHE_URL",
    "BROKER_URL",
    "BACKEND",
    "OPTIONS",
    "BEAT_SCHEDULE",
    "COPY",
    "PERSONA",
    "LICENSE",
    "USE_TZ",
    "CACHES",
    "STATIC_URL",
    "SILENCED_SYSTEM_CHECKS",
    "ATOMIC_REQUESTS",
    "CELERY_ACCEPT_CONTENT",
    "REST_FRAMEWORK",
    "NUM_PROXIES",
    "DEFAULT_AUTHENTICATION_CLASSES",
    "DEFAULT_PERMISSION_CLASSES",
    "DEFAULT_THROTTLE_CLASSES",
}


def snippets(page: Path) -> Iterator[ast.Module]:
    for code in re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.S | re.M):
        yield ast.parse(textwrap.dedent(code))


@every_page
def test_every_import_of_ours_in_the_documentation_exists(page: Path):
    lost = [
        f"{node.module}.{name.name}"
        for tree in snippets(page)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("persona_django")
        for name in node.names
        if not _exists(str(node.module), name.name)
    ]

    assert not lost


def _exists(module: str, name: str) -> bool:
    found = importlib.import_module(module)
    if hasattr(found, name):
        return True
    return importlib.util.find_spec(f"{module}.{name}") is not None


@every_page
def test_every_setting_named_in_the_documentation_exists(page: Path):
    known = {setting.name.upper() for setting in fields(Settings)} | OTHER_PEOPLES
    named = set(re.findall(r"`([A-Z][A-Z_]{2,})(?:`| =)", page.read_text("utf-8")))

    assert named - known == set()


@every_page
def test_every_module_path_in_the_documentation_exists(page: Path):
    named = set(
        re.findall(r"\bpersona_django(?:\.[a-z_]+)+(?:\.[A-Z]\w+)?", page.read_text("utf-8"))
    )
    lost = []
    for path in named:
        module, _, name = path.rpartition(".")
        if not _exists(module, name):
            lost.append(path)

    assert not lost
