"""A ``.npy`` file that is written row by row, and one that is read in blocks: neither is ever mapped, or held, as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import numpy as np

from tts.core.errors import TtsError

_BLOCK = 1 << 22  # bytes read at once


class NewArray:
    """A new array of a shape that is known beforehand; its rows are added in order. Use as a context manager."""

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: type[np.generic] = np.float32) -> None:
        self._path, self._shape, self._dtype = path, shape, np.dtype(dtype)
        self._rows = 0
        self._stream = path.open("wb")
        header = {"descr": np.lib.format.dtype_to_descr(self._dtype), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._stream, header)

    def add(self, rows: np.ndarray) -> None:
        """Add rows (n, ...)."""
        if rows.shape[1:] != self._shape[1:]:
            raise TtsError(f"{self._path}: rows of shape {rows.shape[1:]} do not belong to an array of {self._shape}")
        self._stream.write(np.ascontiguousarray(rows, dtype=self._dtype).tobytes())
        self._rows += len(rows)

    def __enter__(self) -> NewArray:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stream.close()
        if kind is None and self._rows != self._shape[0]:
            raise TtsError(f"{self._path}: {self._rows} rows were added to an array of {self._shape[0]}")


def array_blocks(path: Path) -> Iterator[np.ndarray]:
    """Yield the rows of a two-dimensional ``.npy`` file in blocks of some megabytes, (rows, width) each."""
    mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    shape, dtype, offset = mapped.shape, mapped.dtype, int(mapped.offset)
    del mapped  # pages that were read of a mapping stay in memory as long as it lives
    width = int(np.prod(shape[1:]))
    rows = max(1, _BLOCK // max(1, width * dtype.itemsize))
    with path.open("rb") as stream:
        stream.seek(offset)
        for start in range(0, shape[0], rows):
            count = min(rows, shape[0] - start)
            yield np.fromfile(stream, dtype, count * width).reshape(count, *shape[1:])
