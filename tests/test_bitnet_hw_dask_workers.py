"""A Dask cluster evaluates points: real processes, some of which are killed while they do."""

import json
import os
import signal
import socket
import sys
import threading
from concurrent.futures import Future
from pathlib import Path

import dask
import pytest
from distributed import Client, LocalCluster
from distributed.comm import CommClosedError

from bitnet_hw.cli import main
from bitnet_hw.dask_workers import DaskWorkers
from bitnet_hw.errors import ConfigError, ToolMissing
from bitnet_hw.evaluators import EVALUATORS, Evaluator
from bitnet_hw.explore import run_sweep
from bitnet_hw.point_store import PointStore
from bitnet_hw.simulation import build_folder
from bitnet_hw.sweep import load_sweep
from bitnet_hw.workers import PointLost, WorkersGone
from sim.compiled_build import build_library

WORKERS = 3


@pytest.fixture
def slow(monkeypatch, tmp_path, build_root):
    """Import evaluators that other processes find, too."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.setenv("SLOW_POINTS_TRACE", str(tmp_path / "trace"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(build_root))
    import slow_points

    return slow_points


@pytest.fixture
def ask(monkeypatch):
    """Let `evaluate: simulate` call another function."""

    def use(fields):
        entry = Evaluator(fields=fields, objectives={}, settings=EVALUATORS["simulate"].settings)
        monkeypatch.setitem(EVALUATORS, "simulate", entry)

    return use


@pytest.fixture
def sweep(tmp_path, slow):
    def load(*batches):
        path = tmp_path / "s.yaml"
        path.write_text(slow.SWEEP.replace("BATCHES", ", ".join(map(str, batches))))
        return load_sweep(path)

    return load


@pytest.fixture
def cluster(slow, tmp_path):
    """Start a scheduler and worker processes; each worker is started again when it dies."""
    clusters = []

    def start(workers=WORKERS):
        with dask.config.set({"distributed.scheduler.allowed-failures": 1}):
            clusters.append(
                LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    processes=True,
                    dashboard_address=None,
                    local_directory=str(tmp_path / "dask"),
                )
            )
        return clusters[-1]

    yield start
    for each in clusters:
        each.close()


@pytest.fixture
def thread_cluster(slow, tmp_path):
    """Start a scheduler with one worker in this process."""
    with LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        dashboard_address=None,
        local_directory=str(tmp_path / "dask"),
    ) as cluster:
        yield cluster


def unreadable(point):
    """Fail as a connection does, but in the function of the point."""
    raise CommClosedError("in the function")


@pytest.mark.parametrize("error", [CommClosedError("gone"), OSError("reset"), TimeoutError("late")])
def test_trouble_of_the_cluster_is_not_the_point_s(thread_cluster, slow, error):
    workers = DaskWorkers(thread_cluster.scheduler_address, slow.answer)
    future = Future()
    future.set_exception(error)
    with pytest.raises(PointLost) as lost:
        workers.row(future)
    assert lost.value.reason == f"gave no answer ({type(error).__name__}: {error})"
    assert lost.value.attempts == 1
    workers.close(abandon=True)


def test_trouble_of_the_point_is_its_own(thread_cluster, sweep, ask):
    ask(unreadable)
    found = run_sweep(sweep(1), scheduler=thread_cluster.scheduler_address)
    assert found.rows[0]["error"] == "CommClosedError: in the function"


def test_a_missing_tool_comes_back_as_such(thread_cluster, sweep, slow, ask):
    ask(slow.refuse)
    with pytest.raises(ToolMissing, match="Simulation needs Verilator"):
        run_sweep(sweep(1), scheduler=thread_cluster.scheduler_address)


def test_a_row_whose_worker_dies_while_it_is_fetched(thread_cluster, sweep, slow, ask, monkeypatch):
    ask(slow.answer)
    gather = Client._gather

    async def gather_and_lose(client, futures, *arguments, **options):
        rows = await gather(client, futures, *arguments, **options)
        # What the scheduler tells of a worker that is gone.
        for state in client.futures.values():
            state.lose()
        return rows

    monkeypatch.setattr(Client, "_gather", gather_and_lose)
    found = run_sweep(sweep(1, 2), scheduler=thread_cluster.scheduler_address)
    assert [row["error"] for row in found.rows] == [None, None]
    assert [row["answer"] for row in found.rows] == [42, 84]


@pytest.mark.long
def test_a_killed_worker_loses_nothing_and_resuming_computes_nothing(
    cluster, sweep, slow, ask, tmp_path, monkeypatch
):
    monkeypatch.setenv("SLOW_POINTS_SECONDS", "0.7")
    ask(slow.simulation)
    points = 12
    plan, store, trace = (
        sweep(*range(1, points + 1)),
        PointStore(tmp_path / "points"),
        slow.Trace(tmp_path / "trace"),
    )
    # Once, and not in every worker at the same time.
    build_library(plan.point(0).config().array, root=build_folder())
    killed = []

    def kill_one(finished):
        # No point is submitted while this runs: one that is at work now is all there is to kill.
        if finished >= 3 and not killed and (busy := trace.busy()):
            killed.extend(list(busy.items())[:1])
            os.kill(killed[0][0], signal.SIGKILL)

    address = cluster().scheduler_address
    found = run_sweep(plan, scheduler=address, store=store, on_progress=kill_one)
    [(_, victim)] = killed
    assert (found.stopped, found.failed, len(found.rows)) == ("", (), points)
    assert [row["batch"] for row in found.rows] == list(range(1, points + 1))
    assert all(row["cycles_measured"] == row["cycles_predicted"] for row in found.rows)
    assert all((row["jobs"], row["outputs_checked"]) == (2, 26) for row in found.rows)
    # Its point was computed twice; so was perhaps one whose row it had not yet handed over.
    begun = trace.count("begin")
    assert begun[victim] >= 2
    assert sum(begun.values()) <= points + 2
    assert len({int(line[2]) for line in trace.lines()}) > 1
    for where in ({"scheduler": address}, {"jobs": 1}):
        again = run_sweep(plan, earlier=store, store=store, **where)
        assert (again.reused, again.rows) == (points, found.rows)
    assert trace.count("begin") == begun


@pytest.mark.long
def test_a_point_that_kills_its_workers_is_a_row(cluster, sweep, slow, ask):
    ask(slow.answer)
    plan = sweep(1, slow.KILLER, 3, slow.BROKEN, 5, 6)
    found = run_sweep(plan, scheduler=cluster(2).scheduler_address)
    assert (len(found.rows), found.stopped, found.failed) == (6, "", (1, 3))
    assert found.rows[1]["error"] == (
        "The process of the point was killed on every worker that tried it, each time"
    )
    assert found.rows[3]["error"] == "ZeroDivisionError: division by zero"


@pytest.mark.long
def test_the_finished_points_outlive_the_scheduler(
    cluster, sweep, slow, ask, tmp_path, monkeypatch
):
    monkeypatch.setenv("SLOW_POINTS_SECONDS", "0.5")
    ask(slow.answer)
    started, store = cluster(2), PointStore(tmp_path / "points")
    closing = threading.Thread(target=started.close)

    def close(finished):
        if finished >= 2 and closing.ident is None:
            closing.start()

    found = run_sweep(
        sweep(*range(1, 21)),
        scheduler=started.scheduler_address,
        store=store,
        on_progress=close,
    )
    closing.join()
    assert found.stopped == f"the scheduler {started.scheduler_address} is gone"
    assert 2 <= len(found.rows) < 20
    assert found.failed == ()
    assert len(list(store.folder.glob("*.json"))) == len(found.rows)


@pytest.mark.long
def test_command(cluster, sweep, slow, ask, tmp_path, capsys):
    ask(slow.answer)
    sweep(1, 2, 3)
    address = cluster(1).scheduler_address
    command = ["explore", str(tmp_path / "s.yaml"), "-o", str(tmp_path / "out"), "--format", "json"]
    assert main([*command, "--scheduler", address]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["finished"], report["failed"], report["reused"]) == (3, 0, 0)
    assert main([*command, "--scheduler", address, "--resume"]) == 0
    assert json.loads(capsys.readouterr().out)["reused"] == 3


@pytest.mark.long
def test_estimates_run_on_a_cluster_too(cluster, tmp_path, slow):
    (tmp_path / "e.yaml").write_text(
        "base: edge\nmodel: bitnet-b1.58-3b\nsweep: {array.rows: [16, 32]}\n"
    )
    plan = load_sweep(tmp_path / "e.yaml")
    found = run_sweep(plan, scheduler=cluster(1).scheduler_address)
    assert [{**row, "key": ""} for row in found.rows] == [
        {**row, "key": ""} for row in run_sweep(plan).rows
    ]


def wait_for_a_place(workers):
    while not workers.places():
        pass


@pytest.mark.long
def test_a_cluster_without_workers(cluster, slow):
    workers = DaskWorkers(cluster(0).scheduler_address, slow.answer, no_worker_seconds=1)
    with pytest.raises(WorkersGone, match="has had no worker for 1 s"):
        wait_for_a_place(workers)
    workers.close(abandon=True)


@pytest.mark.long
def test_the_address_of_a_worker(cluster, slow):
    [worker] = cluster(1).workers.values()
    with pytest.raises(ConfigError) as error:
        DaskWorkers(worker.worker_address, slow.answer)
    assert str(error.value) == (
        "--scheduler must be the address of a Dask scheduler, not that of a worker, "
        f"{worker.worker_address}"
    )


@pytest.mark.parametrize("address", ["8786", "http://here:80", "tcp://here", "tcp://a b:1", ""])
def test_what_is_no_address(address):
    with pytest.raises(ConfigError) as error:
        DaskWorkers(address, None)
    assert str(error.value) == f"--scheduler must be tcp://HOST:PORT, not {address!r}"


def test_nobody_answers(sweep, slow, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(DaskWorkers.__init__.__kwdefaults__, "connect_seconds", 1)
    sweep(1)
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    command = ["explore", str(tmp_path / "s.yaml"), "-o", str(tmp_path / "out")]
    assert main([*command, "--scheduler", address]) == 1
    assert capsys.readouterr().err == (
        f"error: --scheduler must be the address of a Dask scheduler that answers within 1 s, "
        f"not {address}; start one with: dask scheduler\n"
    )


@pytest.mark.parametrize("greeting", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_something_else_answers(greeting):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            with server.accept()[0] as connection:
                connection.sendall(greeting)
                connection.settimeout(5)
                connection.recv(100)

        thread = threading.Thread(target=serve)
        thread.start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ConfigError, match="must be the address of a Dask scheduler that answ"):
            DaskWorkers(address, None, connect_seconds=1)
        thread.join()


def test_distributed_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ToolMissing) as error:
        DaskWorkers("tcp://127.0.0.1:8786", None)
    assert str(error.value) == (
        "--scheduler needs distributed, of which distributed is not installed: "
        "pip install 'bitnet-hw[cluster]'"
    )
