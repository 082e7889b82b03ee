"""A script run as a process of its own, and how much memory it took: what the benchmarks share."""

import platform
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent

_SAMPLE_EVERY_S = 1.0


@dataclass
class Peak:
    """The most memory that was seen in use, in bytes.

    Attributes:
        host: Of the process and its children: the sum of the proportional set sizes, which count shared pages once.
        gpu: Of the first GPU, by whatever uses it; 0 without one.
    """

    host: int = 0
    gpu: int = 0


@dataclass
class Watched:
    """A script that has ended: what it printed, its seconds, and its peak memory."""

    printed: str
    seconds: float
    peak: Peak = field(default_factory=Peak)


def run(command: list[str]) -> Watched:
    """Runs a Python script to its end, and exits with a line if it fails."""
    began, before, peak = time.monotonic(), gpu_memory(), Peak()
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        watcher = threading.Thread(target=watch, args=(process.pid, peak), daemon=True)
        watcher.start()
        printed, _ = process.communicate()
    seconds = time.monotonic() - began
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed with {process.returncode}")
    return Watched(printed, seconds, Peak(peak.host, max(0, peak.gpu - before)))


def gpu_memory() -> int:
    """The memory in use on the first GPU, in bytes; 0 without one."""
    if shutil.which("nvidia-smi") is None:
        return 0
    query = ["nvidia-smi", "--id=0", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    told = subprocess.run(query, capture_output=True, text=True)
    return int(told.stdout) * 2**20 if told.returncode == 0 else 0


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())


def watch(pid: int, peak: Peak) -> None:
    """Notes the most memory that a process and its children take, until it has ended."""
    while psutil.pid_exists(pid):
        total = 0
        try:
            root = psutil.Process(pid)
            for process in [root, *root.children(recursive=True)]:
                total += process.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        finally:
            peak.host = max(peak.host, total)
        peak.gpu = max(peak.gpu, gpu_memory())
        time.sleep(_SAMPLE_EVERY_S)
