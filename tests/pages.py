"""The pages of the documentation: what they show, and a folder in which it is run, smaller."""

import contextlib
import io
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.helpers import ROOT, run_cli

README = ROOT / "README.md"
DOCS = sorted((ROOT / "docs").glob("*.md"))

# What pages show and no test runs as it stands, and why.
NOT_RUN = {
    r"python3 -m venv \S+": "makes an environment; CI does, by the README's own line",
    r"\S*python -m pip install .*": "installs; CI does, by the README's own line",
    r"\S*python -m pip wheel .*": "makes a wheel of the checkout; tests/test_install.py does",
    r"\S*python -m pytest.*": "these are the tests",
    r"tensorboard --logdir .*": "serves until it is stopped",
}
# A page that another test runs, since it takes several processes at once.
CLUSTER = ROOT / "docs" / "cluster.md"  # tests/tuner/executors/test_dask.py

# What a page on MNIST prints and a search on the digits does not: tests/test_mnist.py has it.
ONLY_ON_MNIST = ("baseline as documented", "Baseline minus documented", "11.35% is the share of ones")
# Nor one of fewer than ten trials: tests/test_usage.py has it.
ONLY_OF_TEN_TRIALS = "more trials (about "
# Once a machine, wherever the first search is.
ONCE = "compiling operations"


@dataclass(frozen=True)
class Block:
    """What stands between two fences.

    Attributes:
        language: `sh`, `python`, `text`, or what else stands behind the first fence.
        line: Where it begins.
    """

    page: Path
    language: str
    text: str
    line: int

    @property
    def name(self) -> str:
        return f"{self.page.name}:{self.line}"

    @property
    def file(self) -> str | None:
        """The file whose content it is, where its first line is a comment that names one."""
        named = re.match(r"# (\w+\.py)$", self.text.partition("\n")[0])
        return named and named[1]

    @property
    def is_excerpt(self) -> bool:
        """Whether it leaves out lines of Python."""
        return self.language == "python" and "..." in map(str.strip, self.text.splitlines())

    @property
    def commands(self) -> list[str]:
        """The commands of a `sh` block; those that are joined by `&&` each for itself."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [command.strip() for line in lines if line.strip() for command in line.split(" && ")]


def blocks(page: Path) -> list[Block]:
    """The blocks of a page, from top to bottom."""
    text = page.read_text()
    fences = re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [Block(page, block[1], block[2], text.count("\n", 0, block.start()) + 1) for block in fences]


class Folder:
    """A folder in which the blocks of a page are run, one after the other, as a reader would.

    Attributes:
        printed: What the commands and scripts have printed so far.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._names: dict[str, Any] = {"__name__": "__main__"}
        self.printed = ""
        (path / "examples").symlink_to(ROOT / "examples")
        with contextlib.chdir(path):
            exec(READERS_OWN, self._names)
            _draw_pictures()

    def run(self, block: Block) -> None:
        """Runs a block, or keeps it as the file that it is."""
        if block.file:
            (self._path / block.file).write_text(block.text)
        elif block.language == "python":
            self._run_python(block)
        else:
            for command in block.commands:
                self._run_command(command, block)

    def _run_python(self, block: Block) -> None:
        # In a file, as the source of a hypermodel's `fit` is read.
        file = self._path / f"block_{block.line}.py"
        file.write_text(re.sub(r"max_trials=\d{2,}", "max_trials=4", block.text))
        with contextlib.chdir(self._path), contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(file.read_text(), file, "exec"), self._names)
        self.printed += printed.getvalue()

    def _run_command(self, command: str, block: Block) -> None:
        if any(re.fullmatch(pattern, command) for pattern in NOT_RUN):
            return
        command, _, to = command.partition(" > ")
        python, script, *arguments = shlex.split(command)
        assert re.fullmatch(r"(\.venv/bin/)?python", python), f"{block.name}: {command!r} is neither run nor listed"
        if script == "cli.py":
            done = run_cli(*smaller(arguments), cwd=self._path)
        else:
            done = subprocess.run(
                [sys.executable, script, *arguments], cwd=self._path, capture_output=True, text=True, timeout=300
            )
        assert done.returncode == 0, f"{block.name}: {command}\n{done.stdout}{done.stderr}"
        assert not re.search("^Warning|Traceback", done.stderr, re.MULTILINE), f"{block.name}: {done.stderr}"
        if to:
            (self._path / to.strip()).write_text(done.stdout)
        else:
            self.printed += done.stdout


def smaller(arguments: list[str]) -> list[str]:
    """The same command, done in seconds: a search of 4 short trials or 10 s, on 300 digits, in this process."""
    if arguments[0] == "search":
        arguments = [*arguments, "--workers", "0"]
        for option, small in ("--trials", "4"), ("--time-budget", "10s"):
            if option in arguments:
                arguments[arguments.index(option) + 1] = small
        if "--dataset" not in arguments:
            arguments += ["--dataset", "digits"]
        if not any(word.startswith("epochs=") for word in arguments):
            arguments += ["--set", "epochs=1:2"]
        return [*arguments, "--train-samples", "300"]
    if arguments[0] == "baseline" or {"--evaluate", "--confirm"} & {*arguments}:
        return [*arguments, "--workers", "0"]
    return arguments


def form(line: str) -> str:
    """What stays of a printed line with other data, numbers and trials."""
    line = re.sub(r"\b(mnist|digits)-\w+-\w+-seed\d+", "RUN", line)
    line = re.sub(r"\b(mnist|digits)\b", "DATA", line)
    line = re.sub(r" \| about .* left$", "", line)
    line = re.sub(r"on \d+ workers?|in this process", "SOMEWHERE", line)
    line = re.sub(r"[+-]?\d[\d,.]*\b%?(/\d+)?", "#", line)
    line = re.sub(r"\b(epoch|finished trial|seed)s\b", r"\1", line)
    line = re.sub(r"(# h )?(# min )?# s\b", "TIME", line)
    line = line.replace("is not significant", "is significant").replace(": the interval includes #.", ".")
    line = re.sub(r"─+", "─", line)
    return re.sub(r"#( #)+", "#", " ".join(line.split()))


def _draw_pictures() -> None:
    """Two digits as somebody may have them: the files `five.jpg` and `three.png`."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    for digit, name in (5, "five.jpg"), (3, "three.png"):
        image = digits.images[np.flatnonzero(digits.target == digit)[0]]
        Image.fromarray((image * 255 / 16).astype("uint8")).resize((80, 80)).save(name)


# What a script that a page speaks of has already: a hypermodel, and data.
READERS_OWN = """
import keras
import numpy as np

x = np.random.default_rng(0).random((400, 8), dtype="float32")
y = (x.sum(axis=1) > 4).astype("int32")
x, y, x_val, y_val = x[:300], y[:300], x[300:], y[300:]


def build_model(hp):
    units = hp.Int("units", 8, 64, step=8, default=32)
    model = keras.Sequential(
        [
            keras.Input((8,)),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
"""
