"""Where the compiled kernel is kept between processes, and the decorator that compiles it.

Compiling takes seconds, loading a fraction of one. Compiled code is never kept beside the package,
where it would outlive an uninstall and a read-only install could not hold it, but in a private
folder. Its index is a pickle, so a folder that another user could write to is refused, and the
kernel is compiled afresh instead.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER_VARIABLE = "PERSONA_KERNEL_CACHE"
"""Environment variable that names the folder; `-` compiles afresh in each process."""


def cache_folder(wanted: str | os.PathLike[str] | None = None) -> Path | None:
    """The folder for compiled code, made if needed; None where no private one can be had.

    Parameters
    ----------
    wanted : folder to use; without it the environment's, else one in the system's temporary folder

    Returns
    -------
    a folder that only this user can write to, or None

    >>> cache_folder("-") is None
    True
    """
    named = os.fspath(wanted or os.environ.get(FOLDER_VARIABLE, ""))
    if named == "-":
        return None
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "")
    folder = Path(named or Path(tempfile.gettempdir()) / f"persona-django-kernel-{user}")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder if _is_private(folder) and os.access(folder, os.W_OK) else None
    except OSError:
        return None


def _is_private(folder: Path) -> bool:
    if not hasattr(os, "getuid"):
        return True
    found = folder.lstat()
    return (
        stat.S_ISDIR(found.st_mode)
        and found.st_uid == os.getuid()
        and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    )


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function of the kernel; it runs without the interpreter's lock, so in threads.

    Never with numba's own parallel layer, which does not survive the fork of a Celery worker.
    """
    return _compile(function, cached=True)


def inlined(function: Callable[..., Any]) -> Any:
    """Compile into each caller.

    A call hands arrays over by counting their references, and two threads that count on the same
    arrays wait for each other: what runs once a pair must not be a call.
    """
    return _compile(function, cached=False, inline="always")


def _compile(function: Callable[..., Any], *, cached: bool, **options: Any) -> Any:
    import numba

    folder = cache_folder() if cached else None
    config: Any = numba.config
    before = config.CACHE_DIR
    try:
        config.CACHE_DIR = str(folder or "")
        return numba.njit(nogil=True, error_model="numpy", cache=folder is not None, **options)(
            function
        )
    finally:
        config.CACHE_DIR = before
