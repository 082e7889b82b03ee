"""Runs the command line, and kills its own process at the n-th time that it is about to change a folder.

    python dies_at.py N COMMAND ...

With N = 0 it lives, and writes how many times there were to standard error.
"""

import os
import runpy
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
CHANGES = ("replace", "rename", "unlink", "mkdir", "fsync")

limit = int(sys.argv[1])
count = 0


def counted(change: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        global count
        count += 1
        if count == limit:
            os.kill(os.getpid(), signal.SIGKILL)
        return change(*args, **kwargs)

    return call


sys.argv = [str(ROOT / "cli.py"), *sys.argv[2:]]
sys.path.insert(0, str(ROOT))
for name in CHANGES:
    setattr(os, name, counted(getattr(os, name)))
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    print(f"{count} changes", file=sys.stderr)
