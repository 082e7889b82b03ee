"""A pool of worker processes: what becomes of its workers."""

import os
import time

import psutil
import pytest

from keras_search.tuner.executors.base import WorkerDied
from keras_search.tuner.executors.pool import WorkerPool
from tests.helpers import is_alive


@pytest.mark.slow
def test_a_pool_that_ends_as_its_worker_dies_leaves_no_other_in_its_place() -> None:
    before = set(psutil.Process().children(recursive=True))
    with WorkerPool(1) as pool, pytest.raises(WorkerDied):
        pool.submit(os._exit, 1).result()
    time.sleep(1)  # until one that is begun only now would be seen
    begun = set(psutil.Process().children(recursive=True)) - before
    assert not [child for child in begun if is_alive(child.pid) and "LokyProcess" in " ".join(child.cmdline())]
