"""Imports point up the page, and the web process stays light."""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.house.tree import ROOT


def run_python(code: str) -> str:
    """Run a few lines in a process of their own; what it prints comes back."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_rooms_import_only_what_stands_above_them():
    lint = Path(sys.executable).with_name("lint-imports")
    found = str(lint) if lint.exists() else shutil.which("lint-imports")
    if not found:
        pytest.skip("import-linter is not installed here; `tox run -e lint` has it")
    done = subprocess.run(
        [found, "--no-cache"], cwd=ROOT, text=True, capture_output=True, check=False
    )

    assert done.returncode == 0, done.stdout


def test_the_arithmetic_loads_without_django():
    loaded = run_python(
        """
        import sys
        import persona_django.numeric
        import importlib, pkgutil
        for module in pkgutil.iter_modules(persona_django.numeric.__path__):
            importlib.import_module(f"persona_django.numeric.{module.name}")
        print([name for name in ("django", "celery", "rest_framework") if name in sys.modules])
        """
    )

    assert loaded.strip() == "[]"


def test_a_web_process_that_renders_every_block_loads_no_heavy_library():
    loaded = run_python(
        """
        import os, sys
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
        os.environ["DATABASE_URL"] = "sqlite://:memory:"
        import django
        django.setup()
        from django.core.management import call_command
        call_command("migrate", run_syncdb=True, verbosity=0)
        from django.test import Client
        from tests.shop.models import Product
        product = Product.objects.create(name="Kettle", price=9)
        for path in (product.get_absolute_url(), *(
            f"/persona/api/v1/blocks/{block}/?seed=shop.product:{product.pk}"
            for block in ("similar-items", "for-you")
        )):
            answer = Client().get(path)
            assert answer.status_code == 200, (path, answer.status_code, answer.content)
        heavy = ("sklearn", "scipy", "numba", "pyarrow", "pandas", "persona_django.training")
        print([name for name in heavy if name in sys.modules])
        """
    )

    assert loaded.strip() == "[]"
