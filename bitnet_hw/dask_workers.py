"""The workers of a Dask cluster, on any number of machines: places where points are evaluated."""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from bitnet_hw.errors import ConfigError, ToolMissing
from bitnet_hw.row import Row
from bitnet_hw.sweep_point import Point, evaluate_point
from bitnet_hw.workers import PointLost, WorkersGone

__all__ = ["DaskWorkers"]

_ADDRESS = re.compile(r"(tcp|tls)://([^\s:/\[\]]+|\[[0-9a-fA-F:.]+\]):\d{1,5}")
_CONNECT_SECONDS = 10
# Workers may just be starting, or be started again by their nannies.
_NO_WORKER_SECONDS = 60.0
_REFRESH_SECONDS = 1.0
# Dask has then given a point up: by default its fourth worker has died. One more round, alone.
_ATTEMPTS_OF_DASK = 2


class DaskWorkers:
    """Workers that a Dask scheduler knows. Used by one thread.

    Parameters
    ----------
    scheduler : str
        Address of the scheduler, ``tcp://HOST:PORT``.
    fields : callable
        The evaluator's function: importable from its module, on the workers too.
    connect_seconds : float
        Time for the scheduler to answer.
    no_worker_seconds : float
        Time without a single worker after which none is expected any more.

    Raises
    ------
    ConfigError
        If the address is none, or no scheduler answers there.
    ToolMissing
        If Dask's ``distributed`` is not installed.
    """

    def __init__(
        self,
        scheduler: str,
        fields: Callable[[Point], Mapping[str, Any]],
        *,
        connect_seconds: float = _CONNECT_SECONDS,
        no_worker_seconds: float = _NO_WORKER_SECONDS,
    ) -> None:
        if _ADDRESS.fullmatch(scheduler) is None:
            raise ConfigError(f"--scheduler must be tcp://HOST:PORT, not {scheduler!r}")
        try:
            import distributed
        except ImportError as error:
            raise ToolMissing(
                f"--scheduler needs distributed, of which {error.name} is not installed: "
                "pip install 'bitnet-hw[cluster]'"
            ) from error
        # It logs what this class says in an error.
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        _check_scheduler(scheduler, connect_seconds)
        self._client = distributed.Client(scheduler, timeout=connect_seconds, set_as_default=False)
        self._killed = distributed.scheduler.KilledWorker
        # Dask's own executor hands on no row whose worker dies while it is fetched.
        self._submitted: dict[Future[Row | ToolMissing], Any] = {}
        self._scheduler = scheduler
        self._fields = fields
        self._no_worker_seconds = no_worker_seconds
        self._places = 0
        self._asked = -_REFRESH_SECONDS
        self._last_worker = time.monotonic()

    def places(self) -> int:
        """Return the number of threads of all workers; see `Workers`."""
        now = time.monotonic()
        if now - self._asked >= _REFRESH_SECONDS:
            try:
                self._places = sum(self._client.nthreads().values())
            except (OSError, RuntimeError, TypeError, AttributeError) as error:
                raise self._unreachable() from error
            self._asked = time.monotonic()
            if self._places:
                self._last_worker = self._asked
            elif now - self._last_worker >= self._no_worker_seconds:
                raise WorkersGone(
                    f"the scheduler {self._scheduler} has had no worker for "
                    f"{self._no_worker_seconds:g} s"
                )
        return self._places

    def submit(self, point: Point) -> Future[Row]:
        """Evaluate a point on a worker."""
        task = self._client.submit(_answer, point, self._fields, pure=False)
        # On its way here a row may be lost with its worker; then it is evaluated again.
        fetched = self._client.gather(task, asynchronous=True)
        loop: Any = self._client.loop
        future: Future[Any] = asyncio.run_coroutine_threadsafe(fetched, loop.asyncio_loop)
        self._submitted[future] = task
        return future

    def row(self, future: Future[Any]) -> Row:
        """Return what came of a finished future; see `Workers`.

        What the point's function raises comes as a value: an exception is the cluster's.
        """
        try:
            answer: Row | ToolMissing = future.result()
        except self._killed as error:
            raise PointLost(
                "was killed on every worker that tried it", _ATTEMPTS_OF_DASK
            ) from error
        except CancelledError:
            # Not by us: the connection to the scheduler is lost.
            raise self._unreachable() from None
        except ModuleNotFoundError as error:
            raise ToolMissing(
                f"The workers of {self._scheduler} need bitnet-hw, of which {error.name} is not "
                "installed there: pip install 'bitnet-hw[sim,cluster]'"
            ) from error
        except Exception as error:
            raise PointLost(f"gave no answer ({type(error).__name__}: {error})") from error
        finally:
            self._submitted.pop(future, None)
        if isinstance(answer, ToolMissing):
            raise answer
        return answer

    def close(self, *, abandon: bool) -> None:
        """Take leave of the scheduler, which forgets the points that are not finished."""
        # Nothing of it may hide why the work ended.
        with suppress(Exception):
            self._client.cancel(list(self._submitted.values()))
        with suppress(Exception):
            self._client.close(timeout=_REFRESH_SECONDS)

    def _unreachable(self) -> WorkersGone:
        return WorkersGone(f"the scheduler {self._scheduler} is gone")


def _answer(point: Point, fields: Callable[[Point], Mapping[str, Any]]) -> Row | ToolMissing:
    """Evaluate a point; called on a worker."""
    try:
        return evaluate_point(point, fields)
    except ToolMissing as error:
        return error


def _check_scheduler(address: str, seconds: float) -> None:
    """Make sure that a scheduler answers: a client that fails to connect leaves threads behind."""
    from distributed.core import rpc

    async def kind() -> str:
        async with rpc(address, timeout=seconds) as server:
            return str((await server.identity())["type"])

    try:
        # In a thread: this one may have an event loop already, as in a notebook.
        with ThreadPoolExecutor(1) as thread:
            found = thread.submit(lambda: asyncio.run(asyncio.wait_for(kind(), seconds))).result()
    except Exception as error:
        # Whatever listens there may send anything.
        reason = f"; {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
        raise ConfigError(
            f"--scheduler must be the address of a Dask scheduler that answers within "
            f"{seconds:g} s, not {address}{reason}; start one with: dask scheduler"
        ) from error
    if found != "Scheduler":
        raise ConfigError(
            f"--scheduler must be the address of a Dask scheduler, not that of a {found.lower()}, "
            f"{address}"
        )
