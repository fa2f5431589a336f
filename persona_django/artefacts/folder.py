"""This host's private folder of unpacked artefacts, each file named by its checksum."""

from __future__ import annotations

import contextlib
import logging
import mmap
import os
import stat
import tempfile
import time
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from persona_django import conf
from persona_django.artefacts.packing import checksum, unpack
from persona_django.exceptions import BadArtefact
from persona_django.numeric.durations import DAY_SECONDS, HOUR_SECONDS

log = logging.getLogger("persona_django.artefacts")

SUFFIX = ".arrays"
UNUSED_SECONDS = 14 * DAY_SECONDS
"""Files that no process has opened for this long are removed."""

TOUCH_SECONDS = HOUR_SECONDS
"""A file that is opened counts as used now, but is not marked so more often than this."""

MOST_NAMED = 200
"""The last used of a folder; all of them would make a query long.

A shop that changes all day unpacks 288 snapshots, so this may be less than a day. A file that is
not named is used all the same, at the cost of reading its row in full once, and is named again.
"""

_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


def path() -> Path:
    """Where this host unpacks artefacts: PERSONA["CACHE_FOLDER"], or a folder of this user."""
    chosen = conf.current().cache_folder
    if chosen:
        return Path(chosen)
    return Path(tempfile.gettempdir()) / f"persona-django-{_own_uid()}"


def names() -> list[str]:
    """Checksums of what was unpacked or used here last, whether or not it can still be trusted."""
    try:
        with os.scandir(path()) as found:
            files = [(file.stat().st_mtime, file.name) for file in found]
    except OSError:
        return []
    newest = sorted((file for file in files if file[1].endswith(SUFFIX)), reverse=True)
    return [name.removesuffix(SUFFIX) for _, name in newest[:MOST_NAMED]]


def read(name: str) -> dict[str, NDArray[Any]] | None:
    """The arrays of one file, mapped; None when there is no file that can be trusted."""
    try:
        mapped = _map(path() / f"{name}{SUFFIX}")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        log.warning("The cached artefact %s is not used: %s. It is made again.", name[:16], error)
        return None
    try:
        if checksum(mapped) != name:
            raise BadArtefact("Its content is that of another artefact.")
        return unpack(mapped)
    except BadArtefact as error:
        log.warning("The cached artefact %s is damaged: %s It is made again.", name[:16], error)
        with contextlib.suppress(OSError):
            (path() / f"{name}{SUFFIX}").unlink()
        return None


def write(name: str, data: bytes) -> bool:
    """Put packed bytes into the folder, all or nothing; False when that is not possible."""
    try:
        home = _private_folder()
        handle, temporary = tempfile.mkstemp(dir=home, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(home / f"{name}{SUFFIX}")
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        log.warning(
            "Artefacts cannot be kept in %s: %s. Each process keeps its own copy in memory; set "
            'PERSONA["CACHE_FOLDER"] to a folder that only this user may write.',
            path(),
            error,
        )
        return False
    _tidy(home)
    return True


def _map(file: Path) -> mmap.mmap:
    """Map a file, refusing links and whatever another user owns or could write."""
    _refuse_foreign(file.parent.lstat(), "the folder")
    handle = os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise OSError("it is no plain file")
        _refuse_foreign(found, "the file")
        if time.time() - found.st_mtime > TOUCH_SECONDS:
            os.utime(handle)
        return mmap.mmap(handle, 0, access=mmap.ACCESS_READ)
    finally:
        os.close(handle)


def _refuse_foreign(found: os.stat_result, what: str) -> None:
    if stat.S_ISLNK(found.st_mode):
        raise OSError(f"{what} is a link")
    if _own_uid() != -1 and found.st_uid != _own_uid():
        raise OSError(f"{what} belongs to another user")
    if _own_uid() != -1 and found.st_mode & _OTHERS_MAY_WRITE:
        raise OSError(f"{what} may be written by other users")


def _private_folder() -> Path:
    home = path()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    _refuse_foreign(home.lstat(), "the folder")
    return home


def _tidy(home: Path) -> None:
    """Remove what no process has used for long, and what a killed write left behind."""
    now = time.time()
    for file in home.iterdir():
        limit = UNUSED_SECONDS if file.suffix == SUFFIX else HOUR_SECONDS
        # Another process of ours may tidy at the same moment.
        with contextlib.suppress(OSError):
            if file.suffix in (SUFFIX, ".part") and now - file.lstat().st_mtime > limit:
                file.unlink()


def _own_uid() -> int:
    """This process's user; -1 where the system has no such numbers."""
    return os.geteuid() if hasattr(os, "geteuid") else -1
