"""Worker processes: the same scores for any number, little memory and disk, a crash that costs one trial."""

import csv
import gc
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import keras
import keras_tuner
import numpy as np
import psutil
import pytest
import tensorflow as tf

from keras_search.tuner import Tuner
from keras_search.tuner.data import shared
from keras_search.tuner.executors import choice, workers
from keras_search.tuner.executors.base import run_all
from keras_search.tuner.executors.in_process import InProcessExecutor
from keras_search.tuner.executors.pool import WorkerPool
from tests.helpers import ROOT

RNG = np.random.default_rng(0)
X, Y = RNG.random((200, 6, 6, 1), dtype="float32"), RNG.integers(0, 3, 200)
VALIDATION = (X[:50], Y[:50])


class Small(keras_tuner.HyperModel):
    """A small network with dropout; notes the memory of the process that trains it."""

    def __init__(self, notes: Path | None = None, kills_at: int | None = None) -> None:
        super().__init__()
        self.notes = notes
        self.kills_at = kills_at

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        units = hp.Int("units", 8, 1000, default=8)
        model = keras.Sequential(
            [
                keras.Input((6, 6, 1)),
                keras.layers.Flatten(),
                keras.layers.Dense(units, "relu"),
                keras.layers.Dropout(0.3),
                keras.layers.Dense(3, "softmax"),
            ]
        )
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: object, **kwargs: object) -> object:
        if hp["units"] == self.kills_at:
            os.kill(os.getpid(), 9)
        history = model.fit(*args, verbose=0, **kwargs)
        if self.notes is not None:
            with self.notes.open("a") as file:
                file.write(f"{os.getpid()} {psutil.Process().memory_info().rss}\n")
        return history


def search(folder: Path, hypermodel: object | None = None, verbose: int = 0, **arguments: object) -> Tuner:
    settings = {"max_trials": 4, "workers": 2, **arguments}
    tuner = Tuner(hypermodel or Small(), directory=folder, project_name="run", **settings)
    tuner.search(X, Y, epochs=2, validation_data=VALIDATION, verbose=verbose)
    return tuner


def table(folder: Path, name: str = "summary.csv") -> list[dict[str, str]]:
    with (folder / "run" / name).open(newline="") as file:
        return list(csv.DictReader(file))


def untimed(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    timed = ("duration_s", "started_at", "ended_at", "seconds")
    return [{name: value for name, value in row.items() if name not in timed} for row in rows]


@pytest.mark.slow
def test_scores_are_the_same_for_one_and_for_two_workers(tmp_path: Path) -> None:
    others = [data_of(tmp_path / "two" / "run", pid) for pid in (ended_process(), os.getppid())]
    two = search(tmp_path / "two")
    search(tmp_path / "one", workers=1)
    for name in ("summary.csv", "epochs.csv"):
        assert untimed(table(tmp_path / "one", name)) == untimed(table(tmp_path / "two", name))
    # The best three trials' weights are kept, without the optimizer's state, and give the trials' scores again.
    ranked = sorted(table(tmp_path / "two"), key=lambda row: -float(row["score"]))
    kept = {path.parent.name.removeprefix("trial_") for path in (tmp_path / "two").rglob("*.weights.h5")}
    assert kept == {row["trial_id"] for row in ranked[:3]}
    for model, row in zip(two.get_best_models(2), ranked[:2], strict=True):
        assert model.fit.__func__ is keras.Model.fit
        loss, accuracy = model.evaluate(*VALIDATION, verbose=0)
        assert accuracy == pytest.approx(float(row["val_accuracy"]))
        assert loss == pytest.approx(float(row["val_loss"]), rel=1e-4)
        weights = tmp_path / "two" / "run" / f"trial_{row['trial_id']}" / "checkpoint.weights.h5"
        assert weights.stat().st_size < 4 * model.count_params() + 50_000
    again = two.load_model(two.oracle.get_trial(ranked[3]["trial_id"]))  # trained once more, in this process
    assert again.evaluate(*VALIDATION, verbose=0)[1] == pytest.approx(float(ranked[3]["val_accuracy"]))
    # Of the arrays nothing is left but those of another process on the same run.
    assert list((tmp_path / "two" / "run").glob(".data*")) == others[1:]
    assert np.load(others[1] / "1.npy") == os.getppid()


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def data_of(run: Path, pid: int) -> Path:
    """A folder of arrays as the process `pid` writes it while it searches or evaluates the run."""
    folder = run / f".data-{platform.node()}-{pid}"
    folder.mkdir(parents=True)
    np.save(folder / "1.npy", pid)
    return folder


class TwoAtOnce(InProcessExecutor):
    """Has room for two calls, and begins them in the order in which they come."""

    slots = 2


@pytest.mark.slow
def test_trials_with_many_epochs_begin_first(tmp_path: Path) -> None:
    class Long(Small):
        def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
            hp.Int("epochs", 1, 40, default=1)
            return super().build(hp)

        def fit(self, hp: keras_tuner.HyperParameters, *args: object, **kwargs: object) -> object:
            with self.notes.open("a") as file:
                file.write(f"{hp['epochs']}\n")
            return keras_tuner.HyperModel.fit(self, hp, *args, **kwargs | {"epochs": 1})

    search(tmp_path, Long(tmp_path / "notes"), max_trials=6, executor=TwoAtOnce())
    begun = list(map(int, (tmp_path / "notes").read_text().split()))
    baseline, *others = [int(row["hp_epochs"]) for row in table(tmp_path)]
    assert begun == [baseline, *sorted(others, reverse=True)]  # the baseline is not kept waiting
    assert others != sorted(others, reverse=True)


class AsksInFit(Small):
    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: object, **kwargs: object) -> object:
        model.optimizer.learning_rate = hp.Float("rate", 0.001, 0.1, sampling="log")
        return model.fit(*args, **kwargs)


class Declares(AsksInFit):
    """Something, but not all."""

    def declare_hyperparameters(self, hp: keras_tuner.HyperParameters) -> None:
        hp.Int("units", 8, 1000, default=8)


@pytest.mark.slow
def test_what_only_fit_asks_for_is_drawn_for_any_number_of_workers(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    alone = "the first trial runs alone: its fit may ask for hyperparameters that are not known before; "
    search(tmp_path / "one", AsksInFit(), workers=0, max_trials=2, verbose=1)
    assert alone not in capsys.readouterr().out
    search(tmp_path / "two", AsksInFit(), executor=TwoAtOnce(), max_trials=2, verbose=1)
    begins = f"search of 2 trials in this process, kept in {tmp_path / 'two' / 'run'}\n"
    first, _, second, *_ = capsys.readouterr().out.splitlines(keepends=True)
    assert (first, second[: len(alone)]) == (begins, alone)
    assert untimed(table(tmp_path / "one")) == untimed(table(tmp_path / "two"))
    assert len({row["hp_rate"] for row in table(tmp_path / "two")}) == 2

    search(tmp_path, Declares(), executor=TwoAtOnce(), max_trials=2, verbose=1)
    _, _, printed = capsys.readouterr().out.split("\n", 2)
    assert printed.startswith(
        "a trial asked for rate, which declare_hyperparameters does not declare: the default is used in 1 trial drawn "
        "before the first one ended\n[1/2] trial "
    )
    search(tmp_path / "reads", Small(), executor=TwoAtOnce(), max_trials=1, verbose=1)
    assert capsys.readouterr().out.splitlines()[2].startswith("[1/1] trial 0")


@pytest.mark.faults
def test_a_worker_that_dies_costs_its_trial_alone(tmp_path: Path) -> None:
    points = [row["hp_units"] for row in table_of_points(tmp_path)]
    search(tmp_path / "killed", Small(kills_at=int(points[1])), max_trials=3)
    rows = table(tmp_path / "killed")
    assert [row["status"] for row in rows] == ["COMPLETED", "FAILED", "COMPLETED"]
    assert "ended with SIGKILL(-9)" in rows[1]["error"]


@pytest.mark.faults
def test_a_worker_may_die_while_it_has_nothing_to_do() -> None:
    with choice.make(1) as pool:
        worker = pool.submit(os.getpid).result()
        os.kill(worker, 9)
        psutil.wait_procs([psutil.Process(worker)] if psutil.pid_exists(worker) else [], timeout=10)
        time.sleep(1)  # until it is known
        assert pool.submit(os.getpid).result() != worker


def table_of_points(tmp_path: Path) -> list[dict[str, str]]:
    """The points of the first three trials, without training them."""
    oracle = Tuner(Small(), max_trials=3, directory=tmp_path, project_name="points").oracle
    return [{"hp_units": str(oracle.create_trial(str(n)).hyperparameters["units"])} for n in range(3)]


def sizes(notes: Path) -> dict[int, list[int]]:
    """The resident bytes of each worker after each of its trials."""
    seen: dict[int, list[int]] = {}
    for line in notes.read_text().splitlines():
        pid, size = map(int, line.split())
        seen.setdefault(pid, []).append(size)
    return seen


@pytest.mark.faults
def test_200_trials_grow_no_process_by_100_mb(tmp_path: Path) -> None:
    parent = psutil.Process().memory_info().rss
    search(tmp_path, Small(notes=tmp_path / "notes"), max_trials=200)
    assert psutil.Process().memory_info().rss - parent < 100e6
    workers = sizes(tmp_path / "notes")
    assert sum(map(len, workers.values())) == 200
    for seen in workers.values():
        assert max(seen) - seen[0] < 100e6


@pytest.mark.slow
def test_a_dataset_of_tensorflow_goes_to_workers_and_shuffles_there(tmp_path: Path) -> None:
    data = tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(200).batch(16)
    loaded = shared.load(shared.Store(tmp_path).all(data))
    first, second = ([label for _, labels in loaded for label in labels.numpy()] for _ in range(2))
    assert sorted(first) == sorted(second) == sorted(Y)
    assert first != second
    tuner = Tuner(Small(), max_trials=2, workers=1, directory=tmp_path, project_name="run")
    tuner.search(data, epochs=1, validation_data=data, verbose=0)
    assert [row["status"] for row in table(tmp_path)] == ["COMPLETED", "COMPLETED"]


@pytest.mark.slow
def test_a_hypermodel_of_the_main_script_travels(tmp_path: Path) -> None:
    """A notebook's hypermodels are defined in `__main__` too."""
    script = tmp_path / "script.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from keras_search import Tuner\n"
        "import keras, numpy as np\n"
        "def build(hp):\n"
        "    if hp.Int('units', 2, 9) == 4:\n"
        "        raise ValueError('not four')\n"
        "    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(hp['units'], 'softmax')])\n"
        "    model.compile('adam', 'sparse_categorical_crossentropy', metrics=['accuracy'])\n"
        "    return model\n"
        "x, y = np.random.rand(32, 2), np.arange(32) % 2\n"
        "tuner = Tuner(build, oracle='grid', max_trials=3, workers=1, project_name='run')\n"
        "tuner.search(x, y, validation_data=(x, y))\n"
        "tuner.results_summary(1)\n"
    )
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"[3/3] trial 2 | FAILED: ValueError: not four ({script}, line 6)" in done.stdout
    assert "Results summary" in done.stdout
    assert [row["status"] for row in table(tmp_path / "runs")] == ["COMPLETED", "COMPLETED", "FAILED"]


def test_auto_takes_fewer_workers_where_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "cpu_count", lambda: 8)
    for available, count in ((workers.WORKER_BYTES * 3.5, 3), (0, 1), (workers.WORKER_BYTES * 100, 8)):
        monkeypatch.setattr(psutil, "virtual_memory", lambda size=available: type("Memory", (), {"available": size}))
        assert workers.workers_that_fit() == count
    assert [workers.workers_that_fit(threads) for threads in (2, 3, 9)] == [4, 2, 1]


@pytest.mark.slow
def test_a_worker_collects_no_garbage_in_what_it_has_imported() -> None:
    """That took longer than all else in a trial of a tiny model."""
    with choice.make(1) as pool:
        assert pool.submit(gc.get_freeze_count).result() > 100_000


@pytest.mark.slow
def test_gpus_are_dealt_out_one_to_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    assert workers.gpus() == ["3", "5"]
    with WorkerPool(2, ["3", "5"]) as pool:
        seen = run_all(pool, os.getenv, ["CUDA_VISIBLE_DEVICES"] * 2)
        assert sorted(seen) == ["3", "5"]
