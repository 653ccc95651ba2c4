"""Sequences whose items are made when they are asked for and not kept, so that a large corpus need not lie in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar, overload

T_co = TypeVar("T_co", covariant=True)


class LazySequence(Sequence[T_co]):
    """The ``count`` items that ``make(number)`` returns, each made anew every time that it is asked for."""

    def __init__(self, count: int, make: Callable[[int], T_co]) -> None:
        self._count = count
        self._make = make

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, number: int) -> T_co: ...

    @overload
    def __getitem__(self, number: slice) -> Sequence[T_co]: ...

    def __getitem__(self, number: int | slice) -> T_co | Sequence[T_co]:
        if isinstance(number, slice):
            places, make = range(self._count)[number], self._make
            return LazySequence(len(places), lambda place: make(places[place]))
        return self._make(range(self._count)[number])

    def __iter__(self) -> Iterator[T_co]:
        return (self._make(number) for number in range(self._count))
