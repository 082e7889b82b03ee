"""How many workers: as many as asked, or as this machine has room for."""

import contextlib
import operator
import os
import re
import shutil
import subprocess
from typing import Any

import psutil
from loky import cpu_count

from keras_search.results.errors import Parameter
from keras_search.tuner.errors import InputError

# A worker that trains the documented CNN on MNIST holds 0.75 GB of its own; larger models need more.
WORKER_BYTES = 1_500_000_000


def check_workers(workers: int | str, trials_per_gpu: int = 1) -> int | None:
    """`workers` as a number, None for `auto`; raises InputError if it is neither, or `trials_per_gpu` is below 1."""
    if (shared := _whole(trials_per_gpu)) is None or shared < 1:
        raise InputError(Parameter("trials_per_gpu"), f" is {trials_per_gpu!r}: it must be a number, at least 1")
    if isinstance(workers, str) and workers == "auto":
        return None
    if (count := _whole(workers)) is None:
        raise InputError(Parameter("workers"), f" is {workers!r}: give auto or a number")
    if count < 0:
        raise InputError(Parameter("workers"), f" is {count}: give auto, 0 for this process, or more")
    return count


def check_threads(threads: int, has_workers: bool) -> int:
    """`threads` as a number; raises InputError if it is none, or trials run where the toolkit does not decide it."""
    if (count := _whole(threads)) is None or count < 1:
        raise InputError(Parameter("threads"), f" is {threads!r}: it must be a number, at least 1")
    if count > 1 and not has_workers:
        raise InputError(
            Parameter("threads"),
            f" is {count}, which is for worker processes on this machine: leave it out, or search with ",
            Parameter("workers"),
            "=1 or more",
        )
    return count


def workers_that_fit(threads: int = 1) -> int:
    """A worker for each core, or for each `threads` cores; fewer if memory is short."""
    by_memory = psutil.virtual_memory().available // WORKER_BYTES
    return max(1, min(cpu_count() // threads, by_memory))


def gpus() -> list[str]:
    """The GPUs that Keras may use, by their names for CUDA_VISIBLE_DEVICES."""
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if allowed is not None:
        return [gpu for gpu in allowed.split(",") if gpu not in ("", "-1")]
    if shutil.which("nvidia-smi") is None:
        return []
    listed = subprocess.run(["nvidia-smi", "--list-gpus"], capture_output=True, text=True)
    return [str(number) for number, _ in enumerate(listed.stdout.splitlines())] if listed.returncode == 0 else []


def _whole(value: Any) -> int | None:
    """`value` as an int if it is a whole number of any type or the text of one; else None, as for `True`."""
    if isinstance(value, str):
        return int(value) if re.fullmatch(r"[+-]?[0-9]{1,9}", value.strip()) else None
    if isinstance(value, bool):
        return None
    with contextlib.suppress(TypeError):
        return operator.index(value)
    return None
