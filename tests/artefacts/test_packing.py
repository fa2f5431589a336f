"""Packed arrays come back as they were, or not at all."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from persona_django.artefacts.packing import (
    DTYPES,
    MAGIC,
    checksum,
    pack,
    pack_texts,
    text_at,
    unpack,
    unpack_texts,
)
from persona_django.exceptions import BadArtefact

some_arrays = st.dictionaries(
    st.text(max_size=20),
    npst.arrays(
        dtype=st.sampled_from(sorted(DTYPES)),
        shape=npst.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=5),
    ),
    max_size=4,
)


@given(some_arrays)
def test_arrays_come_back_as_they_were_and_cannot_be_written(arrays: dict[str, Any]):
    found = unpack(pack(arrays))

    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
        assert not found[name].flags.writeable


def test_big_endian_and_scattered_arrays_come_back_with_their_values():
    numbers = np.arange(10, dtype=">i4")

    found = unpack(pack({"big": numbers, "every_other": np.arange(10)[::2]}))

    assert found["big"].tolist() == list(range(10))
    assert found["every_other"].tolist() == [0, 2, 4, 6, 8]


@pytest.mark.parametrize(
    "array", [np.array(["a"]), np.array([object()]), np.array(["2026-01-01"], dtype="M8[D]")]
)
def test_only_plain_numbers_are_packed(array: Any):
    with pytest.raises(BadArtefact, match="plain numbers"):
        pack({"odd": array})


@given(st.lists(st.text(max_size=30), max_size=10))
def test_texts_come_back(texts: list[str]):
    run, ends = pack_texts(texts)
    known = [text.encode("utf-8", "replace").decode() for text in texts]

    assert list(unpack_texts(run, ends)) == known
    assert [text_at(run, ends, row) for row in range(len(texts))] == known


SOUND = pack({"numbers": np.arange(100), "flags": np.ones(7, dtype=bool), "none": np.empty(0)})


@pytest.mark.parametrize("at", range(0, len(SOUND), 7))
def test_a_changed_byte_anywhere_is_noticed(at: int):
    damaged = bytearray(SOUND)
    damaged[at] ^= 0x10

    with pytest.raises(BadArtefact):
        unpack(bytes(damaged))


@pytest.mark.parametrize("tenths", range(10))
def test_a_cut_at_any_tenth_is_noticed(tenths: int):
    with pytest.raises(BadArtefact):
        unpack(SOUND[: len(SOUND) * tenths // 10])


def test_an_added_byte_is_noticed():
    with pytest.raises(BadArtefact, match="checksum"):
        unpack(SOUND + b"\0")


def forged(directory: Any, *, body: bytes = bytes(64), length: int | None = None) -> bytes:
    """Bytes with a right checksum over a directory that lies."""
    head = directory if isinstance(directory, bytes) else json.dumps(directory).encode()
    size = len(head) if length is None else length
    whole = size.to_bytes(8, "little") + head + body
    return MAGIC + blake2b(whole, digest_size=32).digest() + whole


def entry(**changes: Any) -> dict[str, Any]:
    return {"name": "a", "dtype": "<i8", "shape": [2], "offset": 0, **changes}


def test_a_directory_that_tells_the_truth_is_believed():
    assert unpack(forged([entry()]))["a"].tolist() == [0, 0]


@pytest.mark.parametrize(
    "lie",
    [
        [entry(dtype="|O8")],
        [entry(dtype="<U4")],
        [entry(dtype=["<i8"])],
        [entry(shape=[-1])],
        [entry(shape=[9])],
        [entry(shape=[2**62, 2**62])],
        [entry(shape=[True])],
        [entry(shape=2)],
        [entry(offset=64)],
        [entry(offset=1.0)],
        [{"name": "a"}],
        ["a"],
        [7],
        {"a": entry()},
        [entry()] * 201,
        b"[",
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_a_directory_that_lies_is_refused(lie: Any):
    with pytest.raises(BadArtefact):
        unpack(forged(lie))


@pytest.mark.parametrize("length", [2**63, 2**20 + 1, 100_000])
def test_a_directory_longer_than_the_whole_is_refused(length: int):
    with pytest.raises(BadArtefact, match="longer"):
        unpack(forged([], length=length))


@pytest.mark.parametrize("data", [b"", b"persona1", b"\x80\x04cposix\nsystem\n", bytes(100)])
def test_bytes_of_another_kind_are_refused(data: bytes):
    with pytest.raises(BadArtefact, match="no artefact"):
        checksum(data)
