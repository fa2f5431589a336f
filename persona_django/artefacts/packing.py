"""Named arrays as one block of bytes that is checked before it is believed.

Layout: 8 bytes of magic, 32 bytes of BLAKE2b over all that follows, 8 bytes length of the
directory, the directory as JSON (name, dtype, shape, offset), then the arrays, each on a multiple
of 64 bytes. Only plain numbers fit in: reading it can never run code, as a pickle would.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django.exceptions import BadArtefact

MAGIC = b"persona1"
DTYPES = frozenset(["|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f4", "<f8"])
"""Everything an array may consist of."""

_ALIGNED = 64
_DIGEST = slice(8, 40)
_LENGTH = slice(40, 48)
_START = 48
_MOST_ARRAYS = 200
_MOST_DIRECTORY = 1 << 20


def pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Named arrays as bytes. Refuses everything that `unpack` would not take back."""
    directory: list[dict[str, Any]] = []
    blocks: list[NDArray[Any]] = []
    offset = 0
    for name, given in arrays.items():
        array = np.ascontiguousarray(given).reshape(np.shape(given))
        dtype = array.dtype.newbyteorder("<") if array.dtype.byteorder == ">" else array.dtype
        if dtype.str not in DTYPES:
            raise BadArtefact(
                f"Array {name!r} holds {array.dtype}, but an artefact takes plain numbers only. "
                "Code texts with pack_texts()."
            )
        blocks.append(array.astype(dtype, copy=False))
        directory.append(
            {"name": name, "dtype": dtype.str, "shape": array.shape, "offset": offset}
        )
        offset += _padded(array.nbytes)
    head = json.dumps(directory, separators=(",", ":")).encode()
    head += b" " * (_padded(_START + len(head)) - _START - len(head))
    parts = [len(head).to_bytes(8, "little"), head]
    for array in blocks:
        parts.append(array.tobytes())
        parts.append(bytes(_padded(array.nbytes) - array.nbytes))
    body = b"".join(parts)
    return MAGIC + blake2b(body, digest_size=32).digest() + body


def unpack(data: Any) -> dict[str, NDArray[Any]]:
    """The arrays back, as read-only views of `data` (bytes or a memory map).

    Raises BadArtefact for any damage: a wrong byte, a missing or an added end, a directory that
    names what is not there.
    """
    view = memoryview(data)
    checksum(data)
    if blake2b(view[40:], digest_size=32).digest() != bytes(view[_DIGEST]):
        raise BadArtefact("The stored arrays do not match their checksum; they were damaged.")
    length = int.from_bytes(view[_LENGTH], "little")
    if length > min(_MOST_DIRECTORY, len(view) - _START):
        raise BadArtefact("The directory of the stored arrays is longer than they are.")
    try:
        directory = json.loads(bytes(view[_START : _START + length]))
        if not isinstance(directory, list) or len(directory) > _MOST_ARRAYS:
            raise BadArtefact("The directory of the stored arrays is no list of arrays.")
        return {str(entry["name"]): _view(view[_START + length :], entry) for entry in directory}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadArtefact(f"The directory of the stored arrays is unreadable: {error}") from error


def checksum(data: Any) -> str:
    """The checksum that packed bytes carry, in hex; `unpack` compares it with the content."""
    view = memoryview(data)
    if len(view) < _START or bytes(view[:8]) != MAGIC:
        raise BadArtefact("These bytes are no artefact; they lack its first eight.")
    return bytes(view[_DIGEST]).hex()


def _view(body: memoryview, entry: Mapping[str, Any]) -> NDArray[Any]:
    """One array of the directory, after its every claim was checked against the bytes."""
    dtype, shape, offset = entry["dtype"], entry["shape"], entry["offset"]
    if dtype not in DTYPES:
        raise BadArtefact(f"An array of the artefact holds {dtype!r}, which is not allowed.")
    numbers = [offset, *shape]
    if any(type(number) is not int or number < 0 for number in numbers):
        raise BadArtefact("An array of the artefact has an impossible shape.")
    size = math.prod(shape)
    kind = np.dtype(dtype)
    if offset + size * kind.itemsize > len(body):
        raise BadArtefact("An array of the artefact reaches beyond its end.")
    array = np.frombuffer(body, dtype=kind, count=size, offset=offset).reshape(shape)
    array.flags.writeable = False
    return array


def _padded(size: int) -> int:
    return -(-size // _ALIGNED) * _ALIGNED


def pack_texts(texts: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Texts as one run of UTF-8 bytes and the offsets between them, for `pack`."""
    encoded = [text.encode("utf-8", "replace") for text in texts]
    ends = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum([len(text) for text in encoded], out=ends[1:])
    return np.frombuffer(b"".join(encoded), dtype=np.uint8), ends


def text_at(run: NDArray[np.uint8], ends: NDArray[np.int64], row: int) -> str:
    """One text of those packed with `pack_texts`, without decoding the others."""
    return run[int(ends[row]) : int(ends[row + 1])].tobytes().decode("utf-8")


def unpack_texts(run: NDArray[np.uint8], ends: NDArray[np.int64]) -> tuple[str, ...]:
    """All texts packed with `pack_texts`."""
    whole = run.tobytes()
    at = ends.tolist()
    return tuple(whole[start:end].decode("utf-8") for start, end in itertools.pairwise(at))
