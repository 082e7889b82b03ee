"""A pool of worker processes: what becomes of its workers."""

import os
import subprocess
import sys
import threading
import time

import numpy as np
import psutil
import pytest
import tensorflow as tf

from keras_search.tuner.executors import serving, worker_process
from keras_search.tuner.executors.base import WorkerDied
from keras_search.tuner.executors.pool import WorkerPool
from tests.helpers import worker_processes

_kept: list[bytes] = []


def held(size: int) -> int:
    """Keeps as many bytes more; returns the number of the process."""
    _kept.append(b"x" * size)
    return os.getpid()


@pytest.mark.slow
def test_a_pool_that_ends_as_its_worker_dies_leaves_no_other_in_its_place() -> None:
    with WorkerPool(1) as pool, pytest.raises(WorkerDied, match=r"^EXIT\(1\)$"):
        pool.submit(os._exit, 1).result()
    time.sleep(0.5)  # until one that is begun only now would be seen
    psutil.wait_procs(worker_processes(psutil.Process()), timeout=20)
    assert worker_processes(psutil.Process()) == []


def test_a_worker_whose_memory_has_grown_is_replaced_by_one_that_is_ready() -> None:
    with WorkerPool(1) as pool:
        first, *others = [pool.submit(held, size).result() for size in (0, 0, worker_process.GROWTH_BYTES)]
        assert others == [first] * 2
        until = time.monotonic() + 20
        while not pool._successor or not pool._successor.is_ready:
            assert psutil.pid_exists(first)
            assert time.monotonic() < until
        assert pool.submit(held, 0).result() != first
        psutil.wait_procs([psutil.Process(first)] if psutil.pid_exists(first) else [], timeout=10)
        assert len(worker_processes(psutil.Process())) == 1


def _held_for_a_while(size: int) -> int:
    time.sleep(0.3)
    return held(size)


def test_workers_that_have_grown_at_once_are_replaced_one_after_another() -> None:
    with WorkerPool(2) as pool:
        for size in (0, 0, worker_process.GROWTH_BYTES):
            futures = [pool.submit(_held_for_a_while, size) for _ in range(2)]
            grown = {future.result() for future in futures}
        assert len(grown) == 2
        time.sleep(0.3)
        assert len(worker_processes(psutil.Process())) <= 3
        until = time.monotonic() + 20
        while {worker._pid for worker in pool._workers} & grown:
            assert time.monotonic() < until
            for future in [pool.submit(_held_for_a_while, 0) for _ in range(2)]:
                future.result()


def test_the_first_trial_and_the_start_of_the_backend_wear_no_worker() -> None:
    with WorkerPool(1) as pool:
        for _ in range(2):
            pool.submit(held, 2 * worker_process.GROWTH_BYTES).result()
        assert pool._successor is None


def test_a_worker_that_dies_with_children_of_its_own_is_known_to_have_died() -> None:
    """They hold its connection open."""
    with WorkerPool(1) as pool:
        forked = pool.submit(_dies_with_a_child)
        with pytest.raises(WorkerDied, match="SIGKILL"):
            forked.result(timeout=20)


def _dies_with_a_child() -> None:
    if os.fork() == 0:
        time.sleep(5)
        os._exit(0)
    os.kill(os.getpid(), 9)


def test_an_error_says_where_in_the_other_process_it_arose_and_what_cannot_travel_is_named() -> None:
    with WorkerPool(1) as pool:
        with pytest.raises(ValueError, match="invalid literal") as error:
            pool.submit(int, "x").result()
        assert "serving.py" in str(error.value.__cause__)
        with pytest.raises(RuntimeError, match=r"^the outcome of a call cannot be sent from its process: TypeError: "):
            pool.submit(threading.Lock).result()
        with pytest.raises(SystemExit):
            pool.submit(sys.exit, 3).result()
        assert pool.submit(abs, -1).result() == 1


def _drawn() -> int:
    return np.random.randint(2**30)


def test_workers_draw_other_numbers_each() -> None:
    with WorkerPool(2) as pool:
        futures = [pool.submit(_drawn) for _ in range(2)]
        assert len({future.result() for future in futures}) == 2


def test_a_fork_server_has_no_thread_but_its_own() -> None:
    """Else its forks would begin anew, and take seconds."""
    with WorkerPool(1) as pool:
        worker = psutil.Process(pool.submit(os.getpid).result())
        assert worker_processes(psutil.Process()) == [worker]
        server = worker.parent()
        assert server is not None
        assert server.parent() == psutil.Process()
        if sys.platform == "linux":
            assert [word for word in worker.cmdline() if f"import {serving.fork_workers.__name__};" in word]


@pytest.mark.slow
def test_a_worker_computes_in_as_many_threads_as_were_asked_for() -> None:
    for threads in (2, 1):
        with WorkerPool(1, threads=threads) as pool:
            assert pool.submit(tf.config.threading.get_intra_op_parallelism_threads).result() == threads
            worker = psutil.Process(pool.submit(os.getpid).result())
            assert worker.parent() != psutil.Process()  # it is a fork, also where libraries compute in threads


def test_a_worker_that_has_just_died_while_it_had_nothing_to_do_gets_no_call() -> None:
    with WorkerPool(1) as pool:
        worker = pool.submit(os.getpid).result()
        connection = pool._workers[0]._connection
        os.kill(worker, 9)
        assert connection.poll(10)
        assert pool.submit(os.getpid).result() != worker


@pytest.mark.slow
def test_a_pool_goes_on_when_its_fork_server_is_killed() -> None:
    with WorkerPool(1) as pool:
        worker = psutil.Process(pool.submit(os.getpid).result())
        server = worker.parent()
        assert server is not None
        server.kill()
        psutil.wait_procs([server, worker], timeout=10)
        assert pool.submit(os.getpid).result() != worker.pid


@pytest.mark.slow
def test_workers_and_their_server_end_with_a_search_that_is_killed() -> None:
    script = (
        "import os, time\n"
        "from keras_search.tuner.executors.pool import WorkerPool\n"
        "pool = WorkerPool(1)\n"
        "pool.submit(os.getpid).result()\n"
        "pool.submit(time.sleep, 60)\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as search:
        assert search.stdout is not None
        assert search.stdout.readline() == "ready\n"
        below = psutil.Process(search.pid).children(recursive=True)
        search.kill()
    assert len(below) == 2
    assert psutil.wait_procs(below, timeout=10)[1] == []
