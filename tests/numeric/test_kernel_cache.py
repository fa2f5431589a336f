"""Where compiled code is kept, and that it works where nothing can be kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import persona_django
from persona_django.numeric.kernel_cache import FOLDER_VARIABLE, cache_folder
from persona_django.numeric.neighbours import available_backend

PAIR = """
import numpy as np
from persona_django.numeric.neighbours import top_neighbours
from persona_django.numeric.rows import Rows

rows = Rows(indptr=np.array([0, 2, 4]), item=np.array([0, 1, 0, 1], np.int32),
    weight=np.ones(4, np.float32), owner=np.arange(2, dtype=np.int32), n_items=2, n_owners=2)
found = top_neighbours(rows, k=1, min_support=2, min_llr=0, prior=2, discount=0.5, backend="numba")
print(found.score.tolist(), "django" in __import__("sys").modules)
"""
NO_POWERS = """
import ctypes, os

if os.geteuid() == 0:
    # Root may write anywhere, whatever the modes say, until it lays that power down.
    version_3 = (ctypes.c_uint32 * 2)(0x20080522, 0)
    assert ctypes.CDLL(None).capset(version_3, (ctypes.c_uint32 * 6)()) == 0
try:
    open(os.path.join(os.environ["PYTHONPATH"], "persona_django", "numeric", "probe"), "w")
except PermissionError:
    pass
else:
    raise SystemExit("the install is not read-only for this process, so nothing is proven")
"""
"""What a child begins with that must not be able to write. Another user could not reach an
interpreter that stands in the home of root, as here and there."""
needs_numba = pytest.mark.skipif(available_backend() != "numba", reason="numba is not installed")
needs_posix = pytest.mark.skipif(not hasattr(os, "getuid"), reason="folders have no owner here")


def test_the_folder_is_made_private(tmp_path):
    folder = cache_folder(tmp_path / "kernel")

    assert folder == tmp_path / "kernel"
    assert folder.stat().st_mode & 0o077 == 0


def test_the_environment_may_name_the_folder(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "named"))

    assert cache_folder() == tmp_path / "named"


@needs_posix
def test_a_folder_that_others_may_write_to_is_refused(tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)

    assert cache_folder(shared) is None


@needs_posix
def test_a_link_to_a_folder_is_refused(tmp_path):
    link = tmp_path / "link"
    link.symlink_to(tmp_path)

    assert cache_folder(link) is None


def test_a_folder_that_cannot_be_made_is_done_without(tmp_path):
    (tmp_path / "file").write_text("in the way")

    assert cache_folder(tmp_path / "file" / "kernel") is None


@needs_numba
def test_a_second_process_finds_the_compiled_kernel(tmp_path):
    environment = {**os.environ, FOLDER_VARIABLE: str(tmp_path / "kernel")}

    first = run_pair(environment, cwd=_checkout())

    kept = list((tmp_path / "kernel").rglob("*.nbc"))
    second = run_pair(environment, cwd=_checkout())
    assert first == second == "[0.5, 0.5] False"
    assert kept, "compiled code is in the folder"
    assert sorted(kept) == sorted((tmp_path / "kernel").rglob("*.nbc"))


@needs_numba
@pytest.mark.skipif(
    not sys.platform.startswith("linux") and getattr(os, "geteuid", lambda: 1)() == 0,
    reason="root writes anywhere here",
)
@needs_posix
@pytest.mark.parametrize("cache", ["-", "/proc/no-such-folder"])
def test_a_read_only_install_without_a_home_still_computes_and_leaves_no_file(tmp_path, cache):
    package = tmp_path / "site" / "persona_django"
    shutil.copytree(
        Path(persona_django.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__")
    )
    shipped = files_in(tmp_path)
    for path in [*package.rglob("*"), package, package.parent]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    environment = {
        **os.environ,
        "HOME": "/proc/no-such-home",
        "XDG_CACHE_HOME": "/proc/no-such-home",
        "PYTHONPATH": str(package.parent),
        FOLDER_VARIABLE: cache,
    }
    # With it no compiled module would be written where nothing keeps it from being written.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)

    try:
        found = run_pair(environment, cwd=tmp_path, first=NO_POWERS)
    finally:
        for path in [package.parent, package, *package.rglob("*")]:
            path.chmod(0o755)

    assert found == "[0.5, 0.5] False"
    assert files_in(tmp_path) == shipped


def files_in(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, and what it holds."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def _checkout() -> Path:
    return Path(persona_django.__file__).parent.parent


def run_pair(environment: dict[str, str], *, cwd: Path, first: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-c", first + PAIR],
        env=environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
