"""Artefacts survive in the database and are believed only when every byte is right."""

from __future__ import annotations

import io
import logging
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test import override_settings

from persona_django.artefacts import folder, store
from persona_django.artefacts.models import Artefact, ArtefactPart
from persona_django.artefacts.packing import pack
from persona_django.exceptions import BadArtefact

pytestmark = pytest.mark.django_db

NUMBERS = {"numbers": np.arange(1000), "flags": np.array([True, False])}


@pytest.fixture(autouse=True)
def home(tmp_path: Path) -> Iterator[Path]:
    with override_settings(PERSONA={"CACHE_FOLDER": str(tmp_path / "cache")}):
        yield tmp_path / "cache"


def file_of(artefact_id: int) -> Path:
    return folder.path() / f"{Artefact.objects.get(pk=artefact_id).checksum}{folder.SUFFIX}"


def test_what_is_saved_is_loaded_from_a_private_file(home: Path):
    artefact_id = store.save("test/1", NUMBERS, schema=1)

    found = store.load(artefact_id, schema=1)

    assert found["numbers"].tolist() == list(range(1000))
    assert home.stat().st_mode & 0o777 == 0o700
    assert file_of(artefact_id).stat().st_mode & 0o777 == 0o600
    assert not list(home.glob("*.part"))


def test_a_second_load_reads_the_file_and_not_the_parts():
    artefact_id = store.save("test/1", NUMBERS, schema=1)
    store.load(artefact_id, schema=1)
    ArtefactPart.objects.all().delete()

    assert store.load(artefact_id, schema=1)["flags"].tolist() == [True, False]


def test_large_artefacts_are_cut_into_parts(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(store, "PART_BYTES", 1000)
    told: list[int] = []

    artefact_id = store.save("test/1", NUMBERS, schema=1, on_part=lambda: told.append(1))

    assert ArtefactPart.objects.count() == len(told) == Artefact.objects.get().parts > 5
    assert store.load(artefact_id, schema=1)["numbers"].sum() == 499_500


def test_an_artefact_of_another_layout_or_one_that_is_gone_is_refused():
    artefact_id = store.save("test/1", NUMBERS, schema=1)

    with pytest.raises(BadArtefact, match="layout 1"):
        store.load(artefact_id, schema=2)
    with pytest.raises(BadArtefact, match="does not exist"):
        store.load(artefact_id + 1, schema=1)


@pytest.mark.parametrize("tenths", range(10))
def test_a_truncated_row_is_refused(tenths: int):
    artefact_id = store.save("test/1", NUMBERS, schema=1)
    part = ArtefactPart.objects.get()
    part.data = bytes(part.data)[: len(part.data) * tenths // 10]
    part.save()

    with pytest.raises(BadArtefact, match="cut off or it was damaged"):
        store.load(artefact_id, schema=1)
    assert not file_of(artefact_id).exists()


@pytest.mark.parametrize("name", ["test/1", "work/similar/1"])
@pytest.mark.parametrize("at", [0, 10, 44, 60, 500, -1])
def test_a_changed_byte_of_a_row_is_refused(at: int, name: str):
    artefact_id = store.save(name, NUMBERS, schema=1)
    part = ArtefactPart.objects.get()
    data = bytearray(bytes(part.data))
    data[at] ^= 1
    part.data = bytes(data)
    part.save()

    with pytest.raises(BadArtefact):
        store.load(artefact_id, schema=1)


def test_a_missing_part_is_a_torn_write(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(store, "PART_BYTES", 1000)
    artefact_id = store.save("test/1", NUMBERS, schema=1)
    ArtefactPart.objects.filter(number=2).delete()

    with pytest.raises(BadArtefact, match="cut off"):
        store.load(artefact_id, schema=1)


def test_a_row_that_claims_too_much_is_not_read():
    artefact_id = store.save("test/1", NUMBERS, schema=1)
    Artefact.objects.update(size=store.MOST_BYTES + 1)

    with pytest.raises(BadArtefact, match="refused"):
        store.load(artefact_id, schema=1)


@pytest.mark.parametrize("at", [0, 10, 44, 60, 500, -1])
def test_a_damaged_file_is_made_again(at: int, caplog: pytest.LogCaptureFixture):
    artefact_id = store.save("test/1", NUMBERS, schema=1)
    store.load(artefact_id, schema=1)
    data = bytearray(file_of(artefact_id).read_bytes())
    data[at] ^= 1
    file_of(artefact_id).write_bytes(data)

    found = store.load(artefact_id, schema=1)

    assert found["numbers"].sum() == 499_500
    assert "damaged" in caplog.text
    assert file_of(artefact_id).read_bytes() == pack(NUMBERS)


@pytest.mark.parametrize("tenths", range(10))
def test_a_truncated_file_is_made_again(tenths: int):
    artefact_id = store.save("test/1", NUMBERS, schema=1)
    store.load(artefact_id, schema=1)
    whole = file_of(artefact_id).read_bytes()
    file_of(artefact_id).write_bytes(whole[: len(whole) * tenths // 10])

    assert store.load(artefact_id, schema=1)["numbers"].sum() == 499_500


class Exploit:
    """Runs code when it is unpickled: it would leave a file behind."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return (open, (str(self.mark), "w"))


def test_a_pickle_named_as_an_artefact_runs_no_code(tmp_path: Path):
    mark = tmp_path / "code was run"
    evil = pickle.dumps(Exploit(mark))
    array_of_objects = io.BytesIO()
    np.save(array_of_objects, np.array([Exploit(mark)], dtype=object), allow_pickle=True)
    for data in (evil, array_of_objects.getvalue()):
        artefact_id = store.save("test/1", NUMBERS, schema=1)
        store.load(artefact_id, schema=1)
        file_of(artefact_id).write_bytes(data)
        ArtefactPart.objects.filter(artefact_id=artefact_id).update(data=data)
        Artefact.objects.filter(pk=artefact_id).update(size=len(data))

        with pytest.raises(BadArtefact):
            store.load(artefact_id, schema=1)

    assert not mark.exists()


def test_a_folder_that_others_may_write_is_not_used(home: Path, caplog: pytest.LogCaptureFixture):
    artefact_id = store.save("test/1", NUMBERS, schema=1)
    home.mkdir()
    home.chmod(0o777)

    found = store.load(artefact_id, schema=1)

    assert found["numbers"].sum() == 499_500
    assert not list(home.iterdir())
    assert "CACHE_FOLDER" in caplog.text


def test_a_folder_that_is_a_link_is_not_used(home: Path, tmp_path: Path):
    artefact_id = store.save("test/1", NUMBERS, schema=1)
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    home.symlink_to(tmp_path / "elsewhere")

    assert store.load(artefact_id, schema=1)["numbers"].sum() == 499_500
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_file_that_others_may_write_or_that_is_a_link_is_not_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    artefact_id = store.save("test/1", NUMBERS, schema=1)
    store.load(artefact_id, schema=1)
    file = file_of(artefact_id)
    file.chmod(0o666)
    store.load(artefact_id, schema=1)
    assert "may be written by other users" in caplog.text
    assert file.stat().st_mode & 0o777 == 0o600

    planted = tmp_path / "planted"
    file.rename(planted)
    file.symlink_to(planted)
    store.load(artefact_id, schema=1)
    assert not file.is_symlink()

    file.unlink()
    file.mkdir()
    assert store.load(artefact_id, schema=1)["numbers"].sum() == 499_500


def test_a_folder_of_another_user_is_not_used(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    artefact_id = store.save("test/1", NUMBERS, schema=1)
    store.load(artefact_id, schema=1)
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)

    found = store.load(artefact_id, schema=1)

    assert found["numbers"].sum() == 499_500
    assert "belongs to another user" in caplog.text


def test_a_disk_that_cannot_be_written_costs_memory_not_the_page(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    (tmp_path / "a file").write_text("in the way")
    artefact_id = store.save("test/1", NUMBERS, schema=1)

    with override_settings(PERSONA={"CACHE_FOLDER": str(tmp_path / "a file" / "below")}):
        found = store.load(artefact_id, schema=1)

    assert found["numbers"].sum() == 499_500
    assert "own copy in memory" in caplog.text


def test_a_write_that_breaks_off_leaves_nothing(home: Path, monkeypatch: pytest.MonkeyPatch):
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    artefact_id = store.save("test/1", NUMBERS, schema=1)
    monkeypatch.setattr(os, "fsync", full)

    assert store.load(artefact_id, schema=1)["numbers"].sum() == 499_500
    assert list(home.iterdir()) == []


def test_files_that_nobody_uses_are_removed(home: Path, caplog: pytest.LogCaptureFixture):
    first = store.save("test/1", NUMBERS, schema=1)
    store.load(first, schema=1)
    old, used, left = file_of(first), home / f"used{folder.SUFFIX}", home / "x.part"
    foreign = home / "notes.txt"
    for file in (used, left, foreign):
        file.write_bytes(b"")
    long_ago = old.stat().st_mtime - folder.UNUSED_SECONDS - 10
    for file in (old, left, foreign):
        os.utime(file, (long_ago, long_ago))

    second = store.save("test/1", {"numbers": np.arange(3)}, schema=1)
    store.load(second, schema=1)

    assert sorted(home.iterdir()) == sorted([used, foreign, file_of(second)])
    assert not caplog.text


def test_a_file_in_use_is_marked_so(home: Path):
    artefact_id = store.save("test/1", NUMBERS, schema=1)
    store.load(artefact_id, schema=1)
    long_ago = file_of(artefact_id).stat().st_mtime - folder.UNUSED_SECONDS
    os.utime(file_of(artefact_id), (long_ago, long_ago))

    store.load(artefact_id, schema=1)

    assert file_of(artefact_id).stat().st_mtime > long_ago + 1000


def test_a_file_that_is_used_daily_stays_among_the_last_used(home: Path):
    artefact_id = store.save("popular/1", NUMBERS, schema=1)
    store.load(artefact_id, schema=1)
    daily = file_of(artefact_id)
    now = daily.stat().st_mtime
    for number in range(folder.MOST_NAMED):
        snapshot = home / f"{number:064x}{folder.SUFFIX}"
        snapshot.write_bytes(b"")
        os.utime(snapshot, (now - 3600, now - 3600))
    os.utime(daily, (now - 4000, now - 4000))
    assert daily.stem not in folder.names()

    store.load(artefact_id, schema=1)

    assert daily.stem in folder.names()


def test_what_an_unfinished_run_keeps_never_lies_on_the_disk(home: Path):
    artefact_id = store.save("work/similar/1", NUMBERS, schema=1)

    found = [store.load(artefact_id, schema=1) for _ in range(2)]

    assert [arrays["numbers"].sum() for arrays in found] == [499_500, 499_500]
    assert not home.exists()


@override_settings(PERSONA={})
def test_without_a_setting_each_user_has_a_folder_of_its_own():
    assert folder.path().name == f"persona-django-{os.geteuid()}"


def test_a_system_without_user_numbers_is_fine(monkeypatch: pytest.MonkeyPatch):
    artefact_id = store.save("test/1", NUMBERS, schema=1)
    monkeypatch.delattr(os, "geteuid")

    assert store.load(artefact_id, schema=1)["numbers"].sum() == 499_500


def test_the_newest_is_found_and_old_ones_are_pruned_but_never_the_protected():
    ids = [store.save("test/1", NUMBERS, schema=1) for _ in range(5)]
    other = store.save("test/2", NUMBERS, schema=1)

    gone = store.prune("test/1", keep=2, protect={ids[0]})

    assert gone == 2
    assert store.newest("test/1") == ids[-1]
    assert store.newest("nothing") is None
    kept = set(Artefact.objects.values_list("pk", flat=True))
    assert kept == {ids[0], ids[3], ids[4], other}
    assert set(ArtefactPart.objects.values_list("artefact_id", flat=True)) == kept


@pytest.fixture(autouse=True)
def _hear_warnings(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL compresses values")
def test_postgresql_does_not_try_to_compress_packed_numbers():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attstorage FROM pg_attribute "
            "WHERE attrelid = %s::regclass AND attname = 'data'",
            [ArtefactPart._meta.db_table],
        )
        assert cursor.fetchone()[0] in ("e", b"e")
