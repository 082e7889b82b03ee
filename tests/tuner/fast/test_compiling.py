"""The operations are compiled once a machine; where they cannot be, trials run without them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from keras_search.tuner.fast import operations
from tests.helpers import ROOT, Cli
from tests.tuner.fast.trained_alike import convolutional_model, needs_compiler, trained_alike

_THREADS = """
import sys
from keras_search.tuner import runtime
runtime.load_keras()
import numpy as np, tensorflow as tf
from keras_search.tuner.fast import operations
operations, rng = operations.load(), np.random.default_rng(0)
random = lambda *shape: tf.constant(rng.normal(size=shape), tf.float32)
images, filters = random(67, 20, 20, 1), random(3, 3, 1, 20)
pooled, chosen = operations.pooled_convolution(images, filters, random(20), same=False)
gradients = operations.pooled_convolution_grad(images, filters, chosen, random(*pooled.shape), same=False)
variables = [tf.Variable(abs(random(500, 90))) for _ in range(3)]
left, right = random(32, 500), random(32, 90)
operations.adam_by_factors([one.handle for one in variables], [0.1, 0.9, 0.99, 1e-7, 0.01], left, right)
lstm = operations.lstm(random(67, 5, 80), random(20, 80))
gru = operations.gru(random(67, 5, 60), random(20, 60), random(60))
for array in (pooled, *gradients, *variables, *lstm, *gru):
    sys.stdout.buffer.write(array.numpy().tobytes())
"""


@pytest.mark.slow
@needs_compiler
def test_the_numbers_do_not_depend_on_the_threads() -> None:
    operations.prepare(print)
    found = [
        subprocess.run(
            [sys.executable, "-c", _THREADS],
            cwd=ROOT,
            env={**os.environ, "TF_NUM_INTRAOP_THREADS": threads},
            capture_output=True,
            check=True,
        ).stdout
        for threads in ("1", "3")
    ]
    assert len(found[0]) > 4 * 3 * 500 * 90
    assert found[0] == found[1]


def search(cli: Cli, folder: Path, **environment: str) -> str:
    command = ["search", "--trials", "1", "--workers", "1", "--dataset", "digits", "--train-samples", "200"]
    done = cli(*command, "--overwrite", XDG_CACHE_HOME=str(folder / "cache"), **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


SAID = "compiling operations for this machine's processor, once"


def prepare(cache: Path) -> str:
    command = "from keras_search.tuner import runtime; runtime.load_keras(); "
    command += "from keras_search.tuner.fast import operations;"
    done = subprocess.run(
        [sys.executable, "-c", f"{command} operations.prepare(print); print(operations.load() is not None)"],
        cwd=ROOT,
        env={**os.environ, "XDG_CACHE_HOME": str(cache)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@needs_compiler
@pytest.mark.slow
def test_a_machine_compiles_once(cli: Cli, tmp_path: Path) -> None:
    assert SAID in search(cli, tmp_path)
    (compiled,) = (tmp_path / "cache" / "keras-search-toolkit").iterdir()
    written = compiled.stat().st_mtime_ns
    assert prepare(tmp_path / "cache") == "True\n"
    assert compiled.stat().st_mtime_ns == written


@needs_compiler
@pytest.mark.faults
def test_a_damaged_file_is_compiled_again(tmp_path: Path) -> None:
    assert prepare(tmp_path).startswith(SAID)
    (compiled,) = (tmp_path / "keras-search-toolkit").iterdir()
    size = compiled.stat().st_size
    compiled.write_bytes(b"")
    printed = prepare(tmp_path)
    assert printed.startswith(SAID)
    assert printed.endswith("True\n")
    assert compiled.stat().st_size == size


@pytest.mark.slow
@pytest.mark.parametrize(
    ("compiler", "why"),
    [
        ("no-such-compiler", "there is no C++ compiler no-such-compiler"),
        ("false", "the C++ compiler false failed (exit status 1)"),
        ("/tmp -O2", "the C++ compiler /tmp cannot be run (Permission denied)"),
        ("it's", 'CXX is "it\'s", which is no command (No closing quotation)'),
    ],
)
def test_without_a_compiler_there_are_no_operations(
    compiler: str, why: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("CXX", compiler)
    operations._path.cache_clear()
    try:
        operations.prepare(print)
        assert capsys.readouterr().out.startswith(f"{why}: trials run without compiled operations")
        assert operations.load() is None
        types = trained_alike(convolutional_model())
        assert not {"PooledConvolution", "AdamByFactors"} & set(types)
    finally:
        operations._path.cache_clear()
        operations.load.cache_clear()


@pytest.mark.faults
def test_a_search_without_a_compiler_says_so_and_runs(cli: Cli, tmp_path: Path) -> None:
    printed = search(cli, tmp_path, CXX="no-such-compiler")
    assert "there is no C++ compiler no-such-compiler: trials run without compiled operations" in printed
    assert "[1/1] trial 0" in printed
