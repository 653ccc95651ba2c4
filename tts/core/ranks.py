"""A training that several processes share, as ``torchrun`` starts them: who takes part, and how they add up what each has.

Every process computes its share of each batch; sums over all of them are what one process would have computed. The first one
(rank 0) alone reads and writes the voice's folder and speaks to people. A process that ends takes the others with it, within
seconds; the first of them to notice tells why.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from tts.core.errors import ProcessLost, TtsError, UsageError
from tts.core.seeds import derived_seed

VARIABLES = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")  # of https://docs.pytorch.org/docs/stable/distributed.html
JOINING = timedelta(minutes=5)  # for the others to start
PATIENCE = timedelta(minutes=30)  # for another process that neither answers nor has ended

T = TypeVar("T")


@dataclass
class Ranks:
    """The processes of a training: this one is ``rank`` of ``size``, and computes on ``device``.

    All methods but :attr:`first` are for all processes at the same place in their work. Those that wait for the others raise
    :class:`ProcessLost` where one has ended. With ``size`` 1 they do nothing and ask for nothing.
    """

    rank: int = 0
    size: int = 1
    device: str = ""
    control: Any = None  # a group of gloo's, for what is on the host; tensors on a GPU travel by the default group

    @property
    def first(self) -> bool:
        """Whether this process is the one that reads and writes the voice's folder."""
        return self.rank == 0

    @property
    def share(self) -> tuple[int, int]:
        """Which share of every batch is this process's, and of how many."""
        return self.rank, self.size

    def sum(self, values: Tensor) -> Tensor:
        """Return the sum over all processes of a tensor, cut from its graph, the same to the bit everywhere."""
        if self.size == 1:
            return values
        import torch.distributed as dist

        values = values.detach().clone()
        with _others_there(self.size):
            dist.all_reduce(values, group=self._group(values))
        return values

    def sum_gradients(self, parameters: Iterable[nn.Parameter | Tensor]) -> None:
        """Replace the gradients of parameters by their sums, in one message."""
        if self.size == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        if gradients:
            _spread(self.sum(torch.cat([gradient.flatten() for gradient in gradients])), gradients)

    def from_first(self, make: Callable[[], T]) -> T:
        """Return what ``make`` returns in the first process; in the others it is not called. It has to pickle."""
        if self.size == 1:
            return make()
        import torch.distributed as dist

        box = [make() if self.first else None]
        with _others_there(self.size):
            dist.broadcast_object_list(box, src=0, group=self.control)
        answer: Any = box[0]
        return answer  # type: ignore[no-any-return]

    def copy_first(self, tensors: Iterable[Tensor]) -> None:
        """Give tensors the values that they have in the first process, which some arithmetic may round otherwise than here."""
        if self.size == 1:
            return
        import torch.distributed as dist

        kinds: dict[tuple[torch.device, torch.dtype], list[Tensor]] = {}
        for tensor in tensors:
            kinds.setdefault((tensor.device, tensor.dtype), []).append(tensor)
        for alike in kinds.values():
            flat = torch.cat([tensor.detach().flatten() for tensor in alike])
            with _others_there(self.size):
                dist.broadcast(flat, src=0, group=self._group(flat))
            _spread(flat, alike)

    def draw_own(self, seed: int, step: int) -> None:
        """Let this process draw its own random numbers from a step on, which follow from the seed, step and rank.

        The first process draws what one process alone would.
        """
        if self.rank:
            torch.manual_seed(derived_seed(derived_seed(seed, self.rank, 32), step, 32))

    def draw_alike(self, step: int) -> AbstractContextManager[object]:
        """Return a context in which all processes draw the same random numbers on the host, those of a step."""
        return nullcontext() if self.size == 1 else _drawing(step)

    def release(self) -> None:
        """Let the others go, once all are here: what follows is the first one's, alone."""
        if self.size == 1:
            return
        import torch.distributed as dist

        if dist.is_initialized():
            with _others_there(self.size):
                dist.barrier(group=self.control)
            dist.destroy_process_group()

    def _group(self, values: Tensor) -> Any:
        return self.control if values.device.type == "cpu" else None


ALONE = Ranks()
_current = ALONE


def current_ranks() -> Ranks:
    """Return the processes that share the work of this one: itself alone, outside of :func:`joined`."""
    return _current


@contextmanager
def joined(device: str, tell: Callable[[str], None]) -> Iterator[Ranks]:
    """Join the other processes where ``torchrun`` or its like has started several; ``device`` is what the user asked for.

    Whatever error ends a process ends all of them with the exit code of that error. The first process to notice raises it, or
    where it cannot (it is told to end while it waits) calls ``tell`` with a sentence; the others end in silence. Raises
    :class:`UsageError` for a device that processes cannot share, and for a variable that is no number or out of range.
    """
    global _current
    if not _is_shared():
        yield ALONE
        return
    store, rank, size = _meet()
    teller = _Teller(store)
    stop_listening = _listen(lambda: _end(teller, size, tell))
    try:
        _current = _start(store, rank, size, device)
        yield _current
        _current.release()
    except KeyboardInterrupt:
        if rank == 0:
            raise
        raise SystemExit(130) from None
    except TtsError as error:
        if teller.is_first():
            raise
        raise SystemExit(error.exit_code) from None
    finally:
        _current = ALONE
        stop_listening()


def _is_shared() -> bool:
    """Return whether several processes were started; their numbers are checked before this one waits for the others."""
    size = _number("WORLD_SIZE", 1, None)
    if size == 1 or not all(os.environ.get(name) for name in VARIABLES):
        return False
    _number("RANK", 0, size - 1)
    _number("LOCAL_RANK", 0, size - 1)
    _number("MASTER_PORT", 0, 65535)
    return True


def _number(name: str, least: int, most: int | None) -> int:
    """Return the whole number that a variable holds, ``least`` where it is not set or empty."""
    text = os.environ.get(name) or str(least)
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least or (most is not None and number > most):
        expected = f"from {least} to {most}" if most is not None else f"from {least} on"
        raise UsageError(
            f"{name}={text}: expected a whole number {expected}, as torchrun sets it; start the processes with torchrun, or "
            "unset WORLD_SIZE to train in one"
        )
    return number


def _meet() -> tuple[Any, int, int]:
    """Return the store in which the processes find one another, this one's rank, and how many there are."""
    from torch.distributed.rendezvous import rendezvous

    try:
        store, rank, size = next(iter(rendezvous("env://", timeout=JOINING)))
    except (RuntimeError, ValueError):
        count, place = os.environ["WORLD_SIZE"], f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
        raise ProcessLost(
            f"the {count} processes of this training did not meet at {place} (MASTER_ADDR, MASTER_PORT, WORLD_SIZE); start all "
            "of them, or unset WORLD_SIZE to train in one"
        ) from None
    return store, rank, size


def _start(store: Any, rank: int, size: int, device: str) -> Ranks:
    import torch.distributed as dist

    place = own_device(device, _number("LOCAL_RANK", 0, size - 1))
    backend = "nccl" if place.startswith("cuda") else "gloo"
    if backend == "nccl":
        torch.cuda.set_device(place)
    with _others_there(size):
        group = dist.PrefixStore(f"training/{_attempt()}", store)  # type: ignore[attr-defined]
        dist.init_process_group(backend, store=group, rank=rank, world_size=size, timeout=PATIENCE)
        return Ranks(rank, size, place, dist.new_group(backend="gloo", timeout=PATIENCE))


def own_device(wanted: str, number: int) -> str:
    """Return the device of the ``number``-th process of this machine: the GPU of that number, or the CPU where there is none.

    Raises :class:`UsageError` for one named GPU, which processes would share, and where there are fewer GPUs than processes.
    """
    if wanted not in ("auto", "cpu", "cuda"):
        raise UsageError(f"--device {wanted}: processes of torchrun take the GPU of their own number; leave it out, or say cpu")
    if wanted == "cpu" or (wanted == "auto" and not torch.cuda.is_available()):
        return "cpu"
    if number >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        raise UsageError(f"process {number} of this machine has no GPU, there are {count}; torchrun --nproc-per-node {count}")
    return f"cuda:{number}"


def _attempt() -> str:
    """Return how often torchrun has started the processes again: what an earlier attempt left in the store is not meant."""
    return os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")


class _Teller:
    """Which of the processes tells people why all of them end: the one that asks first."""

    def __init__(self, store: Any) -> None:
        self.store, self.key = store, f"told/{_attempt()}"

    def is_first(self) -> bool:
        """Return whether no other process has told it yet, and note that this one does."""
        try:
            return int(self.store.add(self.key, 1)) == 1
        except RuntimeError:  # the store was in the process that ended
            return True


def _end(teller: _Teller, size: int, tell: Callable[[str], None]) -> None:
    """End this process at once, whatever it waits for; files are whole at any time."""
    if teller.is_first():
        tell(str(_lost(size)))
    os._exit(1)


def _listen(end: Callable[[], None]) -> Callable[[], None]:
    """Call ``end`` when this process is told to end (SIGTERM), also while it waits within a library; return what undoes that.

    ``torchrun`` tells all when one has ended. A handler in Python would not run before the library returns.
    """
    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    read, write = os.pipe()
    os.set_blocking(write, False)
    earlier = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    handler = signal.signal(signal.SIGTERM, lambda *_: None)

    def wait() -> None:
        while number := os.read(read, 1):
            if number[0] == signal.SIGTERM:
                end()
        os.close(read)

    threading.Thread(target=wait, daemon=True).start()

    def undo() -> None:
        signal.signal(signal.SIGTERM, handler)
        signal.set_wakeup_fd(earlier)
        os.close(write)

    return undo


@contextmanager
def _others_there(size: int) -> Iterator[None]:
    """Turn a library's error about a connection into one sentence."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except RuntimeError:
        raise _lost(size) from None


def _lost(size: int) -> ProcessLost:
    return ProcessLost(
        f"one of the {size} processes of this training has ended, and so do the others; run the same command again to continue "
        "from the last checkpoint"
    )


@contextmanager
def _drawing(step: int) -> Iterator[None]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derived_seed(1, step, 32))
        yield


def _spread(flat: Tensor, tensors: Sequence[Tensor]) -> None:
    """Copy a flat tensor into tensors of as many elements in all."""
    with torch.no_grad():
        for tensor, part in zip(tensors, torch.split(flat, [tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(part.view_as(tensor))
